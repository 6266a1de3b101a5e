"""A cache: bytes by key, for a time. It only makes things quick."""

from typing import Protocol

# A larger value is not kept.
MOST_BYTES = 512 * 1024


class Cache(Protocol):
    """Keep bytes for a while. Best effort, and never an error.

    What was put may be gone at any time, and a cache that does not answer is as if it were empty.
    So a key has to say all that its value hangs on: a value that would be wrong later needs
    another key, as `drop` may not reach what it should.
    """

    async def get(self, key: str) -> bytes | None:
        """Give what is kept under a key; None: nothing is, or nobody answers."""

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep a value in the place of what was there; one above `MOST_BYTES` is not kept.

        Args:
            key: begins with its purpose, such as `query:`.
            value: any bytes.
            ttl_s: seconds after which it is gone, above 0.
        """

    async def drop(self, key: str) -> None:
        """Forget a key, where there is one."""
