"""Search in one collection: by meaning and words, then held against the record.

Where the graph is asked for, passages that are joined to the first ones found, by what both name,
take every other place from the third on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sutazai.core.graph.expanding import joined
from sutazai.core.graph.model import Scope
from sutazai.core.graph.port import AskedGraph
from sutazai.core.knowledge.model import SearchHit
from sutazai.core.knowledge.ports import ChunkPlace, KnowledgeRecords, SearchScope
from sutazai.core.knowledge.rebuilding import refuse_other_model
from sutazai_contracts.errors import InvalidInput
from sutazai_contracts.joining import seeds, with_joined
from sutazai_kit.embeddings.port import Embeddings
from sutazai_kit.vectors.port import Hit, Query, Vectors

LONGEST_QUERY = 2_000
MOST_HITS = 100


@dataclass(frozen=True, slots=True)
class Search:
    """Find chunks; what the vector store finds and the record does not know is left out."""

    records: KnowledgeRecords
    vectors: Vectors
    embeddings: Embeddings
    graph: AskedGraph

    async def find(
        self, tenant: UUID, query: str, collection: str, limit: int, *, by_graph: bool = False
    ) -> list[SearchHit]:
        """Find the best `limit` chunks, best first.

        Args:
            tenant: whose collection it is.
            query: what is asked.
            collection: where.
            limit: how many at most.
            by_graph: whether chunks that are joined to the best ones are among them.

        Raises:
            InvalidInput: the query is blank or too long, or the limit out of range.
            NotFound: this tenant has no such collection.
            ModelMismatch: the collection was embedded by another model.
            GraphUnavailable: the graph is wanted and can't be asked.
        """
        _check(query, limit)
        scope = await self.records.scope(tenant, collection)
        refuse_other_model(collection, scope.model, self.embeddings.model)
        vector = (await self.embeddings.embed([query], interactive=True))[0]
        asked = Query(vector, query, limit, scope.hidden_versions)
        hits = await self._find(tenant, scope, asked)
        return await self._expanded(tenant, scope, asked, hits) if by_graph else hits

    async def _find(self, tenant: UUID, scope: SearchScope, asked: Query) -> list[SearchHit]:
        hits, found = await self._ask(tenant, scope, asked)
        lost = {hit.version for hit in hits if hit.id not in found}
        if lost and len(found) < asked.limit:
            # What was removed since the scope was read has taken the places of others.
            hidden = (*scope.hidden_versions, *lost)
            hits, found = await self._ask(tenant, scope, replace(asked, hidden_versions=hidden))
        return [_hit(hit, found[hit.id]) for hit in hits if hit.id in found]

    async def _expanded(
        self, tenant: UUID, scope: SearchScope, asked: Query, hits: list[SearchHit]
    ) -> list[SearchHit]:
        async def among(chunks: tuple[UUID, ...]) -> list[SearchHit]:
            return await self._find(tenant, scope, replace(asked, limit=len(chunks), only=chunks))

        own = Scope(tenant, scope.collection)
        around = await self.graph.ask(own, lambda graph: joined(graph, own, seeds(hits)))
        placed = await with_joined(hits, around, asked.limit, among)
        return [replace(one.hit, score=one.score, by_graph=one.by_graph) for one in placed]

    async def _ask(
        self, tenant: UUID, scope: SearchScope, query: Query
    ) -> tuple[Sequence[Hit], Mapping[UUID, ChunkPlace]]:
        hits = await self.vectors.search(scope.physical, query)
        if not hits:
            return (), {}
        return hits, await self.records.places(tenant, [hit.id for hit in hits])


def _check(query: str, limit: int) -> None:
    if not query.strip():
        raise InvalidInput("the query is empty", field="query")
    if len(query) > LONGEST_QUERY:
        raise InvalidInput(
            f"the query has {len(query)} characters and may have {LONGEST_QUERY}", field="query"
        )
    if not 1 <= limit <= MOST_HITS:
        raise InvalidInput(f"the limit is 1 to {MOST_HITS}, not {limit}", field="limit")


def _hit(hit: Hit, place: ChunkPlace) -> SearchHit:
    return SearchHit(
        chunk=hit.id,
        document=place.document,
        heading_path=place.heading_path,
        start=place.start,
        end=place.end,
        text=hit.text,
        score=hit.score,
        similarity=hit.similarity,
    )
