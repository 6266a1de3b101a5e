"""The page Runs: all runs by newest, or one of them."""

from uuid import UUID

import streamlit as st

from sutazai_ui.client import Run
from sutazai_ui.seat import Seat
from sutazai_ui.views import look, one_run, paging, words
from sutazai_ui.views.amounts import ago, between
from sutazai_ui.views.verbatim import in_label

PAGE = 20
RUN = "run"
_LIST = "runs"
STATUSES = ("pending", "running", "succeeded", "failed", "cancelled")
KINDS = {"answer": "questions", "index": "documents being read", "rebuild": "rebuilds"}
_ICONS = {"answer": ":material/forum:", "index": ":material/description:"}
_OTHER = ":material/account_tree:"
_COLOURS = {"ok": "green", "busy": "blue", "wait": "orange", "bad": "red"}


def show(seat: Seat) -> None:
    """Show the page."""
    wanted = st.query_params.get(RUN)
    run = _id(wanted) if wanted else None
    if run is not None:
        seat.link("runs", "All runs", ":material/arrow_back:")
        one_run.show(seat, run)
        return
    one_run.leave()
    st.title("Runs", anchor=False)
    if wanted:
        st.warning("That is no run's id.", icon=":material/warning:")
    _list(seat)


def _list(seat: Seat) -> None:
    status, kind = _filters()
    cursor = paging.cursor(_LIST)
    found = seat.api.runs(PAGE, cursor, status, kind)
    if not found.items:
        _empty(filtered=status is not None or kind is not None, later=cursor is not None)
    with st.container(key="rows", gap="xsmall"):
        for run in found.items:
            seat.link(
                "runs", _row(run), _ICONS.get(run.workflow, _OTHER), wide=True, run=str(run.id)
            )
    paging.turn(_LIST, found.next)


def _filters() -> tuple[str | None, str | None]:
    """Let a person choose which runs are listed; another choice begins at the newest."""
    left, right = st.columns(2)
    with left:
        status = st.selectbox(
            "Status",
            (None, *STATUSES),
            format_func=lambda one: "all" if one is None else look.said(one),
            key="run-status",
            on_change=paging.first,
            args=(_LIST,),
        )
    with right:
        kind = st.selectbox(
            "Kind",
            (None, *KINDS),
            format_func=lambda one: "all" if one is None else KINDS[one],
            key="run-kind",
            on_change=paging.first,
            args=(_LIST,),
        )
    return status, kind


def _empty(*, filtered: bool, later: bool) -> None:
    if later:
        words.nothing("No runs are older than these. Go back to newer ones.")
    elif filtered:
        words.nothing("No run is like that. Choose **all** above to see the others.")
    else:
        words.nothing(
            "Nothing has run yet. Add documents on the page **Knowledge**, then ask about them on "
            "the page **Ask**: each question is a run, and so is each document that is read."
        )


def _row(run: Run) -> str:
    colour = _COLOURS[look.kind(run.status)]
    goal = " ".join(run.goal.split())
    goal = goal if len(goal) <= 90 else f"{goal[:89]}…"
    took = between(run.started_at, run.finished_at) if run.started_at else ""
    about = (KINDS.get(run.workflow, run.workflow), run.collection, ago(run.created_at), took)
    told = in_label(" · ".join(filter(None, about)))
    return f":{colour}[{look.said(run.status)}] **{in_label(goal)}** :small[{told}]"


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
