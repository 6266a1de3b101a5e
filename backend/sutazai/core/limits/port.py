"""How often something may be done: a rate, and a burst that it allows."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and after them one each `interval_s` seconds."""

    burst: int
    interval_s: float

    def __post_init__(self) -> None:
        """Refuse what is no rate."""
        if self.burst < 1 or self.interval_s <= 0:
            raise ValueError("a rate has a burst of at least 1 and an interval above 0")

    @property
    def window_s(self) -> float:
        """Give the seconds after which nothing of a burst is remembered."""
        return self.burst * self.interval_s


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it may be done now, how often more, and otherwise in how many seconds."""

    allowed: bool
    remaining: int
    retry_after_s: float = 0.0


class Limits(Protocol):
    """Count by key, atomically: the generic cell rate algorithm (ITU-T I.371), which needs one
    number per key.

    Best effort: where what counts does not answer, everything is allowed, since a limit protects
    the platform and must not be what stops it.
    """

    async def take(self, key: str, rate: Rate) -> Decision:
        """Do it once, or be told when. What is refused counts for nothing.

        Args:
            key: what is counted; by its purpose and whose it is, such as `api:<tenant>:<key>`.
            rate: the same for a key at all times; what is owed for longer than its window, by a
                slower one, is forgiven.
        """

    async def forget(self, key: str) -> None:
        """Begin anew with a key."""
