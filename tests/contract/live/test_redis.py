"""Live text by a real Redis under the contract: in one process, between two, and without it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import pytest

from sutazai_contracts.errors import Unavailable
from sutazai_contracts.frames import Frame
from sutazai_kit.live.redis import Bounds, RedisLive, open_redis_live
from tests.contract.live.suite import (
    LiveContract,
    Speaker,
    ends_at,
    is_last,
    joined,
    take,
    take_until,
)
from tests.support.redis import RedisServer, redis_server

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@dataclass
class Apart:
    """One process that speaks and another one that is watched in."""

    speaks: RedisLive
    hears: RedisLive

    def publish(self, frame: Frame) -> None:
        self.speaks.publish(frame)

    async def close(self, task: UUID, attempt: int) -> None:
        await self.speaks.close(task, attempt)

    def watch(self, run: UUID) -> AsyncGenerator[Sequence[Frame], None]:
        return self.hears.watch(run)

    async def aclose(self) -> None:
        await self.speaks.aclose()
        await self.hears.aclose()


class OnRedis(LiveContract):
    """The contract on a Redis that holds nothing yet."""

    @pytest.fixture(autouse=True)
    async def _given(self, server: RedisServer) -> None:
        self.server = server
        async with server.plain() as client:
            await client.flushall()


class TestRedisLive(OnRedis):
    @asynccontextmanager
    async def open_live(
        self,
        *,
        cap: int = 1000,
        max_tasks: int = 100,
        ttl_s: float = 60.0,
        linger_s: float = 60.0,
    ) -> AsyncIterator[RedisLive]:
        async with open_redis_live(self.server.url, Bounds(cap, max_tasks, ttl_s, linger_s)) as it:
            yield it


class TestBetweenProcesses(OnRedis):
    @asynccontextmanager
    async def open_live(
        self,
        *,
        cap: int = 1000,
        max_tasks: int = 100,
        ttl_s: float = 60.0,
        linger_s: float = 60.0,
    ) -> AsyncIterator[Apart]:
        bounds = Bounds(cap, max_tasks, ttl_s, linger_s)
        async with (
            open_redis_live(self.server.url, bounds) as speaks,
            open_redis_live(self.server.url, bounds) as hears,
        ):
            yield Apart(speaks, hears)


async def test_every_key_is_forgotten_by_itself(server: RedisServer) -> None:
    async with open_redis_live(server.url) as live, server.plain() as client:
        await client.flushall()
        for number in range(3):
            speaker = Speaker(live)
            speaker.say(f"text {number}")
            await speaker.close()
        keys = [key async for key in client.scan_iter("*")]
        assert len(keys) == 2 * 3 + 1
        for key in keys:
            assert key.startswith(b"sutazai:live:")
            assert 0 < await client.pttl(key) <= 900_000


async def talk(speaker: Speaker, words: str) -> None:
    """Go on saying the same words."""
    while True:
        speaker.say(words)
        await asyncio.sleep(0.05)


@pytest.mark.requirement("B4", part="live events")
async def test_without_redis_this_process_is_heard_and_all_of_it_when_it_is_back(
    server: RedisServer,
) -> None:
    async with open_redis_live(server.url) as live, open_redis_live(server.url) as other:
        speaker = Speaker(live)
        async with (
            aclosing(live.watch(speaker.run)) as here,
            aclosing(other.watch(speaker.run)) as there,
        ):
            assert list(await take(here)) == []
            assert list(await take(there)) == []
            speaker.say("before ")
            await take_until(there, ends_at(7))
            with server.held_up():
                speaker.say("meanwhile ")
                assert joined(await take_until(here, ends_at(17))) == "before meanwhile "
                with pytest.raises(Unavailable):
                    await speaker.close()
                assert (await take_until(here, is_last))[-1].text == ""
            speaker.again()
            # What was said while it was lost others do not hear; what is said now they do.
            talking = asyncio.create_task(talk(speaker, "after "))
            frames = await take_until(there, lambda frame: frame.attempt == 2)
            talking.cancel()
            assert frames[-1].text.startswith("after ")
