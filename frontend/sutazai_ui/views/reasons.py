"""What joins entities, one by one, and the passages of documents that it was read from."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import streamlit as st

from sutazai_contracts.knowledge import Citation
from sutazai_ui.client import Entity, Link, Source
from sutazai_ui.seat import Seat
from sutazai_ui.views import verbatim, words
from sutazai_ui.views.amounts import counted
from sutazai_ui.views.entities import word
from sutazai_ui.views.verbatim import in_label

# Links and passages that are shown at once; more come when they are asked for.
LINKS, PASSAGES = 20, 3
# Code points shown before and after what says so.
_BEFORE, _AFTER = 160, 240
_MORE = "reasons-more"


def show(
    seat: Seat,
    collection: str,
    known: Mapping[UUID, Entity],
    links: Sequence[Link],
    cited: Collection[Citation] = (),
) -> None:
    """Show links, each of which opens at the passages that say so.

    Args:
        seat: whose page it is.
        collection: where they are.
        known: the entities; of two that a link without direction joins the earlier stands first.
        links: what is shown.
        cited: what an answer quotes, where it is about one.
    """
    place = f"{_MORE}-{collection}-{links[0].subject}-{links[0].object}" if links else _MORE
    shown: int = st.session_state.get(place, LINKS)
    for link in links[:shown]:
        _link(seat, collection, known, link, cited)
    if len(links) > shown:
        st.button(
            f"Show more of {len(links)}", key=place + "-on", on_click=_more, args=(place, shown)
        )


def _more(place: str, shown: int) -> None:
    st.session_state[place] = shown + LINKS


def _link(
    seat: Seat,
    collection: str,
    known: Mapping[UUID, Entity],
    link: Link,
    cited: Collection[Citation],
) -> None:
    first, last = known[link.subject], known[link.object]
    if not link.directed:
        first, last = sorted((first, last), key=list(known.values()).index)
    arrow = f"{word(link.kind)} →" if link.directed else f"– {word(link.kind)} –"
    count = counted(link.weight, "passage")
    label = f"**{in_label(first.name)}** {arrow} **{in_label(last.name)}** :small[{count}]"
    key = f"reason-{link.subject}-{link.kind}-{link.object}"
    opened = st.expander(label, icon=":material/link:", key=key, on_change="rerun")
    if opened.open:
        with opened, words.telling():
            _sources(seat, collection, link, key, cited)


def _sources(
    seat: Seat, collection: str, link: Link, key: str, cited: Collection[Citation]
) -> None:
    wanted: int = st.session_state.get(key + "-passages", PASSAGES)
    found = seat.api.sources(link, collection, wanted + 1)
    if not found:
        words.nothing("No passage says so any more: its document was replaced or removed.")
    for source in found[:wanted]:
        _source(seat, collection, source, cited)
    if len(found) > wanted:
        st.button("More passages", key=key + "-on", on_click=_more_passages, args=(key, 4 * wanted))


def _more_passages(key: str, wanted: int) -> None:
    # So many the API gives at most, of which one tells that there are more.
    st.session_state[key + "-passages"] = min(wanted, 99)


def _source(seat: Seat, collection: str, source: Source, cited: Collection[Citation]) -> None:
    """Show a passage with what says so marked, and the way to its place in the document."""
    numbers = [f"[{one.n}]" for one in cited if _overlaps(one, source)]
    where = in_label(" › ".join((source.document.name, *source.heading_path)))
    told = f" :small[{in_label('cited as ' + ', '.join(numbers))}]" if numbers else ""
    seat.link(
        "knowledge",
        f"{where}{told}",
        ":material/article:",
        collection=collection,
        document=str(source.document.id),
        start=str(source.start),
        end=str(source.end),
    )
    with words.telling(source.document.name):
        start = max(0, source.start - _BEFORE)
        part = seat.api.text(collection, source.document.id, start, source.end + _AFTER)
        first, last = source.start - part.start, source.end - part.start
        before = ("…" if part.start else "") + part.text[:first]
        after = part.text[last:] + ("…" if part.end < part.characters else "")
        verbatim.passage(before, part.text[first:last], after)


def _overlaps(citation: Citation, source: Source) -> bool:
    return (
        citation.document.id == source.document.id
        and citation.start < source.end
        and source.start < citation.end
    )
