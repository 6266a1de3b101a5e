"""The ledger for agents that run inside core: the same services, no wire between."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sutazai.core.tasks.service import Tasks
from sutazai_contracts.tasks import AgentCard, Beat, BeatReply, ClaimReply


@dataclass(frozen=True, slots=True)
class InProcessLedger:
    """Hand out tasks to agents of this process.

    Args:
        tasks: the ledger's service.
        announced: hears which agent a worker is.
    """

    tasks: Tasks
    announced: Callable[[AgentCard, str], None] = lambda card, worker: None

    async def announce(self, card: AgentCard, worker: str) -> None:
        """Make an agent known to the registry."""
        self.announced(card, worker)

    async def claim(self, agent: str, worker: str, slots: int) -> ClaimReply:
        """Claim the best `slots` or fewer ready tasks of an agent."""
        return await self.tasks.claim(agent, worker, slots)

    async def heartbeat(self, beats: Sequence[Beat]) -> list[BeatReply]:
        """Renew the leases of claims; one reply per beat."""
        return await self.tasks.heartbeat(beats)
