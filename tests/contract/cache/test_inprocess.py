"""The cache of one process under the contract, and its bounds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sutazai.adapters.cache.inprocess import InProcessCache
from tests.contract.cache.suite import LONG_S, CacheContract


class TestInProcessCache(CacheContract):
    @asynccontextmanager
    async def open_cache(self) -> AsyncIterator[InProcessCache]:
        yield InProcessCache()


async def kept(cache: InProcessCache, *keys: str) -> str:
    """Tell which of some keys are still there."""
    return "".join([key for key in keys if await cache.get(key) is not None])


async def test_full_of_entries_the_one_used_longest_ago_goes() -> None:
    cache = InProcessCache(entries=3)
    for key in "abc":
        await cache.put(key, b"value", LONG_S)
    assert await cache.get("a") == b"value"
    await cache.put("d", b"value", LONG_S)
    assert await kept(cache, *"abcd") == "acd"


async def test_full_of_bytes_so_many_go_that_the_new_one_fits() -> None:
    cache = InProcessCache(all_bytes=10)
    for key in "abc":
        await cache.put(key, b"123", LONG_S)
    await cache.put("d", b"12345", LONG_S)
    assert await kept(cache, *"abcd") == "cd"
    await cache.put("e", b"12345678901", LONG_S)
    assert await kept(cache, *"cde") == "cd"


async def test_what_was_forgotten_takes_no_room() -> None:
    now = 0.0
    cache = InProcessCache(all_bytes=10, clock=lambda: now)
    await cache.put("a", b"12345", 1.0)
    await cache.put("b", b"12345", LONG_S)
    await cache.put("b", b"12345", LONG_S)
    assert await kept(cache, *"ab") == "ab"
    now = 1.0
    assert await kept(cache, *"ab") == "b"
    await cache.put("c", b"12345", LONG_S)
    assert await kept(cache, *"bc") == "bc"
    await cache.drop("b")
    await cache.put("d", b"12345", LONG_S)
    assert await kept(cache, *"cd") == "cd"
