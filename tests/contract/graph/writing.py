"""Write documents with facts to PostgreSQL, as if they had been indexed."""

import json
from collections.abc import Sequence
from uuid import UUID

import psycopg

from sutazai.records.facts import write_facts
from tests.contract.graph.documents import Document
from tests.support.database import TestDatabase

_ROWS = """
INSERT INTO tenants (id, name) VALUES (%(tenant)s, %(tenant)s::text) ON CONFLICT DO NOTHING;
INSERT INTO collections (id, tenant_id, name, physical, model)
VALUES (%(collection)s, %(tenant)s, 'c' || %(collection)s::text, %(collection)s, '{}')
ON CONFLICT DO NOTHING;
INSERT INTO documents (id, tenant_id, collection_id, name)
VALUES (%(version)s, %(tenant)s, %(collection)s, %(version)s::text);
INSERT INTO document_versions
    (id, tenant_id, collection_id, document_id, number, state, sha256, size, run_id, chunk_count)
VALUES (%(version)s, %(tenant)s, %(collection)s, %(version)s, 1, 'indexed', 'x', 1, %(version)s,
        %(count)s);
"""
_CHUNKS = """
INSERT INTO chunks (id, tenant_id, version_id, number, start_offset, end_offset, heading_path)
SELECT x.id, %(tenant)s, %(version)s, x.number, x.number, x.number + 1, '{}'
FROM jsonb_to_recordset(%(chunks)s::jsonb) AS x(id uuid, number integer)
"""


async def write(database: TestDatabase, documents: Sequence[Document]) -> None:
    """Write documents, their versions, chunks and facts."""
    with psycopg.connect(database.admin) as connection:
        connection.execute("SET search_path = sutazai")
        for one in documents:
            ids: dict[str, UUID | str | int] = {
                "tenant": one.scope.tenant,
                "collection": one.scope.collection,
                "version": one.version,
                "count": len(one.chunks),
                "chunks": json.dumps([{"id": str(c.id), "number": c.number} for c in one.chunks]),
            }
            for statement in (*_ROWS.split(";\n")[:-1], _CHUNKS):
                connection.execute(statement, ids)
    async with database.open.work() as worker:
        for one in documents:
            await write_facts(worker, one.facts)
