"""The cache in a real Redis under the contract; and as if empty while that is lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from sutazai.adapters.cache.redis import PREFIX, RedisCache
from sutazai.adapters.embeddings.cached import CachedEmbeddings
from sutazai.adapters.redis_client import ANSWER_S, open_redis
from sutazai.entrypoints.secrets.services import redis_users
from tests.contract.cache.suite import LONG_S, CacheContract
from tests.integration.knowledge.bag_of_words import BagOfWords
from tests.support.containers import container
from tests.support.redis import RedisServer, link_to, redis_server

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


class TestRedisCache(CacheContract):
    @pytest.fixture(autouse=True)
    def _given(self, server: RedisServer) -> None:
        self.server = server

    @asynccontextmanager
    async def open_cache(self) -> AsyncIterator[RedisCache]:
        async with link_to(self.server) as link:
            yield RedisCache(link)

    async def test_what_one_process_keeps_another_finds(self) -> None:
        key = f"test:{uuid4()}"
        async with self.open_cache() as one, self.open_cache() as two:
            await one.put(key, b"value", LONG_S)
            assert await two.get(key) == b"value"
            await two.drop(key)
            assert await one.get(key) is None

    async def test_redis_itself_forgets_it(self, server: RedisServer) -> None:
        key = f"test:{uuid4()}"
        async with self.open_cache() as cache, server.plain() as client:
            await cache.put(key, b"value", 2.0)
            assert 0 < await client.pttl(PREFIX + key) <= 2000
            await cache.put(key, b"value", 1e-9)
            assert await client.pttl(PREFIX + key) <= 1

    async def test_while_redis_is_lost_it_is_as_if_empty(self, server: RedisServer) -> None:
        key = f"test:{uuid4()}"
        async with self.open_cache() as patient, link_to(server, ANSWER_S) as link:
            cache = RedisCache(link)
            await patient.put(key, b"value", LONG_S)
            with server.held_up():
                await cache.put(f"{key}:other", b"value", LONG_S)
                assert await cache.get(key) is None
                await cache.drop(key)
            assert link.problem
            assert await patient.get(key) == b"value"

    @pytest.mark.requirement("B4", part="embedding cache")
    async def test_a_question_is_embedded_with_redis_and_without(self, server: RedisServer) -> None:
        asked, embedder = [f"Where is it? {uuid4()}"], BagOfWords()
        async with link_to(server, ANSWER_S) as link:
            cached = CachedEmbeddings(embedder, RedisCache(link))
            first = await cached.embed(asked, interactive=True)
            assert np.array_equal(await cached.embed(asked, interactive=True), first)
            assert len(embedder.interactive) == 1
            with server.held_up():
                assert np.array_equal(await cached.embed(asked, interactive=True), first)
            assert len(embedder.interactive) == 2


async def test_core_has_the_rights_to_all_of_it(tmp_path: Path) -> None:
    users = tmp_path / "users.acl"
    users.write_text(redis_users("secret"))
    users.chmod(0o644)
    command = ["redis-server", "--aclfile", "/users.acl"]
    with container("redis", 6379, command=command, volumes={users: "/users.acl"}) as server:
        url = f"redis://core:secret@{server.host}:{server.port}/0"
        async with open_redis(url, 10.0) as link:
            cache = RedisCache(link)
            async with asyncio.timeout(20):
                while await cache.get("key") is None:
                    await cache.put("key", b"value", LONG_S)
            await cache.drop("key")
            assert (await cache.get("key"), link.problem) == (None, "")
