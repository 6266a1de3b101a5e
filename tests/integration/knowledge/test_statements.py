"""How many statements each operation of knowledge costs, the one that sets the tenant included."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from asyncpg.connection import LoggedQuery
from sqlalchemy import event

from tests.integration.api.counting import Sent, Statement, count, note_statements
from tests.integration.knowledge.test_uploads import upload
from tests.integration.knowledge.world import World


@contextmanager
def counted(world: World) -> Iterator[list[str]]:
    """Collect the statements on the engine's connections, and those that go past SQLAlchemy."""
    statements: list[str] = []
    engine = world.database.open.engine.sync_engine

    def execute(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    # asyncpg logs what is called on it directly, and not the statements SQLAlchemy prepares.
    def direct(record: LoggedQuery) -> None:
        if "WITH" in record.query and "typeinfo_tree" not in record.query:
            statements.append(record.query)

    def checkout(connection: Any, *_: object) -> None:
        connection.driver_connection.add_query_logger(direct)

    def checkin(connection: Any, *_: object) -> None:
        connection.driver_connection.remove_query_logger(direct)

    listeners = (
        (engine, "before_cursor_execute", execute),
        (engine.pool, "checkout", checkout),
        (engine.pool, "checkin", checkin),
    )
    for listener in listeners:
        event.listen(*listener)
    try:
        yield statements
    finally:
        for listener in listeners:
            event.remove(*listener)


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[Statement]:
    """Note what is sent past SQLAlchemy; asked for before the world, whose pools it hears."""
    statements: list[Statement] = []
    note_statements(monkeypatch, statements)
    return statements


async def test_reading_costs_one_statement(noted: list[Statement], world: World) -> None:
    document = await world.add("a.txt", "one\ntwo")
    knowledge, tenant = world.knowledge, world.tenant
    for call in (
        lambda: knowledge.collection(tenant, "default"),
        lambda: knowledge.collections(tenant, 10),
        lambda: knowledge.documents(tenant, "default", 10),
        lambda: knowledge.document(tenant, "default", document),
        lambda: knowledge.text(tenant, "default", document),
    ):
        await call()  # what a connection asks once is asked now
        noted.clear()
        with counted(world) as statements:
            await call()
        asked = [one for one in statements if "set_config" not in one]
        assert (await sent(noted)).statements + len(asked) == 1, (noted, statements)


async def test_a_search_costs_two_statements(noted: list[Statement], world: World) -> None:
    await world.add("a.txt", "one\ntwo")
    await world.knowledge.search(world.tenant, "one", "default", 10)
    noted.clear()
    with counted(world) as statements:
        await world.knowledge.search(world.tenant, "one", "default", 10)
    assert await sent(noted) == Sent(statements=2, round_trips=2), noted
    assert statements == [], "by SQLAlchemy as well"


async def sent(noted: list[Statement]) -> Sent:
    """Count what was noted."""
    await asyncio.sleep(0.01)  # asyncpg tells its listeners in the loop's next turn
    return count([statement.text for statement in noted if statement.role == "sutazai_app"])


async def test_an_upload_costs_seven_statements(world: World) -> None:
    with counted(world) as statements:
        await upload(world, "a.txt", b"one")
    assert len(statements) == 7, statements
    with counted(world) as statements:
        await upload(world, "a.txt", b"one")
    assert len(statements) == 5, statements


async def test_a_new_collection_costs_few_statements(world: World) -> None:
    with counted(world) as statements:
        await world.knowledge.create_collection(world.tenant, "notes")
    assert len(statements) == 4, statements


async def test_a_removal_costs_few_statements(world: World) -> None:
    document = await world.add("a.txt", "one")
    with counted(world) as statements:
        await world.knowledge.delete_document(world.tenant, "default", document)
    assert len(statements) == 8, statements
    with counted(world) as statements:
        await world.knowledge.delete_collection(world.tenant, "default")
    assert len(statements) == 7, statements
