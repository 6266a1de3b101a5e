"""Waits that grow while something does not answer."""

from random import Random


class Backoff:
    """Give waits that double up to a cap, each drawn between its half and its whole.

    The jitter keeps processes that failed together from coming back together.
    """

    def __init__(self, random: Random, *, base_s: float, cap_s: float) -> None:
        """Take the source of jitter, the first wait and the longest one, in seconds."""
        self._random = random
        self._base_s = base_s
        self._cap_s = cap_s
        self._failures = 0

    def next_s(self) -> float:
        """Give the next wait in seconds."""
        whole = min(self._cap_s, self._base_s * 2 ** min(self._failures, 30))
        self._failures += 1
        return self._random.uniform(whole / 2, whole)

    def reset(self) -> None:
        """Begin again with the first wait."""
        self._failures = 0
