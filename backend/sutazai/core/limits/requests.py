"""How often each caller may ask the API."""

from dataclasses import dataclass
from uuid import UUID

from sutazai.core.limits.port import Limits, Rate
from sutazai_contracts.errors import RateLimited

WORDS = (
    "too many requests: one caller may send {rate:g} a second, and {burst} at once before that "
    "counts (SUTAZAI_API_RATE_PER_S and SUTAZAI_API_BURST of this installation)"
)


@dataclass(frozen=True, slots=True)
class RequestLimit:
    """Count each request to the API against who sent it.

    Args:
        limits: what counts.
        rate: how often one caller may ask; None: as often as they like.
    """

    limits: Limits
    rate: Rate | None

    async def take(self, tenant: UUID, caller: UUID) -> None:
        """Count one request.

        Args:
            tenant: whose the caller is.
            caller: the id of an API key, or of a user who logged in.

        Raises:
            RateLimited: there were too many; says when the next one is taken.
        """
        if self.rate is None:
            return
        decision = await self.limits.take(f"api:{tenant}:{caller}", self.rate)
        if not decision.allowed:
            raise RateLimited(
                WORDS.format(rate=1 / self.rate.interval_s, burst=self.rate.burst),
                retry_after_s=decision.retry_after_s,
            )
