"""The ledger as an agent sees it: claim work, keep it by heartbeats."""

from collections.abc import Sequence
from typing import Protocol

from sutazai_contracts.tasks import AgentCard, Beat, BeatReply, ClaimReply


class Ledger(Protocol):
    """Hand out tasks and hear of them. Outcomes travel on the bus (`core.outcomes`)."""

    async def announce(self, card: AgentCard, worker: str) -> None:
        """Make an agent process known; a second call renews it."""

    async def claim(self, agent: str, worker: str, slots: int) -> ClaimReply:
        """Claim the best `slots` or fewer ready tasks of an agent.

        Raises:
            Unavailable: the ledger does not answer; keep the wake-up and try again.
        """

    async def heartbeat(self, beats: Sequence[Beat]) -> list[BeatReply]:
        """Renew the leases of claims; one reply per beat, in their order."""
