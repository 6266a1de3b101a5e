"""The graph as the facts in PostgreSQL are: nothing to project, nothing to fall behind."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from asyncpg import Record

from sutazai.core.graph.model import Entity, Link, Place, Scope
from sutazai.core.graph.port import Graph
from sutazai.records.database import Database
from sutazai_contracts.errors import DatabaseUnavailable, GraphUnavailable
from sutazai_contracts.graph import EntityKind, RelationKind

T = TypeVar("T")
# Row-level security keeps tenants apart; every statement names the collection beside.
_NAMED_SO = """
SELECT e.entity, min(e.kind) AS kind, min(e.key) AS key, min(e.name COLLATE "C") AS name,
       sum(e.chunks) AS chunks
FROM entities e WHERE e.collection_id = $1 AND {where} GROUP BY e.entity
"""
_ENTITIES = _NAMED_SO.format(where="e.entity = ANY($2::uuid[])") + "ORDER BY e.entity"
# The index is by bytes, whatever language the database sorts by. Starts may begin with each other.
_BEGINS_SO = """e.id IN (
    SELECT b.id FROM unnest($2::text[]) AS start JOIN entities b
        ON b.collection_id = $1 AND b.key ~>=~ start AND b.key ~<~ (start || E'\\U0010FFFF')
)"""
_FIND = (
    _NAMED_SO.format(where=_BEGINS_SO)
    + "ORDER BY (min(e.key) = ANY($2)) DESC, chunks DESC, e.entity LIMIT $3"
)
_LINKS = """
SELECT subject, kind, object, count(*) AS weight FROM (
    SELECT subject, kind, object FROM relations
    WHERE collection_id = $1 AND subject = ANY($2::uuid[])
    UNION ALL
    SELECT subject, kind, object FROM relations
    WHERE collection_id = $1 AND object = ANY($2::uuid[]) AND subject <> ALL($2::uuid[])
) r GROUP BY subject, kind, object
ORDER BY weight DESC, subject, kind COLLATE "C", object LIMIT $3
"""
_ALL_LINKS = """
SELECT subject, kind, object, count(*) AS weight FROM relations WHERE collection_id = $1
GROUP BY subject, kind, object
ORDER BY weight DESC, subject, kind COLLATE "C", object LIMIT $2
"""
_LINKS_SAID = """
SELECT subject, kind, object, count(*) AS weight FROM relations
WHERE collection_id = $1 AND chunk_id = ANY($2::uuid[]) GROUP BY subject, kind, object
ORDER BY weight DESC, subject, kind COLLATE "C", object LIMIT $3
"""
_NAMED = """
SELECT chunk_id, entity FROM mentions
WHERE collection_id = $1 AND chunk_id = ANY($2::uuid[]) ORDER BY chunk_id, entity
"""
_NAMING = """
SELECT chunk_id, entity FROM mentions
WHERE collection_id = $1 AND entity = ANY($2::uuid[]) ORDER BY entity, chunk_id LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class SqlGraph:
    """The graph of the facts in PostgreSQL."""

    database: Database

    async def ask(self, scope: Scope, question: Callable[[Graph], Awaitable[T]]) -> T:
        """Ask a question of one or more steps: there is but this graph."""
        return await question(self)

    async def entities(self, scope: Scope, wanted: Sequence[UUID]) -> list[Entity]:
        """Read entities, by ascending id."""
        return [_entity(row) for row in await self._ask(scope, _ENTITIES, list(wanted))]

    async def find(self, scope: Scope, starts: Sequence[str], limit: int) -> list[Entity]:
        """Find entities whose key begins with one of these."""
        given = list(dict.fromkeys(starts))
        rows = await self._ask(scope, _FIND, given, limit)
        return [_entity(row) for row in rows]

    async def links(self, scope: Scope, ends: Sequence[UUID], limit: int) -> list[Link]:
        """Give the links of some entities, each once: the strongest first, then by their order."""
        return [_link(row) for row in await self._ask(scope, _LINKS, list(ends), limit)]

    async def all_links(self, scope: Scope, limit: int) -> list[Link]:
        """Give the links of a collection: the strongest first, then by their order."""
        return [_link(row) for row in await self._ask(scope, _ALL_LINKS, limit)]

    async def links_said(self, scope: Scope, chunks: Sequence[UUID], limit: int) -> list[Link]:
        """Give the links that these chunks say, weighed by them alone: the strongest first."""
        return [_link(row) for row in await self._ask(scope, _LINKS_SAID, list(chunks), limit)]

    async def named(self, scope: Scope, chunks: Sequence[UUID]) -> list[Place]:
        """Tell which entities these chunks name, by chunk, then entity."""
        rows = await self._ask(scope, _NAMED, list(chunks))
        return [Place(row["chunk_id"], row["entity"]) for row in rows]

    async def naming(self, scope: Scope, wanted: Sequence[UUID], limit: int) -> list[Place]:
        """Tell which chunks name these entities, by entity, then chunk."""
        rows = await self._ask(scope, _NAMING, list(wanted), limit)
        return [Place(row["chunk_id"], row["entity"]) for row in rows]

    async def _ask(self, scope: Scope, statement: str, *parameters: object) -> list[Record]:
        async with _answering(), self.database.hot(scope.tenant) as connection:
            return await connection.fetch(statement, scope.collection, *parameters)


@asynccontextmanager
async def _answering() -> AsyncIterator[None]:
    try:
        yield
    except DatabaseUnavailable as exc:
        raise GraphUnavailable(f"The graph can't be asked: {exc.message}") from exc


def _entity(row: Record) -> Entity:
    return Entity(row["entity"], EntityKind(row["kind"]), row["key"], row["name"], row["chunks"])


def _link(row: Record) -> Link:
    return Link(row["subject"], RelationKind(row["kind"]), row["object"], row["weight"])
