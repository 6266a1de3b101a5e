"""Kept answers for agents that run inside core: the same service, no wire between."""

from dataclasses import dataclass

from sutazai.core.models.answers import KeptAnswers
from sutazai_contracts.answers import KeptAnswer
from sutazai_contracts.tasks import Claim


@dataclass(frozen=True, slots=True)
class InProcessAnswers:
    """Let agents of this process find and keep answers."""

    answers: KeptAnswers

    async def find(self, claim: Claim, key: str) -> KeptAnswer | None:
        """Give what the claim's tenant and agent were answered; None: nothing is kept."""
        return await self.answers.find(claim.tenant, claim.agent, key)

    async def keep(self, claim: Claim, key: str, answer: KeptAnswer) -> None:
        """Keep a whole answer for a while; one above `MAX_ANSWER_BYTES` is not kept."""
        await self.answers.keep(claim.tenant, claim.agent, key, answer)
