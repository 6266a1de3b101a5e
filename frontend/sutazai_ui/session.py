"""Who looks at the dashboard: the session of the browser's cookie, exchanged for a token.

Nothing of it is kept but in the state of this browser tab, on the server.
"""

import time
from dataclasses import dataclass

import httpx2
import streamlit as st

from sutazai_ui.client import Access, Api, SignedOut, User, exchange

COOKIE = "sutazai_session"
_KEY, _WHOSE, _ANEW = "session", "whose", "anew"
# A token is renewed while it still holds.
EARLY_S = 60.0
# A page that begins anew within so many seconds would do so for ever.
ANEW_S = 5.0


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
    return take(cookie, access, now)


def take(cookie: str, access: Access, now: float | None = None) -> Session:
    """Keep an access token for this tab; what another person or tenant was shown is dropped."""
    now = time.monotonic() if now is None else now
    whose = (access.user.email, access.user.tenant)
    if st.session_state.get(_WHOSE, whose) != whose:
        forget()
    session = Session(cookie, access, now + access.expires_in)
    st.session_state[_KEY], st.session_state[_WHOSE] = session, whose
    return session


def give_up_token() -> bool:
    """Drop the token, which the API does not take any more; false where it is brand-new.

    True asks for another try: a token may end before its session. A new one that is not taken
    either would be exchanged for ever.
    """
    kept = st.session_state.pop(_KEY, None)
    # Whose it was stays known: the next token may be another's.
    return isinstance(kept, Session) and not kept.fresh


def begin_anew(now: float | None = None) -> bool:
    """Drop the token, which the API does not take any more; false where that was done just now.

    True asks for the whole page again, which looks whether there still is a session.
    """
    now = time.monotonic() if now is None else now
    st.session_state.pop(_KEY, None)
    before = st.session_state.get(_ANEW)
    st.session_state[_ANEW] = now
    return not isinstance(before, float) or now - before > ANEW_S


def api_of(http: httpx2.Client, session: Session) -> Api:
    """Give the API as the person of a session."""
    return Api(http, session.access.access_token)


def forget() -> None:
    """Drop what this tab knows of a session, and all that was shown in it."""
    for key in list(st.session_state):
        del st.session_state[key]
