"""The way to Neo4j that reading and projecting share: errors mapped, bounded in time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from neo4j import (
    AsyncDriver,
    AsyncGraphDatabase,
    AsyncManagedTransaction,
    NotificationMinimumSeverity,
    Record,
)
from neo4j.exceptions import DriverError, Neo4jError

from sutazai_contracts.errors import GraphUnavailable

# What a driver raises where the server is away, or can't or will not do what it is asked.
_AWAY = (DriverError, Neo4jError, OSError, TimeoutError)
# A write may take so many times as long as a question.
_WRITES = 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Neo4jLink:
    """Open connections to a server.

    Neo4j Community has no rights by tenant, so nothing but the adapters here speaks to the server.

    Args:
        driver: of the vendor.
        timeout_s: seconds that a question may take; a write may take twenty times as long.
    """

    driver: AsyncDriver
    timeout_s: float = 5.0

    async def ask(self, statement: str, **given: Any) -> list[Record]:
        """Ask one statement, and give all that it answers.

        Raises:
            GraphUnavailable: the server can't be asked, or does not answer in time.
        """
        async with _answering(self.timeout_s), self.driver.session() as session:
            result = await session.run(statement, given)
            return [record async for record in result]

    async def prepare(self, *statements: str) -> None:
        """Run statements one by one, as those of a schema have to be.

        Raises:
            GraphUnavailable: the server can't be asked, or does not answer in time.
        """
        async with _answering(self.timeout_s * _WRITES), self.driver.session() as session:
            for statement in statements:
                await (await session.run(statement)).consume()

    async def write(self, work: Callable[[AsyncManagedTransaction], Awaitable[T]]) -> T:
        """Do work in one transaction; it is done again where it met with another's.

        Raises:
            GraphUnavailable: the server can't be asked, or does not answer in time.
        """
        async with _answering(self.timeout_s * _WRITES), self.driver.session() as session:
            return await session.execute_write(work)


@asynccontextmanager
async def open_neo4j(
    url: str, user: str, password: str, *, timeout_s: float = 5.0
) -> AsyncIterator[Neo4jLink]:
    """Open connections to a server, made when they are needed; closed on leaving.

    Args:
        url: such as `bolt://neo4j:7687`.
        user: who may read and write all of it.
        password: the user's.
        timeout_s: seconds that a question may take.
    """
    driver = AsyncGraphDatabase.driver(
        url,
        auth=(user, password),
        connection_timeout=timeout_s,
        connection_acquisition_timeout=timeout_s,
        max_transaction_retry_time=timeout_s,
        telemetry_disabled=True,
        # Advice on statements, which is the same each time.
        notifications_min_severity=NotificationMinimumSeverity.OFF,
    )
    async with driver:
        yield Neo4jLink(driver, timeout_s)


@asynccontextmanager
async def _answering(timeout_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except _AWAY as exc:
        words = str(exc) or f"no answer within {timeout_s:g} s"
        raise GraphUnavailable(f"Neo4j can't be asked: {words}") from exc
