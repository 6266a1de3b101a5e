"""The bell between core and the relay, over a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from sutazai.bootstrap.background import background
from sutazai.core.runs.model import NewWakeUp
from sutazai.core.tasks.ports import DueWakeUp
from sutazai.records.bell import CHANNEL, TOLD, Bell, listen
from sutazai_contracts.identifiers import new_id
from tests.support.database import TestDatabase

TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE usename = 'sutazai_worker' AND datname = current_database()
"""


class Ear:
    """Count what is heard."""

    def __init__(self) -> None:
        self.times = 0
        self.told: list[DueWakeUp] = []
        self._news = asyncio.Event()

    def hear(self, wake_ups: Collection[DueWakeUp]) -> None:
        self.times += 1
        self.told += wake_ups
        self._news.set()

    async def until(self, times: int) -> None:
        async with asyncio.timeout(10):
            while self.times < times:
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def ringing(database: TestDatabase) -> AsyncIterator[tuple[Bell, Ear]]:
    bell, ear = Bell(database.urls.worker), Ear()
    async with background(bell=bell.run(), ear=listen(database.urls.worker, ear.hear)):
        await ear.until(1)
        yield bell, ear


async def test_a_ring_is_heard_at_once(database: TestDatabase) -> None:
    async with ringing(database) as (bell, ear):
        bell.ring()
        await ear.until(2)
        bell.ring()
        await ear.until(3)


async def test_a_thousand_rings_are_few_statements(database: TestDatabase) -> None:
    async with ringing(database) as (bell, ear):
        for _ in range(1000):
            bell.ring()
            await asyncio.sleep(0)
        await ear.until(2)
        assert bell.rings <= 100


async def test_whoever_lost_the_server_looks_and_listens_again(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutazai.records.bell.AGAIN_S", 0.05)
    monkeypatch.setattr("sutazai.records.bell.PROBE_S", 0.05)
    async with ringing(database) as (bell, ear):
        database.query(TERMINATE)
        await ear.until(2)
        before = ear.times
        bell.ring()
        await ear.until(before + 1)


def wake_up(*, at_once: bool = True) -> NewWakeUp:
    """Make a wake-up for the agent with the longest name."""
    return NewWakeUp(new_id(), new_id(), "a" * 32, datetime.now(UTC), at_once)


async def test_a_ring_tells_of_as_many_wake_ups_as_it_has_room_for(database: TestDatabase) -> None:
    wake_ups = [wake_up() for _ in range(TOLD + 10)]
    async with ringing(database) as (bell, ear):
        bell.ring(wake_ups[:2], sent=True)
        bell.ring(wake_ups[2:])
        await ear.until(2)
    assert ear.told == [
        DueWakeUp(one.id, one.agent, sent=number < 2) for number, one in enumerate(wake_ups[:TOLD])
    ]


async def test_what_is_due_later_rings_no_bell(database: TestDatabase) -> None:
    async with ringing(database) as (bell, ear):
        bell.ring([wake_up(at_once=False)])
        bell.ring([at_once := wake_up()])
        await ear.until(2)
        assert bell.rings <= 1  # it is counted once the server has answered
    assert ear.times == 2
    assert [one.id for one in ear.told] == [at_once.id]


@pytest.mark.parametrize("words", ["", "no JSON", "[[1, 2]]", "[3]", "{}"])
async def test_a_ring_of_another_version_is_a_ring(database: TestDatabase, words: str) -> None:
    async with ringing(database) as (_, ear):
        database.query("SELECT pg_notify(%s, %s)::text", CHANNEL, words)
        await ear.until(2)
    assert ear.told == []
