"""Write the facts of a document version, in the transaction that makes it searchable."""

import json
from typing import Any

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


async def write_facts(connection: Connection, facts: VersionFacts) -> None:
    """Write what chunks mention and say, once their own rows are there."""
    if not facts.entities:
        return
    tenant, collection = facts.scope.tenant, facts.scope.collection
    rows = _json(map(_entity, facts.entities))
    await connection.execute(_ENTITIES, rows, tenant, collection, facts.version)
    rows = _json(map(_mention, facts.mentions))
    await connection.execute(_MENTIONS, rows, tenant, collection)
    if facts.relations:
        rows = _json(map(_relation, facts.relations))
        await connection.execute(_RELATIONS, rows, tenant, collection)


def _json(rows: "map[dict[str, Any]]") -> str:
    return json.dumps(list(rows))


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
