"""The facts as a projection of them is made: which versions have some, and all that these say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record

from sutazai.core.graph.facts import NamedAt, NamedEntity, SaidAt, VersionFacts
from sutazai.core.graph.model import Scope
from sutazai.core.graph.standing import Standing
from sutazai.records.database import Database
from sutazai_contracts.graph import EntityKind, RelationKind

# As `Standing.of` has it. A version has facts while it is found, and never others.
_STANDS = """
count(*) AS versions, bit_xor(('x' || replace(id::text, '-', ''))::bit(128))::text AS digest
FROM document_versions WHERE state = 'indexed'
"""
_STANDINGS = f"SELECT tenant_id, collection_id, {_STANDS} GROUP BY tenant_id, collection_id"
_STANDING = f"SELECT {_STANDS} AND tenant_id = $1 AND collection_id = $2"
_INDEXED = """
SELECT id, chunk_count FROM document_versions
WHERE state = 'indexed' AND tenant_id = $1 AND collection_id = $2
"""
_STILL = _INDEXED + " AND id = ANY($3::uuid[])"
_ENTITIES = """
SELECT id, version_id, entity, kind, key, name, chunks FROM entities
WHERE version_id = ANY($1::uuid[]) ORDER BY id
"""
_MENTIONS = """
SELECT m.id, k.version_id, m.chunk_id, m.entity, m.start_offset, m.end_offset
FROM chunks k JOIN mentions m ON m.chunk_id = k.id
WHERE k.version_id = ANY($1::uuid[]) ORDER BY m.id
"""
_RELATIONS = """
SELECT r.id, k.version_id, r.chunk_id, r.subject, r.kind, r.object, r.start_offset, r.end_offset
FROM chunks k JOIN relations r ON r.chunk_id = k.id
WHERE k.version_id = ANY($1::uuid[]) ORDER BY r.id
"""


@dataclass(frozen=True, slots=True)
class SqlFacts:
    """Facts in PostgreSQL, as the workers' role sees them: of all tenants."""

    database: Database

    async def standings(self) -> dict[Scope, Standing]:
        """Tell of every collection which versions are found."""
        rows = await self.database.look(_STANDINGS)
        return {Scope(row["tenant_id"], row["collection_id"]): _standing(row) for row in rows}

    async def standing(self, scope: Scope) -> Standing:
        """Tell of a collection which versions are found."""
        [row] = await self.database.look(_STANDING, scope.tenant, scope.collection)
        return _standing(row)

    async def indexed(self, scope: Scope) -> dict[UUID, int]:
        """List the versions of a collection that are found, each with its number of chunks."""
        rows = await self.database.look(_INDEXED, scope.tenant, scope.collection)
        return {row["id"]: row["chunk_count"] or 0 for row in rows}

    async def facts(self, scope: Scope, versions: Sequence[UUID]) -> list[VersionFacts]:
        """Read what some versions say, all of one moment; those found no more are left out."""
        async with self.database.work() as connection:
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            still = await connection.fetch(_STILL, scope.tenant, scope.collection, list(versions))
            ids = [row["id"] for row in still]
            entities = await connection.fetch(_ENTITIES, ids)
            mentions = await connection.fetch(_MENTIONS, ids)
            relations = await connection.fetch(_RELATIONS, ids)
        return _by_version(scope, ids, entities, mentions, relations)


def _by_version(
    scope: Scope,
    ids: Sequence[UUID],
    entities: Sequence[Record],
    mentions: Sequence[Record],
    relations: Sequence[Record],
) -> list[VersionFacts]:
    named: Mapping[UUID, list[NamedEntity]] = {id: [] for id in ids}
    named_at: Mapping[UUID, list[NamedAt]] = {id: [] for id in ids}
    said_at: Mapping[UUID, list[SaidAt]] = {id: [] for id in ids}
    for row in entities:
        named[row["version_id"]].append(_entity(row))
    for row in mentions:
        named_at[row["version_id"]].append(_mention(row))
    for row in relations:
        said_at[row["version_id"]].append(_relation(row))
    return [VersionFacts(scope, id, named[id], named_at[id], said_at[id]) for id in ids]


def _standing(row: Record) -> Standing:
    return Standing(row["versions"], f"{int(row['digest'] or '0', 2):032x}")


def _entity(row: Record) -> NamedEntity:
    kind = EntityKind(row["kind"])
    return NamedEntity(row["id"], row["entity"], kind, row["key"], row["name"], row["chunks"])


def _mention(row: Record) -> NamedAt:
    place = row["start_offset"], row["end_offset"]
    return NamedAt(row["id"], row["chunk_id"], row["entity"], *place)


def _relation(row: Record) -> SaidAt:
    kind, place = RelationKind(row["kind"]), (row["start_offset"], row["end_offset"])
    return SaidAt(row["id"], row["chunk_id"], row["subject"], kind, row["object"], *place)
