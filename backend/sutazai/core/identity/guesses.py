"""Credentials that are wrong: whoever shows many is slowed, and nobody beside them."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from sutazai.core.limits.port import Limits, Rate
from sutazai_contracts.errors import RateLimited

# So many wrong ones at once from one address, and then one a second: a secret of 256 bits is not
# guessed, but each try costs a look-up.
WRONG = Rate(100, 1.0)
# What was good is looked up also while its address is slowed. Behind a gateway all share one.
_REMEMBERED = 4_096
_ADDRESSES = 4_096


@dataclass(slots=True)
class Guesses:
    """Slow down who shows wrong keys, tokens or sessions.

    A good credential costs no question to what counts. While an address is slowed, what was not
    found good before is turned away without being looked up.

    Args:
        limits: what counts, for all processes.
        rate: how many wrong ones one address may show.
        clock: seconds, monotonic.
    """

    limits: Limits
    rate: Rate = WRONG
    clock: Callable[[], float] = monotonic
    # Not the credentials: numbers made of them by this process's own secret (SipHash).
    _good: OrderedDict[int, None] = field(default_factory=OrderedDict)
    _until: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def turn_away(self, address: str, credential: str) -> None:
        """Refuse what comes from an address that is slowed, but for what is known to be good.

        Raises:
            RateLimited: too many were wrong; says when the next is looked at.
        """
        if not self._until or (until := self._until.get(address)) is None:
            return
        left = until - self.clock()
        if left <= 0:
            del self._until[address]
        elif hash(credential) not in self._good:
            raise _too_many(left)

    def good(self, credential: str) -> None:
        """Remember that a credential is good."""
        known = hash(credential)
        self._good[known] = None
        self._good.move_to_end(known)
        if len(self._good) > _REMEMBERED:
            self._good.popitem(last=False)

    async def wrong(self, address: str, credential: str) -> None:
        """Count a wrong one.

        Raises:
            RateLimited: there were too many; says when the next is looked at.
        """
        self._good.pop(hash(credential), None)
        decision = await self.limits.take(f"wrong:{address}", self.rate)
        if decision.allowed:
            return
        self._until[address] = self.clock() + decision.retry_after_s
        if len(self._until) > _ADDRESSES:
            self._until.popitem(last=False)
        raise _too_many(decision.retry_after_s)


def _too_many(retry_after_s: float) -> RateLimited:
    return RateLimited(
        "too many wrong keys, tokens or sessions from this address; wait before the next one",
        retry_after_s=retry_after_s,
    )
