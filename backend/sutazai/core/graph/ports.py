"""What the graph needs of the record: collections, cited chunks, what says so, and facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sutazai.core.graph.facts import VersionFacts
from sutazai.core.graph.model import Scope, Source
from sutazai.core.graph.standing import Standing
from sutazai_contracts.graph import RelationKind


@dataclass(frozen=True, slots=True)
class Quoted:
    """A span of a document's stored text, in code points."""

    document: UUID
    start: int
    end: int


class CitedChunks(Protocol):
    """Look up chunks by what was quoted of them."""

    async def cited(self, tenant: UUID, quotes: Sequence[Quoted]) -> list[UUID]:
        """Give the chunks of what is indexed now that these spans are in, by id.

        Raises:
            DatabaseUnavailable: the record does not answer.
        """


class SayingPassages(Protocol):
    """Look up what a link was read from.

    That stands in the record, whatever the graph is read from: a projection need not know names
    of documents, and can't fall behind in what a person opens.
    """

    async def saying(
        self, scope: Scope, subject: UUID, kind: RelationKind, what: UUID, limit: int
    ) -> Sequence[Source]:
        """Give the passages that say this of two entities, by document, then place.

        Raises:
            DatabaseUnavailable: the record does not answer.
        """


class CollectionIds(Protocol):
    """Look up which collection is meant.

    Raises `DatabaseUnavailable` where the record does not answer.
    """

    async def named(self, tenant: UUID, name: str) -> UUID:
        """Give the collection of a name.

        Raises:
            NotFound: this tenant has no such collection.
        """

    async def touched(self, tenant: UUID, run: UUID, step: str) -> UUID | None:
        """Give the collection that a step of a run may touch; None: none, or it is gone."""


class FactRecords(Protocol):
    """Look up the facts of all tenants, for a projection of them.

    Raises `DatabaseUnavailable` where the record does not answer.
    """

    async def standings(self) -> Mapping[Scope, Standing]:
        """Tell of every collection which versions are found; one without any is left out."""

    async def standing(self, scope: Scope) -> Standing:
        """Tell of a collection which versions are found."""

    async def indexed(self, scope: Scope) -> Mapping[UUID, int]:
        """List the versions of a collection that are found, each with its number of chunks."""

    async def facts(self, scope: Scope, versions: Sequence[UUID]) -> Sequence[VersionFacts]:
        """Read what some versions say, all of one moment; those found no more are left out."""
