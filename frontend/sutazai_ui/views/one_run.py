"""One run: its plan as it moves, its attempts over time, what went into each step and came out."""

import json
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import streamlit as st

from sutazai_ui.client import Run, SignedOut, Step, Trouble
from sutazai_ui.seat import Seat
from sutazai_ui.views import answers, look, marks, verbatim, words
from sutazai_ui.views.amounts import between, moment, used
from sutazai_ui.views.plan import graph
from sutazai_ui.views.timeline import timeline
from sutazai_ui.views.verbatim import in_label
from sutazai_ui.watching import Following

_FOLLOWED = "followed-run"
# How often a run that goes on is drawn anew, and how long it waits then for what is told; seconds.
LIVE_S, NEWS_S = 0.7, 0.05
# How long the events of a run that has ended are waited for.
ENDED_S = 3.0
# What is shown of an input or an output; a step may hand over whole documents.
CHARACTERS = 20_000
_KEPT = "kept from the run that this one retries"


def show(seat: Seat, run: UUID) -> None:
    """Show a run."""
    try:
        found = seat.api.run(run)
    except SignedOut:
        raise
    except Trouble as told:
        st.title("Run", anchor=False)
        words.trouble(told)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(in_label(_name(found)), anchor=False)
    _acts(seat, found)
    words.renewing("run", lambda: _moving(seat, run), None if found.over else LIVE_S)
    if found.answered is not None:
        st.header("Answer", anchor=False)
        if found.without_graph:
            st.warning(in_label(f"Answered without the graph: {found.without_graph}"))
        answer = answers.of_run(found)
        answers.show(seat, answer, found.collection or "default")
        answers.made_of(seat, answer)


def leave() -> None:
    """Stop watching the run that is shown."""
    followed = st.session_state.pop(_FOLLOWED, None)
    if followed is not None:
        followed[1].leave()


def _name(run: Run) -> str:
    goal = " ".join(run.goal.split())
    return goal if len(goal) <= 120 else f"{goal[:119]}…"


def _acts(seat: Seat, run: Run) -> None:
    """Offer what can be done with a run."""
    if not seat.may_write:
        return
    with st.container(horizontal=True):
        if not run.over:
            st.button(
                "Cancel",
                icon=":material/stop_circle:",
                key="cancel-run",
                on_click=_cancel,
                args=(seat, run.id),
            )
        if run.retriable:
            st.button(
                "Retry",
                icon=":material/redo:",
                key="run-retry",
                on_click=_retry,
                args=(seat, run),
                help="Starts a run that keeps what succeeded; this one stays as it is.",
            )
        if run.again:
            st.button(
                "Run again",
                icon=":material/replay:",
                key="run-again",
                on_click=_again,
                args=(seat, run),
                help="Starts a new run with the same goal; this one stays as it is.",
            )
    if run.retriable:
        verbatim.small(
            "Retry keeps the steps that succeeded and works only the others again; "
            "Run again works all of them from the beginning."
        )
    for said in st.session_state.pop("run-trouble", ()):
        words.trouble(said)


def _cancel(seat: Seat, run: UUID) -> None:
    try:
        seat.api.cancel(run)
    except Trouble as told:
        st.session_state["run-trouble"] = [told]


def _again(seat: Seat, run: Run) -> None:
    _opened(
        lambda: seat.api.start(
            run.goal,
            run.collection or "default",
            str(uuid4()),
            run.workflow or "answer",
            graph=run.graph,
        )
    )


def _retry(seat: Seat, run: Run) -> None:
    _opened(lambda: seat.api.retry(run.id, str(uuid4())))


def _opened(start: Callable[[], Run]) -> None:
    """Start a run and show it."""
    try:
        started = start()
    except Trouble as told:
        st.session_state["run-trouble"] = [told]
        return
    leave()
    st.query_params["run"] = str(started.id)


def _moving(seat: Seat, run: UUID) -> None:
    """Show what changes while a run goes on; once it has ended, the whole page is shown anew."""
    found = seat.api.run(run)
    following = _following(seat, run)
    try:
        if found.over:
            following.settle(ENDED_S)
        else:
            following.wait(NEWS_S)
    except SignedOut:
        leave()
        raise
    except Trouble as told:
        leave()
        words.trouble(told)
    _facts(found)
    st.header("Plan", anchor=False)
    st.html(graph(found.steps))
    attempts = list(following.latest.attempts.values())
    if attempts:
        st.header("Time", anchor=False)
        st.html(timeline(attempts, found.created_at, found.finished_at))
    _steps(found.steps)
    shown_live = st.session_state.get("run-live") == run
    if found.over and shown_live:
        del st.session_state["run-live"]
        st.rerun()
    if not found.over:
        st.session_state["run-live"] = run


def _following(seat: Seat, run: UUID) -> Following:
    followed: tuple[UUID, Following] | None = st.session_state.get(_FOLLOWED)
    if followed is not None and followed[0] == run:
        return followed[1]
    leave()
    following = Following(seat.api, run)
    st.session_state[_FOLLOWED] = (run, following)
    return following


def _facts(run: Run) -> None:
    told = [
        ("Workflow", run.workflow),
        ("Collection", run.collection or ""),
        ("Began", moment(run.created_at)),
        ("Took", between(run.started_at, run.finished_at)),
        ("Used", " · ".join(used(run.usage))),
        ("Why", run.error or ""),
        ("Retries", str(run.retry_of or "")),
        ("Id", str(run.id)),
    ]
    st.html(f"{marks.chip(run.status)}{marks.facts(told)}")


def _steps(steps: Sequence[Step]) -> None:
    st.header("Steps", anchor=False)
    for step in steps:
        took = between(step.started_at, step.finished_at)
        told = " · ".join(filter(None, (look.said(step.status), _KEPT if step.kept else took)))
        label = f"**{in_label(step.id)}** — {in_label(step.agent)} :small[{in_label(told)}]"
        opened = st.expander(label, key=f"step-{step.id}", on_change="rerun")
        if opened.open:
            with opened:
                _step(step)


def _step(step: Step) -> None:
    st.html(
        marks.facts(
            [
                ("Agent", step.agent),
                ("Waits for", ", ".join(step.needs)),
                ("Attempts", _KEPT if step.kept else str(step.attempts)),
                ("Began", moment(step.started_at)),
                ("Ended", moment(step.finished_at)),
                ("Used", " · ".join(used(step.usage))),
                ("Why", step.error or ""),
            ]
        )
    )
    _content("Input", step.input, "What it is given is known once the steps before it are done.")
    _content("Output", step.output, "It has handed over nothing.")


def _content(name: str, content: dict[str, Any] | None, otherwise: str) -> None:
    st.markdown(f"**{name}**")
    if content is None:
        verbatim.small(otherwise)
        return
    text = json.dumps(content, indent=2, ensure_ascii=False)
    verbatim.listing(name, text[:CHARACTERS])
    if len(text) > CHARACTERS:
        verbatim.small(f"The first {CHARACTERS:,} of {len(text):,} characters.")
