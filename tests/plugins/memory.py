"""Memory that a test gave back is kept for the next one: on virtual machines it is dear to get."""

import ctypes

# Of mallopt(3); values beyond what the C library allows leave its own.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8


def pytest_configure() -> None:
    """Tell the C library, where it is glibc; the processes that tests start are not told."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)
        mallopt(_MMAP_THRESHOLD, 1 << 30)
        mallopt(_TRIM_THRESHOLD, 2**31 - 1)
