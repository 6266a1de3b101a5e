"""A pool of connections in which nobody is overtaken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy

# The stubs' class takes the kind of its rows; the one that runs does not.
Held: TypeAlias = "PoolConnectionProxy[Record]"


class Pool:
    """asyncpg's pool, whose connections go to whoever waits longest.

    There, who comes as a connection is given back takes it from those who wait, and the one that
    was woken for it goes to the end of the line: of a hundred requests some wait five times as long
    as others.
    """

    def __init__(self, pool: asyncpg.Pool, size: int, *, for_look_ups: int = 0) -> None:
        """Take a pool.

        Args:
            pool: what connects.
            size: how many connections it has at most.
            for_look_ups: how many of them are left to lone statements. A request begins with the
                look-up of a key: where that waits behind the transactions of others, requests wait
                in two lines, and in bunches.
        """
        self._pool = pool
        self._turns = asyncio.Semaphore(size)
        self._blocks = asyncio.Semaphore(size - for_look_ups)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Held]:
        """Have a connection for as long as the block runs, once it is one's turn."""
        async with self._blocks, self._turns, self._pool.acquire() as connection:
            yield connection

    async def fetch(self, statement: str, *parameters: object) -> list[Record]:
        """Ask one statement, in one round trip: no transaction around it."""
        async with self._turns, self._pool.acquire() as connection:
            return await connection.fetch(statement, *parameters)

    async def fetchrow(self, statement: str, *parameters: object) -> Record | None:
        """Ask one statement; gives the first row."""
        async with self._turns, self._pool.acquire() as connection:
            return await connection.fetchrow(statement, *parameters)

    async def fetchval(self, statement: str, *parameters: object) -> Any:
        """Ask one statement; gives the first column of the first row."""
        async with self._turns, self._pool.acquire() as connection:
            return await connection.fetchval(statement, *parameters)

    async def close(self) -> None:
        """Wait until all connections are given back, and close them."""
        await self._pool.close()
