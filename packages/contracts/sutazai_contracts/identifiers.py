"""Identifiers: UUIDv7, made in the application, so that keys sort by the time they were made."""

import os
import time
from threading import Lock
from uuid import UUID

_RANDOM_BITS = 74
_SET_BACK = 10_000 << _RANDOM_BITS
_lock = Lock()
_last = 0


def new_id() -> UUID:
    """Make a UUIDv7 (RFC 9562 §5.7): 48 bits of Unix time in ms, 74 random bits.

    Those of one process go up strictly (§6.2, method 2): within a millisecond, or after the clock
    was set back a little, the next one is the last one and a little more. A clock set back by more
    than ten seconds is followed (§6.2 again), so that no id tells a wrong time for hours.
    """
    global _last
    with _lock:
        value = (time.time_ns() // 1_000_000) << _RANDOM_BITS | _random(_RANDOM_BITS)
        if 0 <= _last - value < _SET_BACK:
            value = _last + 1 + _random(32)
        _last = value
    stamp, rest = value >> _RANDOM_BITS, value & ((1 << _RANDOM_BITS) - 1)
    a, b = rest >> 62, rest & ((1 << 62) - 1)
    return UUID(int=stamp << 80 | 0x7 << 76 | a << 64 | 0x2 << 62 | b)


def _random(bits: int) -> int:
    return int.from_bytes(os.urandom(10), "big") >> (80 - bits)
