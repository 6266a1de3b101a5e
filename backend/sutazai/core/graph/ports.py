"""What the graph needs of the record: which chunks an answer was made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


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
