"""One document: what is known of it, its text, and a passage marked in it."""

from http import HTTPStatus
from uuid import UUID

import streamlit as st

from sutazai_ui.client import Document, SignedOut, Trouble
from sutazai_ui.seat import Seat
from sutazai_ui.views import marks, verbatim, words
from sutazai_ui.views.amounts import counted, moment, size
from sutazai_ui.views.verbatim import in_label

# Code points that are shown at once, and those of them before a passage that is opened.
PART, BEFORE = 6000, 600


def show(seat: Seat, collection: str, document: UUID) -> None:
    """Show a document, from the passage on that the address names, if any."""
    try:
        found = seat.api.document(collection, document)
    except SignedOut:
        raise
    except Trouble as told:
        st.title("Document", anchor=False)
        words.trouble(told)
        return
    st.title(in_label(found.name), anchor=False)
    _facts(seat, collection, found)
    if found.status == "failed":
        st.error(in_label(why(found)), icon=":material/error:")
    with words.telling():
        try:
            _text(seat, collection, document)
        except Trouble as told:
            if told.status != HTTPStatus.NOT_FOUND:
                raise
            if found.status != "failed":
                words.nothing("It has no text yet: it is being read.", ":material/hourglass_top:")


def why(document: Document) -> str:
    """Say why a document could not be read; it has one step only, whose name says nothing."""
    return (document.error or "It could not be read.").removeprefix("step index: ")


def _facts(seat: Seat, collection: str, found: Document) -> None:
    state = found.status if found.status in ("indexed", "failed") else "indexing"
    told = [
        ("Collection", collection),
        ("Title", found.title or ""),
        ("Kind", found.media_type or ""),
        ("Size", size(found.size)),
        ("Passages", str(found.chunks) if found.chunks else ""),
        ("Version", f"{found.version}, of {moment(found.created_at)}"),
    ]
    st.html(f"{marks.chip(state)}{marks.facts(told)}")
    with st.container(horizontal=True, vertical_alignment="center"):
        seat.link("runs", "How it was read", ":material/account_tree:", run=str(found.run))
        if not seat.may_write:
            return
        with st.popover("Remove", icon=":material/delete:"):
            st.markdown(f"Removes **{in_label(found.name)}** everywhere. This can't be undone.")
            if st.button("Remove it for good", key="remove-document", type="primary"):
                with words.telling():
                    seat.api.remove_document(collection, found.id)
                    st.switch_page(seat.pages["knowledge"])


def _text(seat: Seat, collection: str, document: UUID) -> None:
    start, end = _number("start"), _number("end")
    at = _number("at")
    if at is None:
        at = max(0, (start or 0) - BEFORE)
    part = seat.api.text(collection, document, at, at + PART)
    st.header("Text", anchor=False)
    if not part.characters:
        words.nothing("It holds no text.")
        return
    marked = start is not None and end is not None and part.start <= start < part.end
    first = (start or 0) - part.start if marked else len(part.text)
    last = min((end or 0) - part.start, len(part.text)) if marked else len(part.text)
    verbatim.passage(part.text[:first], part.text[first:last], part.text[last:], whole=True)
    st.caption(
        f"{part.start:,} to {part.end:,} of {counted(part.characters, 'character')}".replace(
            ",", "\u202f"
        )
    )
    with st.container(horizontal=True):
        st.button(
            "Earlier",
            icon=":material/arrow_upward:",
            key="earlier",
            disabled=part.start == 0,
            on_click=_go,
            args=(max(0, part.start - PART),),
        )
        st.button(
            "Later",
            icon=":material/arrow_downward:",
            key="later",
            disabled=part.end >= part.characters,
            on_click=_go,
            args=(part.end,),
        )


def _go(at: int) -> None:
    st.query_params["at"] = str(at)


def _number(name: str) -> int | None:
    told = st.query_params.get(name, "")
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 16 else None
