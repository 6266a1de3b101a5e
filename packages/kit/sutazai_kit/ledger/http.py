"""The ledger over HTTP: core's internal API, for agents in a process of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

from sutazai_contracts.errors import Unavailable
from sutazai_contracts.internal import (
    MAX_BEATS,
    Announcement,
    ClaimCall,
    HeartbeatReplies,
    Heartbeats,
)
from sutazai_contracts.tasks import AgentCard, Beat, BeatReply, ClaimReply
from sutazai_kit.core_client import CoreClient


@dataclass(frozen=True, slots=True)
class HttpLedger:
    """Ask core for tasks as one agent.

    Raises `Unavailable` where core does not answer, `Unauthenticated` and `Forbidden` where the
    token is not this agent's.
    """

    core: CoreClient

    async def announce(self, card: AgentCard, worker: str) -> None:
        """Make an agent process known; a second call renews it."""
        await self.core.tell("/announce", Announcement(card=card, worker=worker))

    async def claim(self, agent: str, worker: str, slots: int) -> ClaimReply:
        """Claim the best `slots` or fewer ready tasks of an agent.

        A call whose answer does not arrive may have claimed all the same: such tasks come again
        when their leases end.
        """
        return await self.core.ask(
            "/claims", ClaimCall(agent=agent, worker=worker, slots=slots), ClaimReply
        )

    async def heartbeat(self, beats: Sequence[Beat]) -> list[BeatReply]:
        """Renew the leases of claims; one reply per beat, in their order."""
        replies: list[BeatReply] = []
        for first in range(0, len(beats), MAX_BEATS):
            some = tuple(beats[first : first + MAX_BEATS])
            answer = await self.core.ask("/heartbeats", Heartbeats(beats=some), HeartbeatReplies)
            if len(answer.replies) != len(some):
                raise Unavailable("Core's answer does not hold a reply a heartbeat.")
            replies += answer.replies
        return replies
