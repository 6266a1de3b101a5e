"""One entity of the graph: what is joined to it, as a picture and one by one; an answer's too."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

import streamlit as st

from sutazai_ui.client import Entity, Link, SignedOut, Subgraph, Trouble
from sutazai_ui.seat import Seat
from sutazai_ui.views import picture, places, reasons, verbatim, words
from sutazai_ui.views.amounts import counted
from sutazai_ui.views.collections import CHOSEN
from sutazai_ui.views.entities import PAGE, about, box
from sutazai_ui.views.verbatim import in_label

# Entities that are looked at, to the second link; of the first all are listed.
_LOOKED_AT = 100


def show(seat: Seat, collection: str, entity: UUID) -> None:
    """Show an entity and what is around it."""
    try:
        found = seat.api.neighbours(entity, collection, 2, _LOOKED_AT)
    except SignedOut:
        raise
    except Trouble as told:
        st.title("Graph", anchor=False)
        words.trouble(told)
        return
    st.session_state[CHOSEN] = collection
    ordered = sorted(found.entities, key=lambda one: one.id != entity)
    known = {one.id: one for one in ordered}
    own = known[entity]
    st.title(in_label(own.name), anchor=False)
    verbatim.small(f"{about(own)} · collection {collection}")
    seat.link(
        PAGE,
        "Find a way from here",
        ":material/route:",
        collection=collection,
        part="way",
        start=own.name,
    )
    links = [link for link in found.links if entity in (link.subject, link.object)]
    if not links:
        words.nothing(
            "Nothing is joined to it: no sentence names it beside something else. Search for "
            "another name, or look for it on the page **Knowledge**."
        )
        return
    beside = _strongest(links, entity)
    shown = beside[: places.MOST_WIDE]
    _around(seat, collection, [known[one] for one in (entity, *shown)], found.links)
    if len(beside) > len(shown):
        st.caption(f"The {len(shown)} best joined of {len(beside)}; all of them are listed below.")
    st.header("What joins them", anchor=False)
    reasons.show(seat, collection, known, links)


def show_answer(seat: Seat, run: UUID) -> None:
    """Show what the passages that an answer cites name, and what they say of it."""
    try:
        answered, found = seat.api.run(run), seat.api.answer_graph(run)
    except SignedOut:
        raise
    except Trouble as told:
        st.title("Graph", anchor=False)
        words.trouble(told)
        return
    st.title("What the answer is made of", anchor=False)
    verbatim.quote(answered.goal)
    seat.link("runs", "The run that answered", ":material/account_tree:", run=str(run))
    collection = answered.collection or "default"
    if not found.entities:
        words.nothing(
            "The answer cites no passage that names anything, or its documents were replaced or "
            "removed since. Ask again on the page **Ask**."
        )
        return
    st.session_state[CHOSEN] = collection
    _made_of(seat, collection, found)
    if found.links:
        st.header("What the passages say", anchor=False)
        known = {one.id: one for one in found.entities}
        reasons.show(seat, collection, known, found.links, answered.citations)


def _made_of(seat: Seat, collection: str, found: Subgraph) -> None:
    """Draw the best joined of what was named; name the others."""
    weights: defaultdict[UUID, int] = defaultdict(int)
    for link in found.links:
        weights[link.subject] += link.weight
        weights[link.object] += link.weight
    best = sorted(found.entities, key=lambda one: (-weights[one.id], -one.chunks, one.id))
    shown = best[: places.MOST_WIDE]
    ids = {one.id for one in shown}
    links = [link for link in found.links if {link.subject, link.object} <= ids]
    told = f"What the answer names: {counted(len(shown), 'entity', 'entities')}"
    picture.ring(
        seat, told, [box(one, collection) for one in _in_turn(shown, links)], _lines(links)
    )
    if others := best[len(shown) :]:
        also = ", ".join(one.name for one in others[:30])
        more = f" and {len(others) - 30} more" if len(others) > 30 or found.cut else ""
        verbatim.small(f"Named, too: {also}{more}")


def _around(seat: Seat, collection: str, entities: Sequence[Entity], links: Sequence[Link]) -> None:
    """Draw an entity, what is around it, and what joins all of those."""
    own, *beside = entities
    ids = {one.id for one in entities}
    drawn = [link for link in links if {link.subject, link.object} <= ids]
    inner = [link for link in drawn if own.id not in (link.subject, link.object)]
    boxes = [box(one, collection) for one in (own, *_in_turn(beside, inner))]
    told = f"Around {own.name}: {counted(len(beside), 'neighbour')}"
    picture.star(seat, told, boxes, _lines(drawn))


def _in_turn(entities: Sequence[Entity], links: Iterable[Link]) -> list[Entity]:
    known = {str(one.id): one for one in entities}
    joined = [(str(link.subject), str(link.object)) for link in links]
    return [known[one] for one in places.in_turn(list(known), joined)]


def _strongest(links: Iterable[Link], entity: UUID) -> list[UUID]:
    """Give what is joined to an entity, the best joined first."""
    weights: defaultdict[UUID, int] = defaultdict(int)
    for link in links:
        weights[link.other(entity)] += link.weight
    return sorted(weights, key=lambda one: (-weights[one], one))


def _lines(links: Iterable[Link]) -> list[picture.Line]:
    return [
        picture.Line(str(link.subject), str(link.object), link.weight, link.directed)
        for link in links
        if link.subject != link.object
    ]
