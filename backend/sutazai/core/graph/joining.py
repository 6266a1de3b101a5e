"""What is joined to chunks that an agent found, in the collection of its task alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sutazai.core.graph.expanding import joined
from sutazai.core.graph.model import Scope
from sutazai.core.graph.port import AskedGraph
from sutazai.core.graph.ports import CollectionIds
from sutazai_contracts.joining import MOST_SEEDS, Joined


@dataclass(frozen=True, slots=True)
class JoinedChunks:
    """Tell which chunks are joined to others, of which `MOST_SEEDS` count.

    Args:
        graph: where it is looked up.
        collections: knows which collection a step may touch.
    """

    graph: AskedGraph
    collections: CollectionIds

    async def in_collection(self, tenant: UUID, collection: UUID, chunks: Sequence[UUID]) -> Joined:
        """Give what is joined to chunks of a collection.

        Raises:
            GraphUnavailable: the graph can't be asked.
        """
        if not chunks:
            return Joined()
        scope, seeds = Scope(tenant, collection), chunks[:MOST_SEEDS]
        return await self.graph.ask(scope, lambda graph: joined(graph, scope, seeds))

    async def for_step(self, tenant: UUID, run: UUID, step: str, chunks: Sequence[UUID]) -> Joined:
        """Give what is joined to chunks of the collection that a step may touch, if any.

        Raises:
            DatabaseUnavailable: the record does not answer.
            GraphUnavailable: the graph can't be asked.
        """
        collection = await self.collections.touched(tenant, run, step)
        if collection is None:
            return Joined()
        return await self.in_collection(tenant, collection, chunks)
