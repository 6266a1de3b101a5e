"""The graph in Neo4j: a projection of the facts, behind the one adapter that speaks Cypher."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from neo4j import AsyncDriver, AsyncGraphDatabase, AsyncManagedTransaction, Record
from neo4j.exceptions import DriverError, Neo4jError

from sutazai.adapters.graph import cypher
from sutazai.core.graph.facts import VersionFacts
from sutazai.core.graph.model import Entity, Link, Place, Scope
from sutazai_contracts.errors import GraphUnavailable
from sutazai_contracts.graph import EntityKind, RelationKind

# What a driver raises where the server is away, or can't or will not do what it is asked.
_AWAY = (DriverError, Neo4jError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Neo4jGraph:
    """The graph as a Neo4j server has it.

    Neo4j Community has no rights by tenant, so nothing else may speak to the server: what this
    asks always names the tenant.

    Args:
        driver: open connections to the server.
        timeout_s: seconds that a question may take; a write may take ten times as long.
    """

    driver: AsyncDriver
    timeout_s: float = 5.0

    async def entities(self, scope: Scope, wanted: Sequence[UUID]) -> list[Entity]:
        """Read entities, by ascending id."""
        rows = await self._ask(scope, cypher.ENTITIES, wanted=_texts(dict.fromkeys(wanted)))
        return [_entity(row) for row in rows]

    async def find(self, scope: Scope, starts: Sequence[str], limit: int) -> list[Entity]:
        """Find entities whose key begins with one of these."""
        rows = await self._ask(scope, cypher.FIND, starts=list(dict.fromkeys(starts)), limit=limit)
        return [_entity(row) for row in rows]

    async def links(self, scope: Scope, ends: Sequence[UUID], limit: int) -> list[Link]:
        """Give the links of some entities, each once: the strongest first, then by their order."""
        rows = await self._ask(scope, cypher.LINKS, ends=_texts(ends), limit=limit)
        return [_link(row) for row in rows]

    async def all_links(self, scope: Scope, limit: int) -> list[Link]:
        """Give the links of a collection: the strongest first, then by their order."""
        return [_link(row) for row in await self._ask(scope, cypher.ALL_LINKS, limit=limit)]

    async def links_said(self, scope: Scope, chunks: Sequence[UUID], limit: int) -> list[Link]:
        """Give the links that these chunks say, weighed by them alone: the strongest first."""
        rows = await self._ask(scope, cypher.LINKS_SAID, chunks=_texts(chunks), limit=limit)
        return [_link(row) for row in rows]

    async def named(self, scope: Scope, chunks: Sequence[UUID]) -> list[Place]:
        """Tell which entities these chunks name, by chunk, then entity."""
        rows = await self._ask(scope, cypher.NAMED, chunks=_texts(chunks))
        return [_place(row) for row in rows]

    async def naming(self, scope: Scope, wanted: Sequence[UUID], limit: int) -> list[Place]:
        """Tell which chunks name these entities, by entity, then chunk."""
        rows = await self._ask(scope, cypher.NAMING, wanted=_texts(wanted), limit=limit)
        return [_place(row) for row in rows]

    async def _ask(self, scope: Scope, statement: str, **given: Any) -> list[Record]:
        async with _answering(self.timeout_s), self.driver.session() as session:
            result = await session.run(statement, _named(scope, given))
            return [record async for record in result]

    # -- what is projected ------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Make constraints and indexes where they are not there, and wait until they are."""
        async with _answering(self.timeout_s * 10), self.driver.session() as session:
            for statement in (*cypher.SCHEMA, "CALL db.awaitIndexes()"):
                await (await session.run(statement)).consume()

    async def versions(self) -> set[tuple[UUID, UUID]]:
        """Tell which document versions are projected, of all tenants: tenant and version."""
        async with _answering(self.timeout_s * 10), self.driver.session() as session:
            result = await session.run(cypher.VERSIONS)
            return {(UUID(row["tenant"]), UUID(row["version"])) async for row in result}

    async def add(self, facts: VersionFacts) -> None:
        """Project a version's facts, in one transaction; those that are there are replaced."""
        rows = {
            "version": str(facts.version),
            "entities": [
                {"entity": str(e.entity), "kind": e.kind.value, "key": e.key, "name": e.name}
                for e in facts.entities
            ],
            "mentions": [
                {"chunk": str(m.chunk), "entity": str(m.entity), "start": m.start, "end": m.end}
                for m in facts.mentions
            ],
            "relations": [
                {
                    "chunk": str(r.chunk),
                    "subject": str(r.subject),
                    "kind": r.kind.value,
                    "object": str(r.object),
                    "start": r.start,
                    "end": r.end,
                }
                for r in facts.relations
            ],
        }
        await self._write((*cypher.REMOVE, *cypher.ADD), _named(facts.scope, rows))

    async def remove(self, tenant: UUID, version: UUID) -> None:
        """Forget a version's facts, and the entities that nothing names any more."""
        await self._write(cypher.REMOVE, {"tenant": str(tenant), "version": str(version)})

    async def _write(self, statements: Sequence[str], given: dict[str, Any]) -> None:
        async def all_of_them(transaction: AsyncManagedTransaction) -> None:
            for statement in statements:
                await (await transaction.run(statement, given)).consume()

        async with _answering(self.timeout_s * 10), self.driver.session() as session:
            await session.execute_write(all_of_them)


@asynccontextmanager
async def open_neo4j(
    url: str, user: str, password: str, *, timeout_s: float = 5.0
) -> AsyncIterator[Neo4jGraph]:
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
    )
    async with driver:
        yield Neo4jGraph(driver, timeout_s)


@asynccontextmanager
async def _answering(timeout_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except _AWAY as exc:
        words = str(exc) or f"no answer within {timeout_s:g} s"
        raise GraphUnavailable(f"Neo4j can't be asked: {words}") from exc


def _named(scope: Scope, given: Mapping[str, Any]) -> dict[str, Any]:
    return {**given, "tenant": str(scope.tenant), "collection": str(scope.collection)}


def _texts(ids: Iterable[UUID]) -> list[str]:
    return [str(one) for one in ids]


def _entity(row: Record) -> Entity:
    kind = EntityKind(row["kind"])
    return Entity(UUID(row["id"]), kind, row["key"], min(row["names"]), row["chunks"])


def _link(row: Record) -> Link:
    ends = UUID(row["subject"]), UUID(row["object"])
    return Link(ends[0], RelationKind(row["kind"]), ends[1], row["weight"])


def _place(row: Record) -> Place:
    return Place(UUID(row["chunk"]), UUID(row["entity"]))
