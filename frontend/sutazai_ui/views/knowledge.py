"""The page Knowledge: collections, their documents, what they say about something."""

from uuid import UUID

import streamlit as st

from sutazai_ui.client import Collection, Document, Hit
from sutazai_ui.seat import Seat
from sutazai_ui.views import collections, document, look, marks, paging, uploads, verbatim, words
from sutazai_ui.views.amounts import counted, size
from sutazai_ui.views.verbatim import in_label

PAGE, HITS = 25, 10
# How often the list renews itself, in seconds, while documents are being read.
BUSY_S = 2.0
_COLOURS = {"ok": "green", "busy": "blue", "wait": "orange", "bad": "red"}


def show(seat: Seat) -> None:
    """Show the page."""
    wanted = st.query_params.get("document")
    if wanted:
        seat.link("knowledge", "All documents", ":material/arrow_back:")
        try:
            document.show(seat, st.query_params.get("collection", "default"), UUID(wanted))
        except ValueError:
            st.warning("That is no document's id.", icon=":material/warning:")
        return
    st.title("Knowledge", anchor=False)
    collection = collections.choose(seat)
    collections.looks_after(seat, collection)
    documents, search = st.tabs(["Documents", "Search"])
    with documents:
        if seat.may_write:
            uploads.show(seat.api, collection.name, seat.settings.upload_limit_mb)
        every_s = BUSY_S if uploads.kept().waiting else None
        words.renewing("documents", lambda: _list(seat, collection), every_s)
    with search:
        _search(seat, collection)


def _list(seat: Seat, collection: Collection) -> None:
    """List documents; what was added here is followed until it is ready."""
    waiting = uploads.still_waiting(seat.api)
    place = f"documents-{collection.name}"
    found = seat.api.documents(collection.name, PAGE, paging.cursor(place))
    if waiting:
        st.caption(f":material/hourglass_top: {counted(waiting, 'document')} being read")
    if not found.items:
        _empty(seat)
    with st.container(key="rows", gap="xsmall"):
        for one in found.items:
            at = {"collection": collection.name, "document": str(one.id)}
            seat.link("knowledge", _row(one), ":material/description:", wide=True, **at)
    paging.turn(place, found.next, "Back", "More")


def _empty(seat: Seat) -> None:
    if seat.may_write:
        words.nothing(
            "There is nothing here yet. Drop files above: text, Markdown, HTML, PDF, DOCX, CSV, "
            "JSON or source code. Each is read by an agent and can be asked about then.",
            ":material/upload_file:",
        )
    else:
        words.nothing("There is nothing here yet. Someone who may write has to add documents.")


def _row(one: Document) -> str:
    state = one.status if one.status in ("indexed", "failed", "cancelled") else "indexing"
    about = [size(one.size)]
    if one.chunks:
        about.append(counted(one.chunks, "passage"))
    if one.version > 1:
        about.append(f"version {one.version}")
    if one.error:
        about.append(document.why(one))
    colour = _COLOURS[look.kind(state)]
    told = in_label(" · ".join(about))
    return f":{colour}[{look.said(state)}] **{in_label(one.name)}** :small[{told}]"


def _search(seat: Seat, collection: Collection) -> None:
    query = st.text_input(
        "Search in this collection",
        key="query",
        max_chars=2000,
        placeholder="Words, or a question",
        icon=":material/search:",
    )
    if not query.strip():
        words.nothing("Passages are found by what they mean and by their words.")
        return
    hits = seat.api.search(query, collection.name, HITS)
    if not hits:
        words.nothing("Nothing was found. Try other words, or another collection.")
        return
    st.caption(counted(len(hits), "passage"))
    wanted = [word.strip(".,;:!?\"'()") for word in query.split()]
    for hit in hits:
        _hit(seat, collection, hit, [word for word in wanted if len(word) > 2])


def _hit(seat: Seat, collection: Collection, hit: Hit, wanted: list[str]) -> None:
    with st.container(border=True):
        where = " › ".join((hit.document.name, *hit.heading_path))
        seat.link(
            "knowledge",
            f"**{in_label(where)}**",
            ":material/article:",
            collection=collection.name,
            document=str(hit.document.id),
            start=str(hit.start),
            end=str(hit.end),
        )
        st.html(
            f'<div class="sz-text">{verbatim.found(hit.text, wanted)}</div>'
            f"{marks.remark(f'{max(0.0, hit.similarity):.0%} alike in meaning')}"
        )
