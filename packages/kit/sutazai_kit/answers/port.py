"""Kept answers: a model that is certain to say the same again need not be asked again."""

from typing import Protocol

from sutazai_contracts.answers import KeptAnswer
from sutazai_contracts.tasks import Claim


class Answers(Protocol):
    """Keep answers of models by question, for one tenant and agent each.

    Best effort and never an error: what was kept may be gone, and a core that does not answer is
    as if it had kept nothing.
    """

    async def find(self, claim: Claim, key: str) -> KeptAnswer | None:
        """Give what the claim's tenant and agent were answered; None: nothing is kept.

        Args:
            claim: for whose work it is asked; it has to hold.
            key: names the question by all that its answer hangs on: `sutazai_kit.answers.exact`.
        """

    async def keep(self, claim: Claim, key: str, answer: KeptAnswer) -> None:
        """Keep a whole answer for a while; one above `MAX_ANSWER_BYTES` is not kept."""
