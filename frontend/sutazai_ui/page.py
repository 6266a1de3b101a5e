"""The dashboard's frame: who is logged in gets its pages, everyone else the way to the login."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

import httpx2
import streamlit as st

from sutazai_ui.client import Api, SignedOut, Trouble, open_http
from sutazai_ui.seat import Seat
from sutazai_ui.session import COOKIE, Session, api_of, current, forget, give_up_token
from sutazai_ui.settings import Settings, read_settings
from sutazai_ui.views import (
    agents,
    ask,
    graph,
    health,
    knowledge,
    look,
    models,
    runs,
    verbatim,
    words,
)
from sutazai_ui.views import (
    settings as own_settings,
)
from sutazai_ui.views.amounts import counted

# An icon of Streamlit's own would be loaded from a server of Google's.
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='4' fill='%230b6e5f'/%3E"
    "%3Cpath d='M4 5h8M4 8h8M4 11h5' stroke='white' stroke-width='1.6'/%3E%3C/svg%3E"
)
Show = Callable[[Seat], None]
# The pages: the name in the address, the title, the icon, and what shows it.
PAGES: tuple[tuple[str, str, str, Show], ...] = (
    ("ask", "Ask", ":material/forum:", ask.show),
    ("runs", "Runs", ":material/account_tree:", runs.show),
    ("knowledge", "Knowledge", ":material/library_books:", knowledge.show),
    ("graph", "Graph", ":material/hub:", graph.show),
    ("agents", "Agents", ":material/smart_toy:", agents.show),
    ("models", "Models", ":material/memory:", models.show),
    ("health", "Health", ":material/monitor_heart:", health.show),
    ("settings", "Settings", ":material/settings:", own_settings.show),
)
# How often a tab asks whether its session still holds; in seconds.
LOOK_S = 8.0
_ADDRESS = "address"


@st.cache_resource(show_spinner=False)
def connections(url: str, answer_s: float) -> httpx2.Client:
    """Give the connections to core, which all tabs share; they carry nobody's token."""
    return open_http(url, answer_s)


def show(arguments: Sequence[str]) -> None:
    """Show the page that the address names, as the arguments of the script say."""
    settings = read_settings(arguments)
    st.set_page_config(page_title="SutazAI", page_icon=ICON, layout="centered")
    look.style()
    http = connections(settings.api_url, settings.answer_s)
    cookie = st.context.cookies.get(COOKIE)
    try:
        session = current(http, cookie)
        _show_to(session, http, settings)
    except SignedOut:
        if cookie and give_up_token():
            st.rerun()
        _hidden()
        words.signed_out(settings.login_url)
    except Trouble as trouble:
        _hidden()
        _tell(trouble)


def _show_to(session: Session, http: httpx2.Client, settings: Settings) -> None:
    shown: dict[str, Show] = {name: view for name, _, _, view in PAGES}
    pages: dict[str, st.Page] = {}
    side = st.sidebar.container()
    seat = Seat(api_of(http, session), session.user, settings, session.cookie, side, pages)
    pages.update(_pages({name: partial(view, seat) for name, view in shown.items()}))
    if session.user.must_change_password:
        _hidden()
        st.title("SutazAI", anchor=False)
        st.info("This password was given to you. Choose one of your own to go on.")
        own_settings.change_password(seat)
        return
    page = st.navigation(list(pages.values()))
    _side(seat)
    _write_address(page.url_path)
    try:
        page.run()
    except SignedOut:
        raise
    except Trouble as trouble:
        _tell(trouble)


def _write_address(page: str) -> None:
    """Have the browser's address name what is shown.

    Streamlit leaves the address as it was where a link leads to the page that is shown already.
    """
    params = st.query_params.to_dict()
    before = st.session_state.get(_ADDRESS)
    st.session_state[_ADDRESS] = (page, params)
    if before is not None and before[0] == page and before[1] != params:
        st.query_params.from_dict(params)


def _tell(trouble: Trouble) -> None:
    words.trouble(trouble)
    st.button("Try again", icon=":material/refresh:", key="again")


def _pages(views: Mapping[str, Callable[[], None]]) -> dict[str, st.Page]:
    return {
        name: st.Page(views[name], title=title, icon=icon, url_path=name, default=name == "ask")
        for name, title, icon, _ in PAGES
    }


def _hidden() -> None:
    """Know the pages without listing them: an address that names one is no wrong address."""
    nothing = {name: lambda: None for name, _, _, _ in PAGES}
    st.navigation(list(_pages(nothing).values()), position="hidden")


def _side(seat: Seat) -> None:
    with st.sidebar:
        verbatim.small(f"{seat.user.email} · {seat.user.tenant_name}")
        words.renewing("at-work", lambda: _at_work(seat.api), LOOK_S)
        if st.button("Log out", icon=":material/logout:", key="log-out"):
            _log_out(seat.api)


def _at_work(api: Api) -> None:
    """Say how many runs are at work; asking notices, too, that the session ended elsewhere."""
    running = len(api.runs(50, status="running").items)
    verbatim.small(f"{counted(running, 'run')} at work" if running else "nothing is at work")


def _log_out(api: Api) -> None:
    # It may have ended already.
    with suppress(SignedOut):
        api.end_session()
    forget()
    st.rerun()
