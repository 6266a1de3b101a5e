"""Connections to PostgreSQL: asyncpg pools for the hot path, an SQLAlchemy engine for the rest.

Every transaction of the application's role names its tenant first; without one it sees no row. Its
lone statements go over connections that stand for a tenant until another's statement comes.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy
from pydantic_core import from_json
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from sutazai.records.pool import Pool
from sutazai.records.roles import DatabaseUrls
from sutazai.records.urls import sqlalchemy_url
from sutazai_contracts.errors import DatabaseUnavailable, InvalidInput

# What a driver raises when the server is away, going down, or out of something.
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionRollbackError,
    # A connection that was told of the server's end and is not closed yet: "cannot switch state".
    asyncpg.InternalClientError,
)
# Statements of the pools reach rows by their keys. A prepared one keeps the plan it got while a
# table was small, and a scan that was right then would be made of it once the table has grown.
_BY_KEY = dict.fromkeys(("enable_seqscan", "enable_hashjoin", "enable_mergejoin"), "off")
# As a pool hands it out, or as SQLAlchemy holds it.
Connection: TypeAlias = "PoolConnectionProxy[Record] | asyncpg.Connection[Record]"


@dataclass(frozen=True)
class Database:
    """Open connections of the application's and the workers' roles."""

    app: Pool
    tenants: Pool
    worker: Pool
    engine: AsyncEngine

    @asynccontextmanager
    async def tenant(self, tenant: UUID) -> AsyncIterator[AsyncConnection]:
        """Open an SQLAlchemy transaction that sees this tenant's rows only."""
        try:
            async with self.engine.begin() as connection:
                await connection.execute(
                    text("SELECT set_config('sutazai.tenant', :tenant, true)"),
                    {"tenant": str(tenant)},
                )
                yield connection
        except DBAPIError as exc:
            cause = exc.orig.__cause__ if exc.orig is not None else None
            if exc.connection_invalidated or isinstance(cause, AWAY):
                raise DatabaseUnavailable from exc
            if isinstance(cause, asyncpg.DataError):
                raise _refused(cause) from exc
            raise
        except (*AWAY, PoolTimeoutError) as exc:
            raise DatabaseUnavailable from exc

    @asynccontextmanager
    async def hot(self, tenant: UUID, user: UUID | None = None) -> AsyncIterator[Connection]:
        """Open a plain asyncpg transaction that sees this tenant's rows only.

        What belongs to one user is seen where that `user` is named.
        """
        try:
            async with self.app.acquire() as connection, _begun(connection, tenant, user):
                yield connection
        except AWAY as exc:
            raise DatabaseUnavailable from exc
        except asyncpg.DataError as exc:
            raise _refused(exc) from exc

    def lone(self, tenant: UUID, user: UUID | None = None) -> "Lone":
        """Ask lone statements that see this tenant's rows only, as `hot` does.

        Each is a transaction of its own and one round trip, where a block of `hot` has two more.
        """
        return Lone(self.tenants, tenant, user)

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Connection]:
        """Open a plain asyncpg transaction of the workers' role, which sees all tenants."""
        try:
            async with self.worker.acquire() as connection, connection.transaction():
                yield connection
        except AWAY as exc:
            raise DatabaseUnavailable from exc
        except asyncpg.DataError as exc:
            raise _refused(exc) from exc

    async def look(self, statement: str, *parameters: object) -> list[Record]:
        """Ask one statement as the workers' role, in one round trip: no transaction around it."""
        try:
            return await self.worker.fetch(statement, *parameters)
        except AWAY as exc:
            raise DatabaseUnavailable from exc

    async def ping(self) -> None:
        """Ask the database something.

        Raises:
            DatabaseUnavailable: it does not answer within a second.
        """
        try:
            async with asyncio.timeout(1.0):
                await self.app.fetchval("SELECT 1")
        except AWAY as exc:
            raise DatabaseUnavailable from exc


class _Standing(asyncpg.Connection):
    """A connection that stands for a tenant, and a user, until it is to stand for others.

    Nothing but `Lone` has connections of this kind, so no statement meets what another's left.
    """

    _stands_for: tuple[UUID, UUID | None] | None = None

    async def stand_for(self, tenant: UUID, user: UUID | None) -> None:
        """Let the next statements see this tenant's rows, and those that are the user's alone."""
        if self._stands_for == (tenant, user):
            return
        self._stands_for = None
        own = "" if user is None else str(user)
        await self.execute(f"SET sutazai.tenant = '{tenant}'; SET sutazai.user_id = '{own}'")
        self._stands_for = (tenant, user)


@dataclass(frozen=True, slots=True)
class Lone:
    """Lone statements of one tenant; made by `Database.lone`.

    Raises:
        DatabaseUnavailable: the database does not answer.
        InvalidInput: it can't keep a value.
    """

    pool: Pool
    tenant: UUID
    user: UUID | None

    async def fetch(self, statement: str, *parameters: object) -> list[Record]:
        """Ask a statement; gives its rows."""
        try:
            async with self.pool.acquire() as connection:
                standing: Any = connection  # the pool's proxy hands on what is ours
                await standing.stand_for(self.tenant, self.user)
                return await connection.fetch(statement, *parameters)
        except AWAY as exc:
            raise DatabaseUnavailable from exc
        except asyncpg.DataError as exc:
            raise _refused(exc) from exc

    async def fetchrow(self, statement: str, *parameters: object) -> Record | None:
        """Ask a statement; gives the first row."""
        return next(iter(await self.fetch(statement, *parameters)), None)

    async def fetchval(self, statement: str, *parameters: object) -> Any:
        """Ask a statement; gives the first column of the first row."""
        row = await self.fetchrow(statement, *parameters)
        return None if row is None else row[0]


# What answers statements of one tenant: a transaction of it, or each by itself.
Asking: TypeAlias = "Connection | Lone"


@asynccontextmanager
async def _begun(connection: Connection, tenant: UUID, user: UUID | None) -> AsyncIterator[None]:
    """Begin with a tenant, and a user, in one round trip; commit or roll back at the end."""
    own = "" if user is None else f"; SET LOCAL sutazai.user_id = '{user}'"
    await connection.execute(f"BEGIN; SET LOCAL sutazai.tenant = '{tenant}'{own}")
    try:
        yield
    except BaseException:
        # A cancelled or broken connection can't; the pool resets it or throws it away.
        if not connection.is_closed():
            await connection.execute("ROLLBACK")
        raise
    await connection.execute("COMMIT")


def _refused(error: asyncpg.PostgresError) -> InvalidInput:
    # Such as NUL characters, which JSON may hold and PostgreSQL may not.
    return InvalidInput(f"the database can't keep this: {error}")


def driver_connection(raw: Any) -> asyncpg.Connection:
    """Give asyncpg's connection below an SQLAlchemy one, for a hot statement in its transaction."""
    connection: asyncpg.Connection = raw.driver_connection
    return connection


async def _speak_json(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb", encoder=json.dumps, decoder=_read_json, schema="pg_catalog"
    )


def _read_json(text: str) -> Any:
    """Read JSON by Pydantic's parser, which takes a third of the time that Python's own takes."""
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)  # nested deeper than the former reads


@asynccontextmanager
async def open_database(urls: DatabaseUrls, *, pool_size: int = 8) -> AsyncIterator[Database]:
    """Open the pools; they connect on first use and close on leaving.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    engine = create_async_engine(
        sqlalchemy_url(urls.app, "asyncpg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=10,
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        try:
            app = await stack.enter_async_context(_asyncpg_pool(urls.app, pool_size, 30))
            worker = await stack.enter_async_context(_asyncpg_pool(urls.worker, pool_size, 60))
            few = max(1, pool_size // 2)
            tenants = await stack.enter_async_context(_asyncpg_pool(urls.app, few, 30, _Standing))
        except AWAY as exc:
            raise DatabaseUnavailable from exc
        look_ups = 1 if pool_size > 2 else 0
        yield Database(
            app=Pool(app, pool_size, for_look_ups=look_ups),
            tenants=Pool(tenants, few),
            worker=Pool(worker, pool_size),
            engine=engine,
        )


def _asyncpg_pool(
    url: str, size: int, timeout_s: float, kind: type[asyncpg.Connection] = asyncpg.Connection
) -> asyncpg.Pool:
    return asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        connection_class=kind,
        init=_speak_json,
        reset=_nothing_to_reset,
        command_timeout=timeout_s,
        server_settings=_BY_KEY,
    )


async def _nothing_to_reset(connection: Connection) -> None:
    """Leave a connection as it is: nothing outlives its transaction but whom one stands for, which
    is looked at before each statement; so no statement is due.

    asyncpg itself rolls back a transaction that is still open.
    """
