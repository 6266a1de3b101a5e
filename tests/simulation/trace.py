"""What happened in a run, in order: words to read, and a hash to compare."""

import asyncio
import hashlib
from collections import Counter
from uuid import UUID


class Trace:
    """Keep what happened as lines, or, where nobody reads them, as their hash alone."""

    def __init__(self, *, keep: bool = False) -> None:
        self.lines: list[str] = []
        self.times: Counter[str] = Counter()
        self._keep = keep
        self._hash = hashlib.blake2b(digest_size=16)

    def __call__(self, who: str, what: str, *about: object) -> None:
        """Note that something happened now."""
        self.times[what] += 1
        now = asyncio.get_running_loop().time() - 1000
        line = f"{now:10.4f} {who:<8} {what} {' '.join(map(str, about))}".rstrip()
        self._hash.update(line.encode())
        if self._keep:
            self.lines.append(line)

    @property
    def hash(self) -> str:
        """Give the hash of all lines."""
        return self._hash.hexdigest()


def short(id: UUID | None) -> str:
    """Name an id by its last digits, which are drawn by lot in every kind of id."""
    return id.hex[-6:] if id else "-"
