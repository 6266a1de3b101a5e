"""Joined chunks over HTTP: core's internal API, for agents in a process of their own."""

from collections.abc import Sequence
from uuid import UUID

from sutazai_contracts.errors import GraphUnavailable, NotFound, Unavailable
from sutazai_contracts.internal import JoinedWanted
from sutazai_contracts.joining import MOST_SEEDS, Joined
from sutazai_contracts.tasks import Claim
from sutazai_kit.core_client import CoreClient


class HttpJoining:
    """Ask core what is joined."""

    def __init__(self, core: CoreClient) -> None:
        """Take the way to core."""
        self._core = core

    async def joined(self, claim: Claim, chunks: Sequence[UUID]) -> Joined:
        """Give the chunks that are joined to some by at most two links."""
        if not chunks:
            return Joined()
        first = tuple(chunks[:MOST_SEEDS])
        wanted = JoinedWanted(task=claim.task, token=claim.token, chunks=first)
        try:
            return await self._core.ask("/joined", wanted, Joined)
        except GraphUnavailable:
            raise
        except Unavailable as error:
            raise GraphUnavailable(f"The graph can't be asked: {error.message}") from error
        except NotFound as error:
            raise GraphUnavailable("This core has no graph for agents: it is older.") from error
