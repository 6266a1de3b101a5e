"""Who looks at the dashboard: the session of the browser's cookie, exchanged for a token.

Nothing of it is kept but in the state of this browser tab, on the server.
"""

import time
from dataclasses import dataclass

import httpx2
import streamlit as st

from sutazai_ui.client import Access, Api, SignedOut, User, exchange

COOKIE = "sutazai_session"
_KEY = "session"
# A token is renewed while it still holds.
EARLY_S = 60.0


@dataclass(frozen=True)
class Session:
    """Someone who is logged in: the cookie's value, the token it gave, and until when it holds."""

    cookie: str
    access: Access
    until: float
    fresh: bool = True

    @property
    def user(self) -> User:
        """Tell who it is."""
        return self.access.user


def current(http: httpx2.Client, cookie: str | None, now: float | None = None) -> Session:
    """Give the session of this tab; the cookie's value is exchanged where that is due.

    Raises:
        SignedOut: nobody is logged in.
        Trouble: core does not answer.
    """
    now = time.monotonic() if now is None else now
    if not cookie:
        forget()
        raise SignedOut("Nobody is logged in.")
    kept = st.session_state.get(_KEY)
    if isinstance(kept, Session) and kept.cookie == cookie and now < kept.until - EARLY_S:
        st.session_state[_KEY] = Session(cookie, kept.access, kept.until, fresh=False)
        return kept
    try:
        access = exchange(http, cookie)
    except SignedOut:
        forget()
        raise
    session = Session(cookie, access, now + access.expires_in)
    st.session_state[_KEY] = session
    return session


def give_up_token() -> bool:
    """Drop the token, which the API does not take any more; false where it is brand-new.

    True asks for another try: a token may end before its session. A new one that is not taken
    either would be exchanged for ever.
    """
    kept = st.session_state.pop(_KEY, None)
    return isinstance(kept, Session) and not kept.fresh


def api_of(http: httpx2.Client, session: Session) -> Api:
    """Give the API as the person of a session."""
    return Api(http, session.access.access_token)


def forget() -> None:
    """Drop what this tab knows of a session, and all that was shown in it."""
    for key in list(st.session_state):
        del st.session_state[key]
