"""The bell between core and the relay, over a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sutazai.bootstrap.background import background
from sutazai.records.bell import Bell, listen
from tests.support.database import TestDatabase

TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE usename = 'sutazai_worker' AND datname = current_database()
"""


class Ear:
    """Count what is heard."""

    def __init__(self) -> None:
        self.times = 0
        self._news = asyncio.Event()

    def hear(self) -> None:
        self.times += 1
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
        assert 1 <= bell.rings <= 100


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
