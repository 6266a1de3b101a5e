"""Count what is sent to the database: statements, and round trips with what goes around them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from sutazai.records import database as records_database

# What surrounds statements. A pool's check of a connection is an empty statement.
_AROUND = ("BEGIN", "COMMIT", "ROLLBACK", ";", "SELECT set_config(", "SELECT pg_advisory_unlock")
# Asked once a connection, when it meets a type for the first time, or a tenant after another.
_ONCE = ("WITH RECURSIVE typeinfo_tree", "SELECT current_setting('jit')", "SET sutazai.tenant")


@dataclass(frozen=True)
class Statement:
    """A statement that was sent to the database, and by which role."""

    role: str
    text: str


@dataclass(frozen=True)
class Sent:
    """How much was sent: statements that do something, and round trips altogether."""

    statements: int
    round_trips: int


def shortened(sent: Sequence[str]) -> list[str]:
    """Give the beginnings of statements, without those that a connection sends once."""
    texts = [" ".join(text.split()) for text in sent]
    return [text[:100] for text in texts if not text.startswith(_ONCE)]


def count(sent: Sequence[str]) -> Sent:
    """Count statements and round trips."""
    texts = shortened(sent)
    return Sent(len([text for text in texts if not text.startswith(_AROUND)]), len(texts))


def note_statements(patch: pytest.MonkeyPatch, statements: list[Statement]) -> None:
    """Note what every connection sends of pools that are opened from now on."""
    speak_json = records_database._speak_json

    def note(query: Any) -> None:
        statements.append(Statement(query.conn_params.user, query.query))

    async def begin(connection: Any) -> None:
        await speak_json(connection)
        connection.add_query_logger(note)

    patch.setattr(records_database, "_speak_json", begin)


@contextmanager
def heard(engine: AsyncEngine, statements: list[Statement]) -> Iterator[None]:
    """Note what SQLAlchemy sends on connections that it makes while the block runs.

    Its statements are prepared ones, which asyncpg does not log; what it sends around them is.
    """

    role = engine.url.username or ""

    def hear(text: str) -> None:
        statements.append(Statement(role, text))

    def executes(_: Any, __: Any, statement: str, *more: Any) -> None:
        hear(statement)

    def connected(connection: Any, *more: Any) -> None:
        connection.driver_connection.add_query_logger(lambda query: hear(query.query))

    event.listen(engine.sync_engine, "before_cursor_execute", executes)
    event.listen(engine.sync_engine, "connect", connected)
    try:
        yield
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", executes)
        event.remove(engine.sync_engine, "connect", connected)
