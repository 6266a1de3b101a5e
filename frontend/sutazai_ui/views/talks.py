"""Conversations at the side: the latest ones, a new one, names, removal."""

from uuid import UUID

import streamlit as st

from sutazai_ui.client import Conversation, SignedOut, Trouble
from sutazai_ui.seat import Seat
from sutazai_ui.views import words
from sutazai_ui.views.verbatim import in_label

TALK = "talk"
_SHOWN = "talks-shown"
PAGE = 20
_UNNAMED = "New conversation"


def chosen() -> UUID | None:
    """Give the conversation that the address names, if any."""
    try:
        return UUID(st.query_params.get(TALK, ""))
    except ValueError:
        return None


def choose(talk: UUID) -> None:
    """Have the address name a conversation."""
    st.query_params[TALK] = str(talk)


def side(seat: Seat, current: UUID | None) -> None:
    """List the latest conversations in the sidebar."""
    with seat.side, words.telling():
        seat.link("ask", _UNNAMED, ":material/add_comment:")
        shown: int = st.session_state.setdefault(_SHOWN, PAGE)
        found = seat.api.conversations(shown)
        if found.items:
            st.caption("Conversations")
        with st.container(gap="xxsmall", key="talks"):
            for talk in found.items:
                name = in_label(name_of(talk))
                label = f"**{name}**" if talk.id == current else name
                icon = ":material/hourglass_top:" if talk.busy else ":material/chat_bubble:"
                seat.link("ask", label, icon, wide=True, **{TALK: str(talk.id)})
        if found.next:
            st.button("More", key="more-talks", type="tertiary", on_click=_more)


def looks_after(seat: Seat, talk: Conversation) -> None:
    """Offer to give a conversation a name, or to remove it."""
    with st.popover("Rename or remove", icon=":material/edit:"):
        with st.form("rename", border=False):
            title = st.text_input("Name", value=talk.title or "", max_chars=200)
            if st.form_submit_button("Rename") and title.strip():
                with words.telling():
                    seat.api.rename(talk.id, title.strip())
                    st.rerun()
        st.markdown("Removing it removes all that was said in it. Its runs stay.")
        if st.button("Remove it for good", key="forget", icon=":material/delete:"):
            _forget(seat, talk.id)


def name_of(talk: Conversation, most: int = 60) -> str:
    """Give a conversation's name, cut to so many characters."""
    name = " ".join((talk.title or _UNNAMED).split())
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _forget(seat: Seat, talk: UUID) -> None:
    try:
        seat.api.forget(talk)
    except SignedOut:
        raise
    except Trouble as told:
        words.trouble(told)
        return
    st.query_params.pop(TALK, None)
    st.rerun()


def _more() -> None:
    st.session_state[_SHOWN] = min(st.session_state[_SHOWN] + PAGE, 200)
