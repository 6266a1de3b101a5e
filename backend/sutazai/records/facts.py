"""Write the facts of a document version, in the transaction that makes it searchable."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from sutazai.core.graph.facts import NamedAt, NamedEntity, SaidAt, VersionFacts
from sutazai.records.database import Connection

# COPY is refused under row-level security, so the rows come as JSON. Ids are made of what a row
# is about: a version that is published twice has its facts once.
_ENTITIES = """
INSERT INTO entities (id, tenant_id, collection_id, version_id, entity, kind, key, name, chunks)
SELECT x.id, $2, $3, $4, x.entity, x.kind, x.key, x.name, x.chunks
FROM jsonb_to_recordset($1::text::jsonb)
    AS x(id uuid, entity uuid, kind text, key text, name text, chunks integer)
ON CONFLICT (id) DO NOTHING
"""
_MENTIONS = """
INSERT INTO mentions (id, tenant_id, collection_id, chunk_id, entity, start_offset, end_offset)
SELECT x.id, $2, $3, x.chunk, x.entity, x.start_offset, x.end_offset
FROM jsonb_to_recordset($1::text::jsonb)
    AS x(id uuid, chunk uuid, entity uuid, start_offset bigint, end_offset bigint)
ON CONFLICT (id) DO NOTHING
"""
_RELATIONS = """
INSERT INTO relations
    (id, tenant_id, collection_id, chunk_id, subject, kind, object, start_offset, end_offset)
SELECT x.id, $2, $3, x.chunk, x.subject, x.kind, x.object, x.start_offset, x.end_offset
FROM jsonb_to_recordset($1::text::jsonb) AS x(id uuid, chunk uuid, subject uuid, kind text,
    object uuid, start_offset bigint, end_offset bigint)
ON CONFLICT (id) DO NOTHING
"""

_BATCH = 1000
_Row = TypeVar("_Row")


async def write_facts(connection: Connection, facts: VersionFacts) -> None:
    """Write what chunks mention and say, once their own rows are there."""
    tenant, collection = facts.scope.tenant, facts.scope.collection
    for rows in _batches(_entity, facts.entities):
        await connection.execute(_ENTITIES, rows, tenant, collection, facts.version)
    for rows in _batches(_mention, facts.mentions):
        await connection.execute(_MENTIONS, rows, tenant, collection)
    for rows in _batches(_relation, facts.relations):
        await connection.execute(_RELATIONS, rows, tenant, collection)


def _batches(shown: Callable[[_Row], dict[str, Any]], rows: Sequence[_Row]) -> Iterator[str]:
    """Give rows as JSON, some at a time: whoever else is asked something is answered between."""
    for first in range(0, len(rows), _BATCH):
        yield json.dumps([shown(row) for row in rows[first : first + _BATCH]])


def _entity(row: NamedEntity) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "entity": str(row.entity),
        "kind": row.kind.value,
        "key": row.key,
        "name": row.name,
        "chunks": row.chunks,
    }


def _mention(row: NamedAt) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "chunk": str(row.chunk),
        "entity": str(row.entity),
        "start_offset": row.start,
        "end_offset": row.end,
    }


def _relation(row: SaidAt) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "chunk": str(row.chunk),
        "subject": str(row.subject),
        "kind": row.kind.value,
        "object": str(row.object),
        "start_offset": row.start,
        "end_offset": row.end,
    }
