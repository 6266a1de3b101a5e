"""Joined chunks for agents that run inside core: the same service, no wire between."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sutazai.core.graph.joining import JoinedChunks
from sutazai_contracts.joining import Joined
from sutazai_contracts.tasks import Claim


@dataclass(frozen=True, slots=True)
class InProcessJoining:
    """Let agents of this process ask what is joined."""

    chunks: JoinedChunks

    async def joined(self, claim: Claim, chunks: Sequence[UUID]) -> Joined:
        """Give the chunks that are joined to some by at most two links."""
        if claim.grant is None:
            return Joined()
        return await self.chunks.in_collection(claim.tenant, claim.grant.collection, chunks)
