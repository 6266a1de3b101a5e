"""What every cache has to do. An adapter's test subclasses `CacheContract` and opens it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from uuid import uuid4

import pytest

from sutazai.core.cache.port import MOST_BYTES, Cache

# Nothing is over while a test runs, however slow the machine.
LONG_S = 1000.0


async def until_gone(cache: Cache, key: str) -> None:
    """Wait until nothing is kept under a key."""
    async with asyncio.timeout(10):
        while True:
            if await cache.get(key) is None:
                return
            await asyncio.sleep(0.01)


class CacheContract:
    """The contract; see `sutazai.core.cache.port`."""

    def open_cache(self) -> AbstractAsyncContextManager[Cache]:
        """Open the port."""
        raise NotImplementedError

    @pytest.fixture
    async def cache(self) -> AsyncIterator[Cache]:
        async with self.open_cache() as cache:
            yield cache

    @pytest.fixture
    def key(self) -> str:
        return f"test:{uuid4()}"

    @pytest.mark.parametrize("value", [b"", b"text", bytes(range(256)) * 6, b"x" * MOST_BYTES])
    async def test_any_bytes_come_back_as_they_were(
        self, cache: Cache, key: str, value: bytes
    ) -> None:
        assert await cache.get(key) is None
        await cache.put(key, value, LONG_S)
        assert await cache.get(key) == value
        assert await cache.get(key) == value

    async def test_the_newest_value_is_kept(self, cache: Cache, key: str) -> None:
        await cache.put(key, b"old", LONG_S)
        await cache.put(key, b"new", LONG_S)
        assert await cache.get(key) == b"new"

    async def test_keys_are_apart(self, cache: Cache, key: str) -> None:
        await cache.put(key, b"one", LONG_S)
        await cache.put(f"{key}:other", b"two", LONG_S)
        await cache.drop(key)
        assert (await cache.get(key), await cache.get(f"{key}:other")) == (None, b"two")
        await cache.drop(key)

    async def test_a_value_is_gone_after_its_time(self, cache: Cache, key: str) -> None:
        await cache.put(key, b"short", 0.05)
        await until_gone(cache, key)

    async def test_a_value_may_get_another_time(self, cache: Cache, key: str) -> None:
        await cache.put(key, b"value", 0.05)
        await cache.put(key, b"value", LONG_S)
        await cache.put(f"{key}:other", b"value", 0.05)
        await until_gone(cache, f"{key}:other")
        assert await cache.get(key) == b"value"

    async def test_what_is_too_large_is_not_kept_nor_what_was_there(
        self, cache: Cache, key: str
    ) -> None:
        await cache.put(key, b"old", LONG_S)
        await cache.put(key, b"x" * (MOST_BYTES + 1), LONG_S)
        assert await cache.get(key) is None
