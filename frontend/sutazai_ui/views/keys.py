"""API keys of one's own: made, shown once, revoked."""

import streamlit as st

from sutazai_ui.client import Key, SignedOut, Trouble
from sutazai_ui.seat import Seat
from sutazai_ui.views import marks, popups, words
from sutazai_ui.views.amounts import moment
from sutazai_ui.views.verbatim import in_label

SCOPES = {"viewer": ["read"], "member": ["read", "write"], "admin": ["read", "write", "admin"]}
_MADE = "key-made"
_HOLDS = {"30 days": 30, "90 days": 90, "a year": 365, "until it is revoked": None}


def show(seat: Seat) -> None:
    """Show the keys."""
    st.markdown("A program uses one as `Authorization: Bearer sk_…`. It acts as you, within scope.")
    with popups.popup("key", "New key", ":material/add:"), st.form("new-key", border=False):
        name = st.text_input("What it is for", max_chars=100)
        allowed = SCOPES.get(seat.user.role, ["read"])
        scopes = st.multiselect("What it may do", allowed, default=["read"])
        holds = st.selectbox("It holds", list(_HOLDS))
        if st.form_submit_button("Make it", type="primary"):
            _make(seat, name.strip(), scopes, _HOLDS[holds])
    secret = st.session_state.pop(_MADE, None)
    if secret is not None:
        st.success("Copy it now: it is not shown again.", icon=":material/key:")
        st.code(secret, language=None, wrap_lines=True)
    keys = seat.api.keys()
    if not keys:
        words.nothing("You have no API key. Programs need one; these pages do not.")
    for key in keys:
        _row(seat, key)


def _make(seat: Seat, name: str, scopes: list[str], days: int | None) -> None:
    try:
        made = seat.api.make_key(name, scopes, days)
    except SignedOut:
        raise
    except Trouble as told:
        words.trouble(told)
        return
    st.session_state[_MADE] = made.secret
    popups.close("key")
    st.rerun()


def _row(seat: Seat, key: Key) -> None:
    used = f"last used on {key.last_used_on}" if key.last_used_on else "not used yet"
    until = moment(key.expires_at) if key.expires_at else "it is revoked"
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.html(
            f'<div class="sz-name">{marks.plain(key.name)}</div>'
            f"{marks.remark(f'{key.prefix}… · holds until {until} · {used}')}"
            f"{marks.tags(key.scopes)}"
        )
        with st.popover("Revoke", icon=":material/block:", key=f"revoking-{key.id}"):
            st.markdown(f"**{in_label(key.name)}** stops working at once.")
            if st.button("Revoke it", key=f"revoke-{key.id}", type="primary"):
                with words.telling():
                    seat.api.revoke_key(key.id)
                    st.rerun()
