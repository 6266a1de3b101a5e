"""The page Ask: ask, watch the answer come, open its sources."""

import time
from dataclasses import dataclass
from uuid import UUID, uuid4

import streamlit as st

from sutazai_contracts.knowledge import Citation
from sutazai_ui.client import Api, Collection, Run, SignedOut, Trouble
from sutazai_ui.views import documents, verbatim, words
from sutazai_ui.views.verbatim import in_label
from sutazai_ui.watching import Following, Watched

_RUNS, _ASKED, _PARTS = "runs", "asked", "parts"
_ROBOT = ":material/forum:"
# Code points shown around a cited passage.
AROUND = 1200
# How often the page looks for news and for clicks while it watches, and for the end of its session.
LOOK_S, SESSION_S = 0.1, 8.0


@dataclass
class Asked:
    """A run that is being watched; whatever is clicked meanwhile, it is taken up again."""

    run: UUID
    goal: str
    following: Following | None = None


def show(api: Api, upload_limit_mb: int) -> None:
    """Show the page."""
    with st.sidebar:
        collection = documents.show(api, upload_limit_mb)
    st.title("Ask")
    runs: list[Run] = st.session_state.setdefault(_RUNS, [])
    asked: Asked | None = st.session_state.get(_ASKED)
    for run in runs:
        _shown(api, run)
    if not runs and asked is None:
        _empty(collection)
    goal = st.chat_input(
        "What do you want to know?",
        key="goal",
        max_chars=10_000,
        disabled=asked is not None or not collection.chunks,
    )
    if asked is not None:
        _watched(api, asked)
    elif goal:
        _ask(api, goal, collection.name)


def _empty(collection: Collection) -> None:
    if collection.chunks:
        count = collection.documents
        held = "one document" if count == 1 else f"{count} documents"
        st.info(
            f"**{in_label(collection.name)}** holds {held}. Ask something about them below.",
            icon=":material/lightbulb:",
        )
    else:
        st.info(
            "There is nothing to answer from yet. Add documents at the side: text, Markdown, HTML, "
            "PDF, DOCX, CSV, JSON or source code.",
            icon=":material/upload_file:",
        )


def _ask(api: Api, goal: str, collection: str) -> None:
    try:
        run = api.start(goal, collection, str(uuid4()))
    except SignedOut:
        raise
    except Trouble as trouble:
        with st.chat_message("user"):
            verbatim.text(goal)
        words.trouble(trouble)
        return
    st.session_state[_ASKED] = Asked(run.id, goal)
    st.rerun()


def _watched(api: Api, asked: Asked) -> None:
    """Show a run while agents are at work, then keep what it came to."""
    with st.chat_message("user"):
        verbatim.text(asked.goal)
    try:
        with st.chat_message("assistant", avatar=_ROBOT):
            _live(api, asked)
        run = api.run(asked.run)
    except SignedOut:
        asked.following = None  # its token is the old one
        raise
    except Trouble as trouble:
        asked.following = None
        words.trouble(trouble)
        st.button("Try again", icon=":material/refresh:", key="watch-again")
        return
    st.session_state[_RUNS].append(run)
    del st.session_state[_ASKED]
    st.rerun()


def _live(api: Api, asked: Asked) -> None:
    """Show the steps and the text as they come, until the run has ended."""
    with st.status("Agents are at work …", expanded=True):
        steps = st.empty()
    text = st.empty()
    st.button("Stop", key="stop", icon=":material/stop:", on_click=_stop, args=(api, asked.run))
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


def _shown(api: Api, run: Run) -> None:
    with st.chat_message("user"):
        verbatim.text(run.goal)
    with st.chat_message("assistant", avatar=_ROBOT):
        if run.result is None:
            said = {"cancelled": "This was stopped.", "failed": run.error or "This failed."}
            st.warning(in_label(said.get(run.status, f"This is {run.status}.")))
            return
        verbatim.text(run.result.answer)
        st.caption(_standing(run.result.kind, run.result.confidence))
        if not run.result.grounded:
            st.warning("The documents do not support this.", icon=":material/warning:")
        for citation in run.citations:
            _source(api, run, citation)


def _standing(kind: str, confidence: int) -> str:
    """Say where an answer comes from, and how far it can be relied on."""
    origin = "quoted from the documents" if kind == "extract" else "written by a model"
    return f"Confidence {confidence} of 10 · {origin}"


def _source(api: Api, run: Run, citation: Citation) -> None:
    """Show a source, which opens at its passage."""
    where = in_label(" › ".join((citation.document.name, *citation.heading_path)))
    key = f"source-{run.id}-{citation.n}"
    source = st.expander(
        f"\\[{citation.n}\\] {where}", icon=":material/article:", key=key, on_change="rerun"
    )
    if source.open:
        with source:
            _passage(api, run, citation)


def _passage(api: Api, run: Run, citation: Citation) -> None:
    """Show the cited words marked in the text around them."""
    kept: dict[tuple[UUID, int], tuple[str, str, str] | None]
    kept = st.session_state.setdefault(_PARTS, {})
    place = (run.id, citation.n)
    if place not in kept:
        try:
            kept[place] = _read(api, run.collection or "default", citation)
        except SignedOut:
            raise
        except Trouble as trouble:
            verbatim.quote(citation.quote)
            words.trouble(trouble)
            return
    found = kept[place]
    if found is None:
        verbatim.quote(citation.quote)
        st.caption("The document reads otherwise by now.")
        return
    verbatim.passage(*found)


def _read(api: Api, collection: str, citation: Citation) -> tuple[str, str, str] | None:
    """Read what is before a citation, the cited words, and what follows; None: they changed."""
    start, end = max(0, citation.start - AROUND), citation.end + AROUND
    part = api.text(collection, citation.document.id, start, end)
    first, last = citation.start - part.start, citation.end - part.start
    if first < 0 or part.text[first:last] != citation.quote:
        return None
    before = ("…" if part.start else "") + part.text[:first]
    after = part.text[last:] + ("…" if part.end < part.characters else "")
    return before, part.text[first:last], after
