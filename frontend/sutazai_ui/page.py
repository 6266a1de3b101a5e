"""The dashboard's page: whoever is logged in gets its views, everyone else the way to the login."""

from collections.abc import Sequence

import httpx2
import streamlit as st

from sutazai_ui.client import Api, SignedOut, Trouble, open_http
from sutazai_ui.session import COOKIE, Session, api_of, current, forget, give_up_token
from sutazai_ui.settings import Settings, read_settings
from sutazai_ui.views import ask, verbatim, words

# An icon of Streamlit's own would be loaded from a server of Google's.
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='4' fill='%230b6e5f'/%3E"
    "%3Cpath d='M4 5h8M4 8h8M4 11h5' stroke='white' stroke-width='1.6'/%3E%3C/svg%3E"
)


@st.cache_resource(show_spinner=False)
def connections(url: str, answer_s: float) -> httpx2.Client:
    """Give the connections to core, which all tabs share; they carry nobody's token."""
    return open_http(url, answer_s)


def show(arguments: Sequence[str]) -> None:
    """Show the page, as the arguments of the script say."""
    settings = read_settings(arguments)
    st.set_page_config(page_title="SutazAI", page_icon=ICON, layout="centered")
    verbatim.style()
    http = connections(settings.api_url, settings.answer_s)
    cookie = st.context.cookies.get(COOKIE)
    try:
        _show_to(current(http, cookie), http, settings)
    except SignedOut:
        if cookie and give_up_token():
            st.rerun()
        words.signed_out(settings.login_url)
    except Trouble as trouble:
        words.trouble(trouble)
        st.button("Try again", icon=":material/refresh:", key="again")


def _show_to(session: Session, http: httpx2.Client, settings: Settings) -> None:
    api = api_of(http, session)
    with st.sidebar:
        st.markdown("### SutazAI")
        verbatim.small(f"{session.user.email} · {session.user.tenant_name}")
        if st.button("Log out", icon=":material/logout:", key="log-out"):
            _log_out(api)
    ask.show(api, settings.upload_limit_mb)


def _log_out(api: Api) -> None:
    """End the session everywhere; the browser's cookie is of no use any more."""
    api.end_session()
    forget()
    st.rerun()
