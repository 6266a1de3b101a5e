"""A cache of one process."""

import time
from collections import OrderedDict
from collections.abc import Callable

from sutazai.core.cache.port import MOST_BYTES

# What all of it may take, and how many entries: a small one costs more than its bytes.
ALL_BYTES = 32 * 1024 * 1024
ENTRIES = 10_000


class InProcessCache:
    """Keep values in this process; where it is full, what was used longest ago goes."""

    def __init__(
        self,
        *,
        all_bytes: int = ALL_BYTES,
        entries: int = ENTRIES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the bounds of all values together, and a clock that goes on evenly, in seconds."""
        self._all_bytes, self._entries, self._clock = all_bytes, entries, clock
        # Each value with the time at which it is over; in the order of use.
        self._kept: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._bytes = 0

    async def get(self, key: str) -> bytes | None:
        """Give what is kept under a key; None: nothing is."""
        found = self._kept.get(key)
        if found is None:
            return None
        value, until = found
        if until <= self._clock():
            self._forget(key)
            return None
        self._kept.move_to_end(key)
        return value

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep a value in the place of what was there; one above `MOST_BYTES` is not kept."""
        self._forget(key)
        if len(value) > min(MOST_BYTES, self._all_bytes):
            return
        self._kept[key] = value, self._clock() + ttl_s
        self._bytes += len(value)
        while self._bytes > self._all_bytes or len(self._kept) > self._entries:
            self._forget(next(iter(self._kept)))

    async def drop(self, key: str) -> None:
        """Forget a key, where there is one."""
        self._forget(key)

    def _forget(self, key: str) -> None:
        value, _ = self._kept.pop(key, (b"", 0.0))
        self._bytes -= len(value)
