"""The database of a home while its platform runs, or without it; and PostgreSQL's own programs."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from sutazai.bootstrap.processes.cluster import CLEAN_ENVIRONMENT, SUPERUSER, installation
from sutazai.bootstrap.processes.instance import read_instance
from sutazai.bootstrap.processes.postgres import open_postgres
from sutazai.bootstrap.processes.server import PORT
from sutazai.records.roles import LOGIN_ROLES, LOOKUP, SCHEMA
from sutazai_contracts.errors import DatabaseUnavailable, Unavailable

_TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename
"""
# As `kept_lock` of records/leftovers.py names them.
_KEEP_FILES = """
SELECT pg_advisory_lock_shared(hashtextextended('sutazai.kept:' || id, 0)) FROM sutazai.tenants
"""
_TENANTS = "SELECT id FROM sutazai.tenants ORDER BY id"


def runs(home: Path) -> bool:
    """Tell whether a platform runs on a home."""
    return read_instance(home).state == "running"


def served(home: Path) -> str:
    """Give the URL of the superuser of the database that a running platform has.

    Raises:
        DatabaseUnavailable: it does not run now.
    """
    try:
        # PostgreSQL itself writes down where its socket is: the fifth line.
        folder = (home / "postgres" / "postmaster.pid").read_text().splitlines()[4]
    except (OSError, IndexError) as exc:
        raise DatabaseUnavailable(f"The database of {home} does not run now") from exc
    where = quote(folder, safe="/")
    return f"postgresql://{SUPERUSER}@/postgres?host={where}&port={PORT}"


@asynccontextmanager
async def started(home: Path) -> AsyncIterator[str]:
    """Run the database of a home, which is held; gives the URL of its superuser."""
    log = home / "logs" / "postgres.log"
    async with open_postgres(home / "postgres", home / "run" / "postgres", log) as server:
        yield server.admin_dsn


@contextmanager
def moment(url: str) -> Iterator[tuple[psycopg.Connection, str]]:
    """Fix a moment of the database; until the end no file of any tenant is swept.

    Gives a connection that sees that moment, and the name others see it by.
    """
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            held: list[tuple[object, ...]] | None = None
            while True:
                # Before the moment is fixed, so that nothing of it is gone already.
                connection.execute(_KEEP_FILES)
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                seen = connection.execute(_TENANTS).fetchall()
                if seen == held:
                    break
                held = seen
                connection.execute("ROLLBACK")
            row = connection.execute("SELECT pg_export_snapshot()").fetchone()
            yield connection, str(row[0]) if row else ""
    except psycopg.Error as exc:
        raise DatabaseUnavailable(f"The database can't be read: {exc}") from exc


def count_rows(connection: psycopg.Connection) -> dict[str, int]:
    """Count the rows of every table."""
    counts: dict[str, int] = {}
    for (table,) in connection.execute(_TABLES, (SCHEMA,)).fetchall():
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(SCHEMA, table))
        row = connection.execute(query).fetchone()
        counts[table] = row[0] if row else 0
    return counts


def dump(url: str, snapshot: str, file: Path) -> None:
    """Write the database, as it was at a moment, into a file of mode 0600."""
    file.touch(mode=0o600)
    _program("pg_dump", url, "-Fc", f"--snapshot={snapshot}", f"--file={file}")


def restore(url: str, file: Path) -> dict[str, int]:
    """Write a dump into an empty database; gives how many rows each table has then."""
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            for role in (*LOGIN_ROLES, LOOKUP):
                # What they may do, and how they log in, every start says anew.
                connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
            _program("pg_restore", url, "--exit-on-error", "--single-transaction", str(file))
            return count_rows(connection)
    except psycopg.Error as exc:
        raise DatabaseUnavailable(f"The database can't be restored: {exc}") from exc


def _program(name: str, url: str, *options: str) -> None:
    command = [str(installation() / "bin" / name), f"--dbname={url}", "--no-password", *options]
    done = subprocess.run(
        command,
        env=CLEAN_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise Unavailable(f"{name} failed: {done.stderr.strip()[-2000:]}")


def in_loop(home: Path, work: Callable[[str], None]) -> None:
    """Run the database of a home that is held, and do blocking work with it in a thread."""

    async def both() -> None:
        async with started(home) as url:
            await asyncio.to_thread(work, url)

    asyncio.run(both())
