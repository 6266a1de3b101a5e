"""Chunks that are joined to others by what both name: what a question leaves out between."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sutazai.core.graph.model import Entity, Scope
from sutazai.core.graph.port import Graph
from sutazai_contracts.graph import EntityKind
from sutazai_contracts.joining import MOST_JOINED, Joined

# A date, a number or a section joins what has nothing else in common.
_JOINING = frozenset({EntityKind.NAME, EntityKind.TERM, EntityKind.MODULE, EntityKind.SYMBOL})
# What so many chunks name tells them apart no more.
_MOST_CHUNKS = 64
_MOST_ENTITIES = 64
_MOST_LINKS = 256


async def joined(graph: Graph, scope: Scope, chunks: Sequence[UUID]) -> Joined:
    """Find the chunks that are joined to some by at most two links.

    A chunk is joined to another by an entity that both name, or by two that are linked. Entities
    that many chunks name join nothing; of the others the rarest count first.

    Args:
        graph: where it is looked up.
        scope: the collection.
        chunks: what others are joined to, best first; at most `MOST_SEEDS`.

    Raises:
        GraphUnavailable: the graph can't be asked.
    """
    order = {chunk: place for place, chunk in enumerate(chunks)}
    named = await graph.named(scope, chunks)
    first = _first((place.entity, order[place.chunk]) for place in named)
    own = await _telling(graph, scope, first)
    near = await _naming(graph, scope, own, first, set(chunks))
    links = await graph.links(scope, [entity.id for entity in own], _MOST_LINKS) if own else []
    beside = _first(
        (link.other(end), first[end])
        for link in links
        for end in (link.subject, link.object)
        if end in first and link.other(end) not in first
    )
    others = await _telling(graph, scope, beside)
    far = await _naming(graph, scope, others, beside, {*chunks, *near})
    return Joined(near=near, far=far)


def _first(places: Iterable[tuple[UUID, int]]) -> dict[UUID, int]:
    """Give the least place of each id."""
    first: dict[UUID, int] = {}
    for id, place in places:
        first[id] = min(place, first.get(id, place))
    return first


async def _telling(graph: Graph, scope: Scope, ids: Iterable[UUID]) -> list[Entity]:
    """Give those of some entities that tell chunks apart, the rarest first."""
    wanted = list(dict.fromkeys(ids))
    found = await graph.entities(scope, wanted) if wanted else []
    telling = [one for one in found if one.kind in _JOINING and one.chunks <= _MOST_CHUNKS]
    return sorted(telling, key=lambda one: (one.chunks, one.id))[:_MOST_ENTITIES]


async def _naming(
    graph: Graph,
    scope: Scope,
    entities: Sequence[Entity],
    first: Mapping[UUID, int],
    but: set[UUID],
) -> dict[UUID, int]:
    """Give the chunks that name some of these and are none of those, with their first places."""
    if not entities:
        return {}
    most = sum(entity.chunks for entity in entities)
    places = await graph.naming(scope, [entity.id for entity in entities], most)
    found = _first((place.chunk, first[place.entity]) for place in places if place.chunk not in but)
    nearest = sorted(found, key=lambda chunk: (found[chunk], chunk))[:MOST_JOINED]
    return {chunk: found[chunk] for chunk in nearest}
