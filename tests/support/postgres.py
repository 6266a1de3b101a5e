"""A real PostgreSQL for tests: the server from the wheel, one for each pytest session.

A ``conftest.py`` (or a test module) takes the fixtures by importing them::

    from tests.support.postgres import postgres  # noqa: F401

and has ``postgres``, whose ``.dsn(user, database)`` is a URL for asyncpg and psycopg. Roles need
no password: the server asks the kernel who connects. For a database of its own a test module calls
``fresh_database(postgres, template=...)``.

pytest-xdist workers each have a server of their own.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from sutazai.bootstrap.processes.postgres import start_postgres
from sutazai.bootstrap.processes.server import EmbeddedPostgres

SHARED_MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 * 1024**3
# A test's data need not outlive a power cut; everything else is as in the product.
_TEST_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


@contextmanager
def private_folder(within: Path | None = None) -> Iterator[Path]:
    """Give a temporary folder of mode 0700 that no other pytest session touches.

    Each start of pytest as root closes pytest's own folders to all but root, and so the way of a
    server that root starts, which runs as another user.
    """
    with TemporaryDirectory(prefix="sutazai-test-", dir=within) as folder:
        yield Path(folder)


def _memory() -> Path | None:
    """Name a file system in memory with room: each test's database is a copy of 300 files."""
    if SHARED_MEMORY.is_mount() and disk_usage(SHARED_MEMORY).free > ROOM_BYTES:
        return SHARED_MEMORY
    return None


def start_test_postgres(root: Path) -> EmbeddedPostgres:
    """Start a server whose data, socket and log are under ``root``; the caller stops it."""
    return asyncio.run(
        start_postgres(
            root / "postgres", root / "run", root / "logs" / "postgres.log", settings=_TEST_SETTINGS
        )
    )


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """Give a server for the whole session."""
    with private_folder(_memory()) as root:
        server = start_test_postgres(root)
        try:
            yield server
        finally:
            asyncio.run(server.stop("immediate"))


@contextmanager
def fresh_database(
    server: EmbeddedPostgres, *, template: str = "template1", name: str | None = None
) -> Iterator[str]:
    """Make a database as a copy of another, give its name, and drop it at the end.

    Nobody may be connected to the template meanwhile.
    """
    database = name or f"test_{uuid4().hex}"
    with psycopg.connect(server.admin_dsn, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(database), sql.Identifier(template)
            )
        )
    try:
        yield database
    finally:
        with psycopg.connect(server.admin_dsn, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database))
            )
