"""A question that is being worked on: steps and text as they come, and a way to stop it."""

import time
from dataclasses import dataclass
from uuid import UUID

import streamlit as st

from sutazai_ui.client import Api, SignedOut, Trouble
from sutazai_ui.seat import Seat
from sutazai_ui.views import verbatim, words
from sutazai_ui.watching import Following, Watched

_ASKED = "asked"
# How often the page looks for news and for clicks while it watches, and for the end of its session.
LOOK_S, SESSION_S = 0.1, 8.0


@dataclass
class Asked:
    """A run that is being watched; whatever is clicked meanwhile, it is taken up again."""

    run: UUID
    goal: str
    talk: UUID
    following: Following | None = None


def asked_in(talk: UUID | None) -> Asked | None:
    """Give what is being worked on in a conversation; what another one waits for is let go of."""
    asked: Asked | None = st.session_state.get(_ASKED)
    if asked is None or asked.talk == talk:
        return asked
    leave()
    return None


def begin(asked: Asked) -> None:
    """Have a question watched from now on."""
    st.session_state[_ASKED] = asked


def leave() -> None:
    """Stop watching, where something is watched."""
    asked: Asked | None = st.session_state.pop(_ASKED, None)
    if asked is not None and asked.following is not None:
        asked.following.leave()


def show(seat: Seat, asked: Asked) -> None:
    """Show a run while agents are at work; once it has ended, the page begins anew without it."""
    try:
        _live(seat, asked)
    except SignedOut:
        asked.following = None  # its token is the old one
        raise
    except Trouble as trouble:
        asked.following = None
        words.trouble(trouble)
        st.button("Try again", icon=":material/refresh:", key="watch-again")
        return
    leave()
    st.rerun()


def _live(seat: Seat, asked: Asked) -> None:
    """Show the steps and the text as they come, until the run has ended."""
    api = seat.api
    # Not as a context: leaving that says that the work is done.
    steps = st.status("Agents are at work …", expanded=True).empty()
    text = st.empty()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Stop", key="stop", icon=":material/stop:", on_click=_stop, args=(api, asked.run))
        seat.link("runs", "Watch the run", ":material/account_tree:", run=str(asked.run))
    following = asked.following = asked.following or Following(api, asked.run)
    looked = time.monotonic()
    changed = True
    while True:
        if changed:
            _draw(following.latest, steps, text)
        if following.latest.over:
            return
        changed = following.wait(LOOK_S)
        # Reading it lets a click, of Stop or of anything else, interrupt this script.
        st.session_state.get(_ASKED)
        if time.monotonic() - looked > SESSION_S:
            looked = time.monotonic()
            api.run(asked.run)


def _draw(
    watched: Watched,
    steps: st.delta_generator.DeltaGenerator,
    text: st.delta_generator.DeltaGenerator,
) -> None:
    with steps.container():
        for step, state in watched.steps.items():
            verbatim.small(f"{step} — {state}")
        if not watched.steps:
            verbatim.small("waiting for an agent")
    with text.container():
        if watched.text:
            verbatim.text(watched.text)


def _stop(api: Api, run: UUID) -> None:
    """Cancel a run that is being watched; its last event ends the watch."""
    try:
        api.cancel(run)
    except Trouble as trouble:
        words.trouble(trouble)
