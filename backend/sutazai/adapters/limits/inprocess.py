"""Limits of one process."""

import time
from collections.abc import Callable

from sutazai.core.limits.port import Decision, Rate

# Looked through once in so many calls for what is over, so that memory follows what is in use.
SWEEP_EVERY = 1024


class InProcessLimits:
    """Count in this process: for each key the time at which all that was taken is earned again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Take a clock that goes on evenly, in seconds."""
        self._clock = clock
        self._earned: dict[str, float] = {}
        self._calls = 0

    async def take(self, key: str, rate: Rate) -> Decision:
        """Do it once, or be told when."""
        now = self._clock()
        self._sweep(now)
        earned = max(self._earned.get(key, now), now)
        # An interval that is no binary fraction adds up to a little more than it should.
        little = rate.interval_s * 1e-6
        if earned > now + rate.window_s + little:
            # So much is owed only by an earlier, slower rate: by this one, begin anew.
            earned = now
        # One more must fit into the burst: what is owed may reach back no further than that.
        wait = earned + rate.interval_s - now - rate.window_s
        if wait > little:
            return Decision(allowed=False, remaining=0, retry_after_s=wait)
        self._earned[key] = earned = earned + rate.interval_s
        free = rate.window_s - (earned - now)
        return Decision(allowed=True, remaining=int(free / rate.interval_s + 1e-6))

    async def forget(self, key: str) -> None:
        """Begin anew with a key."""
        self._earned.pop(key, None)

    @property
    def keys(self) -> int:
        """Count the keys that are remembered."""
        return len(self._earned)

    def _sweep(self, now: float) -> None:
        self._calls += 1
        if self._calls % SWEEP_EVERY == 0:
            self._earned = {key: at for key, at in self._earned.items() if at > now}
