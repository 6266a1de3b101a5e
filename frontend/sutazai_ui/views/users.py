"""The users of the tenant: taken in, given roles, kept out; for its admins."""

from collections.abc import Callable

import streamlit as st

from sutazai_ui.client import Invited, Member, SignedOut, Trouble
from sutazai_ui.seat import Seat
from sutazai_ui.views import marks, popups, words
from sutazai_ui.views.verbatim import in_label

ROLES = ("viewer", "member", "admin")
_MAY = {
    "viewer": "reads, changes nothing",
    "member": "asks, adds documents",
    "admin": "users and keys, too",
}
_TOLD = "users-told"


def show(seat: Seat) -> None:
    """Show the users."""
    with (
        popups.popup("user", "New user", ":material/person_add:"),
        st.form("new-user", clear_on_submit=True, border=False),
    ):
        email = st.text_input("E-mail", max_chars=254)
        role = st.selectbox("Role", ROLES, index=1, format_func=_said)
        if st.form_submit_button("Take them in", type="primary"):
            _invite(seat, email.strip(), role)
    _tell()
    for user in seat.api.users():
        _row(seat, user)


def _invite(seat: Seat, email: str, role: str) -> None:
    try:
        invited = seat.api.invite(email, role)
    except SignedOut:
        raise
    except Trouble as told:
        st.session_state[_TOLD] = told
    else:
        st.session_state[_TOLD] = invited
        popups.close("user")
    st.rerun()


def _tell() -> None:
    """Say what became of the last change, once."""
    told = st.session_state.pop(_TOLD, None)
    if isinstance(told, Trouble):
        words.trouble(told)
    elif isinstance(told, Invited) and told.password:
        st.success(
            f"Give this password to {in_label(told.user.email)}: it is not shown again, and they "
            "choose their own at their first login.",
            icon=":material/key:",
        )
        st.code(told.password, language=None, wrap_lines=True)
    elif isinstance(told, Invited):
        st.success(f"{in_label(told.user.email)} is in. They log in as they did before.")


def _row(seat: Seat, user: Member) -> None:
    last = f"last login on {user.last_login_on}" if user.last_login_on else "has not logged in yet"
    kept_out = "kept out · " if user.disabled else ""
    own = user.email == seat.user.email
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.html(
            f'<div class="sz-name">{marks.plain(user.email)}{" (you)" if own else ""}</div>'
            f"{marks.remark(f'{user.role} · {kept_out}{last}')}"
        )
        if own:
            return
        with st.popover("Change", icon=":material/edit:", key=f"changing-{user.id}"):
            _change(seat, user)


def _change(seat: Seat, user: Member) -> None:
    role = st.selectbox(
        "Role", ROLES, index=ROLES.index(user.role), format_func=_said, key=f"role-{user.id}"
    )
    if st.button(
        "Give this role", icon=":material/check:", key=f"give-{user.id}", disabled=role == user.role
    ):
        _do(lambda: seat.api.change_user(user.id, role=role))
    if st.button("New password", icon=":material/key:", key=f"reset-{user.id}"):
        _do(lambda: seat.api.reset_password(user.id))
    said = "Let in again" if user.disabled else "Keep out"
    if st.button(said, icon=":material/block:", key=f"disable-{user.id}"):
        _do(lambda: seat.api.change_user(user.id, disabled=not user.disabled))
    if st.button("Remove for good", icon=":material/delete:", key=f"remove-{user.id}"):
        _do(lambda: seat.api.remove_user(user.id))


def _do(change: Callable[[], object]) -> None:
    try:
        st.session_state[_TOLD] = change()
    except SignedOut:
        raise
    except Trouble as told:
        st.session_state[_TOLD] = told
    st.rerun()


def _said(role: str) -> str:
    return f"{role}: {_MAY[role]}"
