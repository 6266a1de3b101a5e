"""The graph as it is asked for: by a collection's name, within bounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sutazai.core.graph.model import (
    Community,
    Entity,
    GraphPath,
    ProjectionState,
    Scope,
    Source,
    Subgraph,
)
from sutazai.core.graph.port import AskedGraph, Graph
from sutazai.core.graph.ports import CitedChunks, CollectionIds, Quoted, SayingPassages
from sutazai.core.graph.projected import ProjectedGraph
from sutazai.core.graph.walking import MOST_LINKS, around, communities, way
from sutazai.core.runs.service import Runs
from sutazai_contracts.errors import InvalidInput, NotFound
from sutazai_contracts.graph import RelationKind, folded, unaccented
from sutazai_contracts.knowledge import Citation

MOST_HOPS = 3
MOST_ENTITIES = 200
LONGEST_WAY = 6
MOST_COMMUNITIES = 200
MOST_SOURCES = 200
# Of a community so many are shown.
SHOWN = 12


@dataclass(frozen=True, slots=True)
class GraphService:
    """Ask the graph of a tenant's collections.

    Args:
        graph: where it is looked up.
        collections: which collections there are.
        runs: the runs whose answers are looked at.
        chunks: which chunks an answer was made of.
        passages: what a link was read from.
        projection: what is projected of the facts; None: they are asked themselves.
    """

    graph: AskedGraph
    collections: CollectionIds
    runs: Runs
    chunks: CitedChunks
    passages: SayingPassages
    projection: ProjectedGraph | None = None

    async def find(self, tenant: UUID, collection: str, text: str, limit: int) -> list[Entity]:
        """Find entities whose name begins with a text, whatever its case and accents.

        Raises:
            InvalidInput: the text holds no letter and no digit, or the limit is out of range.
            NotFound: this tenant has no such collection.
        """
        _within("limit", limit, MOST_ENTITIES)
        if not folded(text):
            raise InvalidInput("the text holds no letter and no digit", field="text")
        # Keys of names are folded; those of files, dates and code keep their signs.
        starts = [folded(text), unaccented(text.strip()), text.strip()]
        scope = await self._scope(tenant, collection)
        return await self.graph.ask(scope, lambda graph: graph.find(scope, starts, limit))

    async def neighbours(
        self, tenant: UUID, collection: str, entity: UUID, hops: int, limit: int
    ) -> Subgraph:
        """Give what is joined to an entity by at most `hops` links, itself among it.

        Raises:
            InvalidInput: a bound is out of range.
            NotFound: this tenant has no such collection, or that no such entity.
        """
        _within("hops", hops, MOST_HOPS)
        _within("limit", limit, MOST_ENTITIES)
        scope = await self._scope(tenant, collection)
        found = await self.graph.ask(scope, lambda graph: around(graph, scope, entity, hops, limit))
        if not found.entities:
            raise _no_entity(collection, entity)
        return found

    async def path(
        self, tenant: UUID, collection: str, start: UUID, end: UUID, longest: int
    ) -> GraphPath:
        """Give a shortest way between two entities; it is empty where none is that short.

        Raises:
            InvalidInput: the bound is out of range.
            NotFound: this tenant has no such collection, or that not both entities.
        """
        _within("longest", longest, LONGEST_WAY)
        scope = await self._scope(tenant, collection)

        async def question(graph: Graph) -> tuple[set[UUID], GraphPath]:
            known = {entity.id for entity in await graph.entities(scope, [start, end])}
            if len(known) < len({start, end}):
                return known, GraphPath()
            return known, await way(graph, scope, start, end, longest)

        known, found = await self.graph.ask(scope, question)
        for entity in (start, end):
            if entity not in known:
                raise _no_entity(collection, entity)
        return found

    async def sources(
        self, tenant: UUID, collection: str, link: tuple[UUID, RelationKind, UUID], limit: int
    ) -> Sequence[Source]:
        """Give the passages that a link was read from; none where nothing says so.

        Args:
            tenant: whose collection.
            collection: its name.
            link: subject, kind and object; of one without a direction in either order.
            limit: how many at most.

        Raises:
            InvalidInput: the limit is out of range.
            NotFound: this tenant has no such collection.
        """
        _within("limit", limit, MOST_SOURCES)
        subject, kind, what = link
        if kind is RelationKind.TOGETHER:
            subject, what = sorted((subject, what))
        scope = await self._scope(tenant, collection)
        return await self.passages.saying(scope, subject, kind, what, limit)

    async def answer(self, tenant: UUID, run: UUID) -> Subgraph:
        """Give what the passages that a run's answer cites name, and what they say of it.

        Passages that were replaced or removed since say nothing any more.

        Raises:
            NotFound: this tenant has no such run, or its collection is gone.
        """
        found = await self.runs.get(tenant, run)
        citations = [Citation.model_validate(one) for one in found.citations]
        if not citations or found.collection is None:
            return Subgraph()
        scope = await self._scope(tenant, found.collection)
        quotes = [Quoted(one.document.id, one.start, one.end) for one in citations]
        chunks = await self.chunks.cited(tenant, quotes)
        return await self.graph.ask(scope, lambda graph: _said(graph, scope, chunks))

    async def communities(self, tenant: UUID, collection: str, limit: int) -> list[Community]:
        """Give groups of entities that are joined most with each other, the largest first.

        Raises:
            InvalidInput: the limit is out of range.
            NotFound: this tenant has no such collection.
        """
        _within("limit", limit, MOST_COMMUNITIES)
        scope = await self._scope(tenant, collection)
        return await self.graph.ask(scope, lambda graph: communities(graph, scope, limit, SHOWN))

    async def projected(self, tenant: UUID, collection: str) -> ProjectionState | None:
        """Tell how far a collection is projected; None: its facts are asked themselves.

        Raises:
            GraphUnavailable: what is projected can't be asked.
            NotFound: this tenant has no such collection.
        """
        scope = await self._scope(tenant, collection)
        return None if self.projection is None else await self.projection.state(scope)

    async def rebuild(self, tenant: UUID, collection: str) -> ProjectionState | None:
        """Have a collection projected anew; None: there is nothing to build.

        Raises:
            GraphUnavailable: what is projected can't be asked.
            NotFound: this tenant has no such collection.
        """
        if self.projection is not None:
            await self.projection.rebuild(await self._scope(tenant, collection))
        return await self.projected(tenant, collection)

    async def _scope(self, tenant: UUID, collection: str) -> Scope:
        return Scope(tenant, await self.collections.named(tenant, collection))


async def _said(graph: Graph, scope: Scope, chunks: Sequence[UUID]) -> Subgraph:
    """Give what some chunks name, and what they say of it."""
    places = await graph.named(scope, chunks)
    named = list(dict.fromkeys(place.entity for place in places))
    entities = await graph.entities(scope, named[:MOST_ENTITIES])
    kept = {entity.id for entity in entities}
    links = await graph.links_said(scope, chunks, MOST_LINKS)
    between = [link for link in links if {link.subject, link.object} <= kept]
    return Subgraph(entities, between, len(named) > MOST_ENTITIES)


def _within(field: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise InvalidInput(f"{field} is 1 to {most}, not {value}", field=field)


def _no_entity(collection: str, entity: UUID) -> NotFound:
    return NotFound(f"nothing in the collection {collection} names an entity {entity}")
