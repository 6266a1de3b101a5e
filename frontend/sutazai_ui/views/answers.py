"""An answer as it is shown wherever it is: text, how far it can be relied on, its sources."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import streamlit as st

from sutazai_contracts.knowledge import Citation
from sutazai_ui.client import Api, Message, Run, SignedOut, Trouble
from sutazai_ui.seat import Seat
from sutazai_ui.views import verbatim, words
from sutazai_ui.views.verbatim import in_label

_PARTS = "parts"
# Code points shown before and after a cited passage: so few before that the passage is to be seen
# without scrolling, on a phone too.
BEFORE, AFTER = 300, 1200


@dataclass(frozen=True)
class Answer:
    """What a run came to."""

    id: UUID
    run: UUID | None
    status: str
    text: str = ""
    kind: str = ""
    grounded: bool = True
    confidence: int = 0
    citations: Sequence[Citation] = ()
    error: str = ""


def of_run(run: Run) -> Answer:
    """Give the answer of a run of the workflow `answer`, or why there is none."""
    found = run.answered
    if found is None:
        return Answer(run.id, run.id, run.status, error=run.error or "")
    return Answer(
        run.id,
        run.id,
        run.status,
        found.answer,
        found.kind,
        found.grounded,
        found.confidence,
        run.citations,
    )


def of_message(message: Message) -> Answer:
    """Give the answer that a message of a conversation is."""
    return Answer(
        message.id,
        message.run,
        message.status or "succeeded",
        message.text,
        message.kind or "",
        message.grounded is not False,
        message.confidence or 0,
        message.citations,
        message.error or "",
    )


def made_of(seat: Seat, answer: Answer) -> None:
    """Show the way to what an answer is made of, where it cites something."""
    if answer.run is not None and answer.citations:
        seat.link("graph", "What it is made of", ":material/hub:", run=str(answer.run))


def show(seat: Seat, answer: Answer, collection: str) -> None:
    """Show an answer, or why there is none."""
    if not answer.text:
        said = {"cancelled": "This was stopped.", "failed": answer.error or "This failed."}
        st.warning(in_label(said.get(answer.status, f"This is {answer.status}.")))
        return
    verbatim.text(answer.text)
    if answer.kind:
        st.caption(_standing(answer.kind, answer.confidence))
    if not answer.grounded:
        st.warning("The documents do not support this.", icon=":material/warning:")
    for citation in answer.citations:
        _source(seat, answer, collection, citation)


def _standing(kind: str, confidence: int) -> str:
    """Say where an answer comes from, and how far it can be relied on."""
    origin = "quoted from the documents" if kind == "extract" else "written by a model"
    return f"Confidence {confidence} of 10 · {origin}"


def _source(seat: Seat, answer: Answer, collection: str, citation: Citation) -> None:
    """Show a source, which opens at its passage."""
    where = in_label(" › ".join((citation.document.name, *citation.heading_path)))
    how = " :small[by the graph]" if citation.by_graph else ""
    key = f"source-{answer.id}-{citation.n}"
    source = st.expander(
        f"\\[{citation.n}\\] {where}{how}", icon=":material/article:", key=key, on_change="rerun"
    )
    if source.open:
        with source:
            _passage(seat.api, answer.id, collection, citation)
            seat.link(
                "knowledge",
                "Open the document here",
                ":material/open_in_full:",
                collection=collection,
                document=str(citation.document.id),
                start=str(citation.start),
                end=str(citation.end),
            )


def _passage(api: Api, answer: UUID, collection: str, citation: Citation) -> None:
    """Show the cited words marked in the text around them."""
    kept: dict[tuple[UUID, int], tuple[str, str, str] | None]
    kept = st.session_state.setdefault(_PARTS, {})
    place = (answer, citation.n)
    if place not in kept:
        try:
            kept[place] = _read(api, collection, citation)
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
    start, end = max(0, citation.start - BEFORE), citation.end + AFTER
    part = api.text(collection, citation.document.id, start, end)
    first, last = citation.start - part.start, citation.end - part.start
    if first < 0 or part.text[first:last] != citation.quote:
        return None
    before = ("…" if part.start else "") + part.text[:first]
    after = part.text[last:] + ("…" if part.end < part.characters else "")
    return before, part.text[first:last], after
