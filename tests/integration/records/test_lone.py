"""Lone statements: one round trip each, and never a row of whom the connection stood for before."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import pytest

from sutazai.records.database import Database, open_database
from sutazai_contracts.errors import DatabaseUnavailable, InvalidInput
from tests.integration.api.counting import Statement, note_statements
from tests.support.database import TestDatabase

TENANTS = "SELECT id FROM sutazai.tenants"
STARTED = """INSERT INTO runs (id, tenant_id, workflow, goal, input, plan, status, seq)
    VALUES ($1, $2, 'answer', 'a goal', '{}', '{}', 'pending', 0)"""
TALKED = "INSERT INTO conversations (id, tenant_id, user_id, collection) VALUES ($1, $2, $3, 'c')"
TITLES = "SELECT id FROM conversations"
SET = "SET sutazai.tenant"


@dataclass
class World:
    """A database with one connection for lone statements, two tenants, and what was sent."""

    open: Database
    a: UUID
    b: UUID
    sent: list[Statement]

    async def sees(self, tenant: UUID) -> set[UUID]:
        """Give the tenants that a lone statement of one sees."""
        return {row["id"] for row in await self.open.lone(tenant).fetch(TENANTS)}

    async def settings(self) -> int:
        """Count how often the connection was told whom it stands for, since the last time."""
        # asyncpg tells its listeners in the loop's next turn, which a statement takes.
        await self.open.ping()
        found = sum(one.text.startswith(SET) for one in self.sent)
        self.sent.clear()
        return found


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch, database: TestDatabase) -> AsyncIterator[World]:
    a, b = await database.new_tenant(), await database.new_tenant()
    sent: list[Statement] = []
    note_statements(monkeypatch, sent)
    async with open_database(database.urls, pool_size=1) as opened:
        yield World(opened, a, b, sent)


async def test_it_sees_its_tenant_alone_whoever_came_before(world: World) -> None:
    for tenant in (world.a, world.b, world.b, world.a):
        assert await world.sees(tenant) == {tenant}
    assert await world.settings() == 3


async def test_a_tenant_that_stays_is_set_once(world: World) -> None:
    lone = world.open.lone(world.a)
    for _ in range(5):
        assert await lone.fetchval(TENANTS) == world.a
        assert await lone.fetchrow("SELECT 1 WHERE false") is None
        assert await lone.fetchval("SELECT 1 WHERE false") is None
    assert await world.settings() == 1


async def test_it_writes_for_its_tenant_alone(world: World) -> None:
    await world.sees(world.b)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await world.open.lone(world.a).fetch(STARTED, uuid4(), world.b)
    await world.open.lone(world.a).fetch(STARTED, uuid4(), world.a)
    counted = "SELECT count(*) FROM runs"
    assert [await world.open.lone(t).fetchval(counted) for t in (world.a, world.b)] == [1, 0]


async def test_a_users_own_are_seen_where_the_user_is_named(world: World) -> None:
    user, other = uuid4(), uuid4()
    for one in (user, other):
        async with world.open.hot(world.a, one) as transaction:
            await transaction.execute(
                "INSERT INTO users (id, tenant_id, email, password_hash) VALUES ($1, $2, $3, 'h')",
                one, world.a, f"{one}@example.org",
            )  # fmt: skip
    talk = uuid4()
    await world.open.lone(world.a, user).fetch(TALKED, talk, world.a, user)
    seen = [
        [row["id"] for row in await world.open.lone(tenant, who).fetch(TITLES)]
        for tenant, who in [
            (world.a, user), (world.a, other), (world.a, None), (world.b, user), (world.a, user),
        ]
    ]  # fmt: skip
    assert seen == [[talk], [], [], [], [talk]]


async def test_after_an_error_it_stands_for_whom_it_is_to(world: World) -> None:
    await world.sees(world.a)
    with pytest.raises(InvalidInput):
        await world.open.lone(world.b).fetch("SELECT $1::text", "\0")
    with pytest.raises(asyncpg.UndefinedTableError):
        await world.open.lone(world.b).fetch("SELECT FROM nowhere")
    assert await world.sees(world.b) == {world.b}
    assert await world.sees(world.a) == {world.a}


async def test_a_connection_that_was_cut_is_another_next_time(world: World) -> None:
    lone = world.open.lone(world.a)
    backend = await lone.fetchval("SELECT pg_backend_pid()")
    with pytest.raises(DatabaseUnavailable):
        await lone.fetch("SELECT pg_terminate_backend(pg_backend_pid())")
    assert await world.sees(world.a) == {world.a}
    assert await lone.fetchval("SELECT pg_backend_pid()") != backend


async def test_transactions_and_look_ups_meet_nothing_of_it(world: World) -> None:
    await world.sees(world.a)
    assert await world.open.app.fetch(TENANTS) == []
    async with world.open.hot(world.b) as connection:
        assert [row["id"] for row in await connection.fetch(TENANTS)] == [world.b]
    assert await world.sees(world.a) == {world.a}
