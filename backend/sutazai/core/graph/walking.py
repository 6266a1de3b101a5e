"""What takes more than one step in a graph: neighbours, ways between two, communities.

Made of the steps that every adapter of the graph offers, so that all of them give the same. All of
it is bounded, and where there is a choice the stronger link counts, then the lesser id.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sutazai.core.graph.model import Community, GraphPath, Link, Scope, Subgraph
from sutazai.core.graph.port import Graph

# Links that are looked at in one step, the strongest first.
MOST_LINKS = 2_000
# Of a collection, to find its communities.
MOST_LINKS_OF_ALL = 20_000
# What more chunks name is shown, and not gone on from: it is joined to nearly everything.
_MOST_CHUNKS = 200
_ROUNDS = 20


async def around(graph: Graph, scope: Scope, start: UUID, hops: int, limit: int) -> Subgraph:
    """Give what is joined to an entity by at most `hops` links, and the links that were met.

    No link is followed from what more than 200 chunks name, but from the entity itself.

    Args:
        graph: where it is looked up.
        scope: the collection.
        start: the entity; nothing is given where the collection has none such.
        hops: how many links away.
        limit: how many entities at most; of those equally far the best joined.
    """
    known = {entity.id: entity for entity in await graph.entities(scope, [start])}
    frontier, met, cut = list(known), list[Link](), False
    for _ in range(hops):
        if not frontier or len(known) == limit:
            break
        found = await graph.links(scope, frontier, MOST_LINKS)
        met += found
        fresh = _by_weight(found, set(known))
        room = limit - len(known)
        cut = cut or len(fresh) > room or len(found) == MOST_LINKS
        entities = await graph.entities(scope, fresh[:room])
        known |= {entity.id: entity for entity in entities}
        frontier = [entity.id for entity in entities if entity.chunks <= _MOST_CHUNKS]
    # Thousands are met, and few are kept: those alone are told apart.
    kept = {link for link in met if link.subject in known and link.object in known}
    return Subgraph([known[id] for id in sorted(known)], sorted(kept, key=_strongest), cut)


async def way(graph: Graph, scope: Scope, start: UUID, end: UUID, longest: int) -> GraphPath:
    """Give a way between two entities, of at most `longest` links: a shortest of those looked at.

    It is looked for from both ends at once, one step of the side that has less to look at, so
    that a way of four links takes two steps from each end.
    """
    sides: tuple[dict[UUID, Link | None], dict[UUID, Link | None]] = ({start: None}, {end: None})
    frontiers = [[start], [end]]
    met = {start} & {end}
    for _ in range(longest):
        if met or not all(frontiers):
            break
        side = 0 if len(frontiers[0]) <= len(frontiers[1]) else 1
        found = await graph.links(scope, frontiers[side], MOST_LINKS)
        frontiers[side] = _step(found, sides[side], set(frontiers[side]))
        met = set(sides[0]) & set(sides[1])
    if not met:
        return GraphPath()
    ways = [(_back(middle, sides[0]), _back(middle, sides[1]), middle) for middle in met]
    begin, rest, _ = min(ways, key=lambda way: (len(way[0]) + len(way[1]), way[2]))
    links = [*reversed(begin), *rest]
    order = _along(start, links)
    known = {entity.id: entity for entity in await graph.entities(scope, order)}
    if len(known) < len(order):
        return GraphPath()
    return GraphPath([known[entity] for entity in order], links)


async def communities(graph: Graph, scope: Scope, limit: int, shown: int) -> list[Community]:
    """Tell which entities of a collection are joined most with each other, largest groups first.

    By label propagation (Raghavan, Albert, Kumara 2007): each entity takes, in the order of ids,
    the label that its links weigh most for, the least of equal ones, until none changes. That is
    made to give the same each time, of at most 20 000 links, the strongest; one between two that
    have others in common weighs more.

    Args:
        graph: where it is looked up.
        scope: the collection.
        limit: how many groups at most; one of a single entity is none.
        shown: how many entities of each are given, the best joined first.
    """
    links = await graph.all_links(scope, MOST_LINKS_OF_ALL)
    # So many links take half a second: others are answered meanwhile.
    largest = await asyncio.to_thread(_largest, links, limit)
    found: list[Community] = []
    for members in largest:
        best = members[:shown]
        known = {entity.id: entity for entity in await graph.entities(scope, best)}
        found.append(Community([known[one] for one in best if one in known], len(members)))
    return found


def _largest(links: Iterable[Link], limit: int) -> list[list[UUID]]:
    """Give the largest groups, of each the best joined first."""
    weights = _weights(links)
    groups: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for entity, label in _labels(weights).items():
        groups[label].append(entity)
    largest = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))[:limit]
    return [
        sorted(members, key=lambda one: (-sum(weights[one].values()), one))
        for _, members in largest
    ]


def _strongest(link: Link) -> tuple[int, Link]:
    return -link.weight, link


def _by_weight(links: Iterable[Link], seen: set[UUID]) -> list[UUID]:
    """Give the far ends that were not seen, the best joined first."""
    weights: defaultdict[UUID, int] = defaultdict(int)
    for link in links:
        if link.subject not in seen:
            weights[link.subject] += link.weight
        if link.object not in seen and link.object != link.subject:
            weights[link.object] += link.weight
    return sorted(weights, key=lambda end: (-weights[end], end))


def _step(links: Iterable[Link], came: dict[UUID, Link | None], frontier: set[UUID]) -> list[UUID]:
    """Note for each new end the link it was come to by; give the new ends."""
    fresh: list[UUID] = []
    for link in links:
        for here, there in ((link.subject, link.object), (link.object, link.subject)):
            if here in frontier and there not in came:
                came[there] = link
                fresh.append(there)
    return fresh


def _back(at: UUID, came: Mapping[UUID, Link | None]) -> list[Link]:
    links: list[Link] = []
    while (link := came[at]) is not None:
        links.append(link)
        at = link.other(at)
    return links


def _along(start: UUID, links: Sequence[Link]) -> list[UUID]:
    order = [start]
    for link in links:
        order.append(link.other(order[-1]))
    return order


def _weights(links: Iterable[Link]) -> dict[UUID, dict[UUID, int]]:
    """Weigh what is joined to each entity: a link counts once more for each that is joined to both.

    So a lone link between two groups does not make them one.
    """
    weights: defaultdict[UUID, defaultdict[UUID, int]] = defaultdict(lambda: defaultdict(int))
    for link in links:
        weights[link.subject][link.object] += link.weight
        weights[link.object][link.subject] += link.weight
    joined = {entity: weights[entity].keys() for entity in weights}
    return {
        entity: {
            other: weight * (1 + len(joined[entity] & joined[other]))
            for other, weight in weights[entity].items()
        }
        for entity in sorted(weights)
    }


def _labels(weights: Mapping[UUID, Mapping[UUID, int]]) -> dict[UUID, UUID]:
    labels = {entity: entity for entity in weights}
    for _ in range(_ROUNDS):
        changed = False
        for entity, others in weights.items():
            votes: defaultdict[UUID, int] = defaultdict(int)
            for other, weight in others.items():
                votes[labels[other]] += weight
            best = min(votes, key=lambda label: (-votes[label], label))
            changed = changed or labels[entity] != best
            labels[entity] = best
        if not changed:
            break
    return labels
