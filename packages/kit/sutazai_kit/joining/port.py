"""Joining: what the graph knows of the chunks of a task's collection."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from sutazai_contracts.joining import Joined
from sutazai_contracts.tasks import Claim


class Joining(Protocol):
    """Tell which chunks are joined to others in the collection that a claim may touch.

    Of another collection or tenant nothing is told, whatever chunks are asked about, and nothing
    at all where the claim's step may touch no collection.
    """

    async def joined(self, claim: Claim, chunks: Sequence[UUID]) -> Joined:
        """Give the chunks that are joined to some by at most two links.

        Args:
            claim: for whose work it is asked; it has to hold.
            chunks: what others are joined to, best first; after `MOST_SEEDS` none counts.

        Raises:
            GraphUnavailable: the graph can't be asked now.
            Forbidden: the claim is another agent's.
            LeaseLost: the claim does not hold any more.
        """
