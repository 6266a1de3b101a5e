"""The graph as it is read: facts in PostgreSQL, or a projection of them.

What asks more than one step of it (neighbours of neighbours, ways, communities) is made of these
steps in `sutazai.core.graph`, so that every adapter gives the same.
"""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from sutazai.core.graph.model import Entity, Link, Place, Scope


class Graph(Protocol):
    """Read the graph of one collection.

    Every call names the tenant: an adapter gives nothing of another, whatever ids it is asked for.
    What a collection does not have is left out. All raise `GraphUnavailable` where the graph can't
    be asked, and `limit` bounds what is given, not what is looked at.
    """

    async def entities(self, scope: Scope, wanted: Sequence[UUID]) -> list[Entity]:
        """Read entities, by ascending id."""

    async def find(self, scope: Scope, starts: Sequence[str], limit: int) -> list[Entity]:
        """Find entities whose key begins with one of these.

        Args:
            scope: the collection.
            starts: as keys have them; one that is all of a key comes first, then what most chunks
                name, then by id.
            limit: how many at most.
        """

    async def links(self, scope: Scope, ends: Sequence[UUID], limit: int) -> list[Link]:
        """Give the links of some entities, each once: the strongest first, then by their order."""

    async def all_links(self, scope: Scope, limit: int) -> list[Link]:
        """Give the links of a collection: the strongest first, then by their order."""

    async def links_said(self, scope: Scope, chunks: Sequence[UUID], limit: int) -> list[Link]:
        """Give the links that these chunks say, weighed by them alone: the strongest first."""

    async def named(self, scope: Scope, chunks: Sequence[UUID]) -> list[Place]:
        """Tell which entities these chunks name, by chunk, then entity."""

    async def naming(self, scope: Scope, wanted: Sequence[UUID], limit: int) -> list[Place]:
        """Tell which chunks name these entities, by entity, then chunk."""
