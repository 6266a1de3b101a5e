"""A real Redis for tests, as the compose files run it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import redis
import redis.asyncio

from sutazai.adapters.redis_client import RedisLink, open_redis
from tests.support.containers import Server, container
from tests.support.programs import eventually


@dataclass
class RedisServer:
    """A Redis that runs, and can be held up for a while."""

    server: Server

    @property
    def url(self) -> str:
        """Give its URL."""
        return f"redis://{self.server.host}:{self.server.port}/0"

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Let it answer nothing until the end of the block; its connections stay open."""
        running = self.server.running.get_wrapped_container()
        running.pause()
        try:
            yield
        finally:
            running.unpause()

    @asynccontextmanager
    async def plain(self) -> AsyncIterator["redis.asyncio.Redis"]:
        """Give a plain client, to look at what is kept."""
        client = redis.asyncio.Redis.from_url(self.url)
        yield client
        await client.aclose()


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Run Redis until the end of the block."""
    with container("redis", 6379) as server:
        found = RedisServer(server)
        client = redis.Redis.from_url(found.url, socket_timeout=1)
        # The port is taken before Redis listens at its other end.
        eventually(lambda: _answers(client), "Redis answers")
        client.close()
        yield found


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


@asynccontextmanager
async def link_to(server: RedisServer, answer_s: float = 10.0) -> AsyncIterator[RedisLink]:
    """Open the way to it that core's adapters share; patient, however busy this machine is."""
    async with open_redis(server.url, answer_s) as link:
        yield link
