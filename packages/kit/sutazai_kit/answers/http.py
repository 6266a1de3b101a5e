"""Kept answers over HTTP: core's internal API, for agents in a process of their own."""

import asyncio
from contextlib import suppress

from sutazai_contracts.answers import MAX_ANSWER_BYTES, KeptAnswer
from sutazai_contracts.errors import SutazaiError
from sutazai_contracts.internal import AnswerFound, AnswerToKeep, AnswerWanted
from sutazai_contracts.tasks import Claim
from sutazai_kit.core_client import CoreClient

# Who does not answer by then is done without: the model can be asked as well.
PATIENCE_S = 1.0


class HttpAnswers:
    """Ask core what it kept, and give it what to keep."""

    def __init__(self, core: CoreClient, *, patience_s: float = PATIENCE_S) -> None:
        """Take the way to core, and seconds to wait for its answer."""
        self._core, self._patience_s = core, patience_s

    async def find(self, claim: Claim, key: str) -> KeptAnswer | None:
        """Give what the claim's tenant and agent were answered; None: nothing is kept."""
        wanted = AnswerWanted(task=claim.task, token=claim.token, key=key)
        # A claim that core refuses is refused in words by what is asked next.
        with suppress(SutazaiError, TimeoutError):
            async with asyncio.timeout(self._patience_s):
                return (await self._core.ask("/answers/find", wanted, AnswerFound)).answer
        return None

    async def keep(self, claim: Claim, key: str, answer: KeptAnswer) -> None:
        """Keep a whole answer for a while; one above `MAX_ANSWER_BYTES` is not kept."""
        if len(answer.text) > MAX_ANSWER_BYTES:
            return
        given = AnswerToKeep(task=claim.task, token=claim.token, key=key, answer=answer)
        with suppress(SutazaiError, TimeoutError):
            async with asyncio.timeout(self._patience_s):
                await self._core.tell("/answers/keep", given)
