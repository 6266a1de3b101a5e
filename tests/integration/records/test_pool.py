"""Who has a connection next, over a real PostgreSQL."""

import asyncio

from sutazai.records.database import open_database
from tests.support.database import TestDatabase


async def test_whoever_waits_longest_has_the_next_connection(database: TestDatabase) -> None:
    had: list[str] = []

    async def ask_twice(name: str) -> None:
        for time in ("first", "second"):
            async with single.app.acquire() as connection:
                had.append(f"{name} {time}")
                await connection.fetchval("SELECT 1")

    async with (
        open_database(database.urls, pool_size=1) as single,
        asyncio.TaskGroup() as asking,
    ):
        for name in "abc":
            asking.create_task(ask_twice(name))
    # Each gives its connection back and asks for another at once: behind those who wait.
    assert had == [f"{name} {time}" for time in ("first", "second") for name in "abc"]


async def test_a_look_up_does_not_wait_for_transactions(database: TestDatabase) -> None:
    held, done = asyncio.Event(), asyncio.Event()
    tenant = await database.new_tenant()

    async def hold() -> None:
        async with database.open.hot(tenant):
            held.set()
            await done.wait()

    async with asyncio.timeout(10), asyncio.TaskGroup() as holding:
        for _ in range(8):
            holding.create_task(hold())
        await held.wait()
        assert await database.open.app.fetchval("SELECT 1") == 1
        done.set()
