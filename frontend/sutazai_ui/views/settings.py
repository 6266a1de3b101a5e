"""The page Settings: oneself, and what one looks after; each role sees what it may use."""

import streamlit as st

from sutazai_ui.client import SignedOut, Trouble
from sutazai_ui.seat import Seat
from sutazai_ui.session import forget, take
from sutazai_ui.views import audit, keys, marks, tenants, users, words


def show(seat: Seat) -> None:
    """Show the page."""
    st.title("Settings", anchor=False)
    names = ["Profile", "API keys", "Tenants"]
    if seat.is_admin:
        names += ["Users", "Audit log"]
    names.append("Limits")
    parts = {
        "Profile": _profile,
        "API keys": keys.show,
        "Tenants": tenants.show,
        "Users": users.show,
        "Audit log": audit.show,
        "Limits": _limits,
    }
    chosen = st.pills(
        "Part",
        names,
        default=names[0],
        key="settings-part",
        label_visibility="collapsed",
        required=True,
    )
    with words.telling():
        parts[chosen or names[0]](seat)


def change_password(seat: Seat) -> None:
    """Ask for another password."""
    st.header("Change the password", anchor=False)
    with st.form("password", clear_on_submit=True):
        old = st.text_input("Password now", type="password", autocomplete="current-password")
        new = st.text_input(
            "New password",
            type="password",
            autocomplete="new-password",
            help="12 characters at least. Longer is better than stranger.",
        )
        again = st.text_input("New password again", type="password", autocomplete="new-password")
        if not st.form_submit_button("Change it", type="primary"):
            return
    if new != again:
        st.error("The two new passwords differ.", icon=":material/error:")
        return
    try:
        access = seat.api.change_password(old, new)
    except SignedOut:
        raise
    except Trouble as told:
        words.trouble(told)
        return
    take(seat.cookie, access)
    st.session_state["password-changed"] = True
    st.rerun()


def _profile(seat: Seat) -> None:
    user = seat.user
    told = [("E-mail", user.email), ("Role", user.role), ("Tenant", user.tenant_name)]
    st.html(marks.facts(told))
    if st.session_state.pop("password-changed", False):
        st.success("The password is changed. Other logins have ended.", icon=":material/check:")
    change_password(seat)
    st.header("Log out everywhere", anchor=False)
    st.markdown("Ends every login of yours, on this machine and on others, this one too.")
    if st.button("Log out everywhere", icon=":material/logout:", key="log-out-everywhere"):
        seat.api.log_out_everywhere()
        forget()
        st.rerun()


def _limits(seat: Seat) -> None:
    st.html(
        marks.facts(
            [
                ("Largest file", f"{seat.settings.upload_limit_mb} MB"),
                ("Longest question", "10 000 characters"),
                ("Longest search", "2 000 characters"),
            ]
        )
    )
    st.markdown(
        "Requests are counted for each caller; whoever asks too often is told when to ask again, "
        "and these pages then wait by themselves. The limits are set where the platform is "
        "started: `SUTAZAI_API_UPLOAD_LIMIT_MB` and those beside it in docs/reference/settings.md."
    )
