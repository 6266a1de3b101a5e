"""The way to Redis that core's adapters share: short time-outs, and a rest after a failure."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from loguru import logger
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from sutazai_contracts.errors import Unavailable

R = TypeVar("R")
# What Redis does not answer in this time, a new connection included, is done without it.
ANSWER_S = 0.5
# Time after a failure in which nobody asks, so that a dead Redis costs requests nothing.
REST_S = 1.0
# One event loop needs few; who finds none free waits for one.
CONNECTIONS = 16


class RedisLost(Unavailable):
    """Redis does not answer now; what it makes quick goes on more slowly without it."""


class RedisLink:
    """Ask Redis, or learn at once that it does not answer.

    After a failure nobody asks for a while; then one does, and the others once that one had an
    answer. It is said in the log once when Redis is lost and once when it is back.
    """

    def __init__(
        self,
        client: Redis,
        *,
        answer_s: float = ANSWER_S,
        rest_s: float = REST_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the client, how long to wait for it, and to leave it alone after a failure."""
        self._client, self._answer_s, self._rest_s = client, answer_s, rest_s
        self._clock = clock
        self._rest_until = 0.0
        self._asking = False
        # The pool's own queue lets who comes in the right moment pass those who wait: under load
        # some would wait until Redis counts as lost. This one is first come, first served.
        self._room = asyncio.Semaphore(CONNECTIONS)
        self.problem = ""
        self.failures = 0

    async def ask(self, call: Callable[[Redis], Awaitable[R]]) -> R:
        """Give what a call of the client gives.

        Raises:
            RedisLost: it does not answer, or did not a moment ago.
        """
        if self.problem:
            if self._asking or self._clock() < self._rest_until:
                raise RedisLost
            self._asking = True
        try:
            async with asyncio.timeout(self._answer_s), self._room:
                answer = await call(self._client)
        except (RedisError, OSError, TimeoutError) as exc:
            self._lost(exc)
            raise RedisLost from exc
        finally:
            self._asking = False
        if self.problem:
            self.problem = ""
            logger.info("Redis answers again")
        return answer

    async def check(self) -> None:
        """Raise `Unavailable`, in words, where Redis does not answer."""
        try:
            await self.ask(lambda client: client.ping())
        except RedisLost as exc:
            raise Unavailable(
                f"Redis does not answer ({self.problem}): the platform goes on without it, more "
                "slowly, and each process counts limits by itself"
            ) from exc

    def _lost(self, error: BaseException) -> None:
        self.failures += 1
        self._rest_until = self._clock() + self._rest_s
        known, self.problem = self.problem, str(error) or type(error).__name__
        if not known:
            logger.warning("Redis is lost, the platform goes on without it: {}", self.problem)


def redis_client(url: str, answer_s: float = ANSWER_S) -> Redis:
    """Make a client that gives up soon and tries nothing twice; it connects when it is asked."""
    pool = BlockingConnectionPool.from_url(
        url,
        socket_timeout=answer_s,
        socket_connect_timeout=answer_s,
        retry=Retry(NoBackoff(), 0),
        max_connections=CONNECTIONS,
        timeout=answer_s,
    )
    return Redis.from_pool(pool)


@asynccontextmanager
async def open_redis(url: str, answer_s: float = ANSWER_S) -> AsyncIterator[RedisLink]:
    """Give the way to a Redis, which need not be there yet.

    Args:
        url: with user and password, such as `redis://core:secret@redis:6379/0`.
        answer_s: seconds after which a call goes on without it.
    """
    client = redis_client(url, answer_s)
    try:
        yield RedisLink(client, answer_s=answer_s)
    finally:
        await client.aclose()
