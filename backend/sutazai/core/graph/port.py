"""The graph as it is read: facts in PostgreSQL, or a projection of them.

What asks more than one step of it (neighbours of neighbours, ways, communities) is made of these
steps in `sutazai.core.graph`, so that every adapter gives the same.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from sutazai.core.graph.facts import VersionFacts
from sutazai.core.graph.model import Entity, Link, Place, Scope
from sutazai.core.graph.standing import Held

T = TypeVar("T")


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


class AskedGraph(Protocol):
    """Whoever a question about the graph is put to."""

    async def ask(self, scope: Scope, question: Callable[[Graph], Awaitable[T]]) -> T:
        """Ask a question of one or more steps, all of them of one graph.

        It may be asked a second time, of another: it has to change nothing.

        Raises:
            GraphUnavailable: the graph can't be asked.
        """


class Projection(Protocol):
    """What is projected of the facts, a version whole or not at all.

    A change leaves a collection standing for nothing until it is settled, and all that names
    another tenant changes and gives nothing. All raise `GraphUnavailable`.
    """

    async def prepare(self) -> None:
        """Make what writing needs, where it is not there."""

    async def held(self) -> Mapping[Scope, Held]:
        """Tell of every collection what is projected of it."""

    async def held_of(self, scope: Scope) -> Held | None:
        """Tell what is projected of a collection; None: nothing."""

    async def versions(self, scope: Scope) -> set[UUID]:
        """Tell which versions of a collection are projected."""

    async def add(self, scope: Scope, facts: Sequence[VersionFacts]) -> None:
        """Project versions of a collection; what is there already is left as it is."""

    async def remove(self, scope: Scope, versions: Collection[UUID]) -> None:
        """Forget versions of a collection, and the entities that nothing names any more."""

    async def settle(self, scope: Scope) -> None:
        """Write down what a collection stands for, from the versions that are there."""

    async def distrust(self, scope: Scope) -> None:
        """Say that what is projected of a collection is not to be believed, but made anew."""

    async def forget(self, scope: Scope) -> None:
        """Remove all that is of a collection, whatever it is; what it stands for goes last."""
