"""Make a document version searchable: one commit, together with the step that made it."""

import asyncio
import json
from collections.abc import Collection, Sequence
from uuid import UUID

from sutazai.core.graph.facts import facts_of
from sutazai.core.graph.model import Scope
from sutazai.core.runs.model import Publication
from sutazai.records.database import Connection
from sutazai.records.facts import write_facts
from sutazai_contracts.knowledge import Chunk

# The newest version that was indexed is the one that is found; an older one that ends late is
# superseded at once. The document's row is locked first, so that two versions do not cross.
_LOCK_DOCUMENT = "SELECT id FROM documents WHERE id = $1 FOR UPDATE"
_NEWER = """
SELECT EXISTS (SELECT 1 FROM document_versions newer JOIN document_versions v ON v.id = $1
               WHERE newer.document_id = v.document_id AND newer.number > v.number
                 AND newer.state = 'indexed')
"""
_SUPERSEDE = """
WITH old AS (
    UPDATE document_versions SET state = 'superseded'
    WHERE document_id = $1 AND id <> $2 AND state = 'indexed'
    RETURNING id, tenant_id, collection_id
), gone AS (DELETE FROM chunks WHERE version_id IN (SELECT id FROM old)),
unnamed AS (DELETE FROM entities WHERE version_id IN (SELECT id FROM old))
INSERT INTO leftovers (id, tenant_id, physical, version_id)
SELECT old.id, old.tenant_id, c.physical, old.id
FROM old JOIN collections c ON c.id = old.collection_id
ON CONFLICT DO NOTHING
"""
_FINISH = """
UPDATE document_versions SET state = $2, media_type = $3, title = $4, text_sha256 = $5,
    characters = $6, chunks_sha256 = $7, chunk_count = $8, indexed_at = clock_timestamp()
WHERE id = $1 AND state = 'pending' RETURNING tenant_id, collection_id
"""
_SWEEP_LATE = """
INSERT INTO leftovers (id, tenant_id, physical, version_id)
SELECT v.id, v.tenant_id, c.physical, v.id
FROM document_versions v JOIN collections c ON c.id = v.collection_id WHERE v.id = $1
ON CONFLICT DO NOTHING
"""
# COPY is refused under row-level security, so the rows come as JSON.
_CHUNKS = """
INSERT INTO chunks (id, tenant_id, version_id, number, start_offset, end_offset, heading_path)
SELECT x.id, $2, $3, x.number, x.start_offset, x.end_offset, x.heading_path
FROM jsonb_to_recordset($1::text::jsonb) AS x(id uuid, number integer, start_offset bigint,
    end_offset bigint, heading_path text[])
"""
# What an unfinished version left in the vector store goes once its worker has surely let go.
_ABANDON = """
WITH failed AS (
    UPDATE document_versions SET state = 'failed'
    WHERE run_id = ANY($1::uuid[]) AND state = 'pending'
    RETURNING id, tenant_id, collection_id
)
INSERT INTO leftovers (id, tenant_id, physical, version_id, not_before)
SELECT f.id, f.tenant_id, c.physical, f.id, clock_timestamp() + make_interval(secs => $2)
FROM failed f JOIN collections c ON c.id = f.collection_id
ON CONFLICT DO NOTHING
"""
WORKERS_LET_GO_S = 60.0


async def publish(
    connection: Connection, publication: Publication, chunks: Sequence[Chunk]
) -> None:
    """Publish a version in the caller's transaction; a document removed meanwhile stays removed."""
    done = publication.document
    if await connection.fetchval(_LOCK_DOCUMENT, done.document) is None:
        return
    late = await connection.fetchval(_NEWER, done.version)
    if not late:
        await connection.execute(_SUPERSEDE, done.document, done.version)
    finished = await connection.fetchrow(
        _FINISH,
        done.version,
        "superseded" if late else "indexed",
        done.media_type,
        done.title,
        done.text_sha256,
        done.characters,
        done.chunks_sha256,
        done.chunks,
    )
    if late:
        await connection.execute(_SWEEP_LATE, done.version)
    elif finished is not None:
        scope = Scope(finished["tenant_id"], finished["collection_id"])
        rows = json.dumps([_chunk_row(chunk) for chunk in chunks])
        await connection.execute(_CHUNKS, rows, scope.tenant, done.version)
        # Of a long document they take a tenth of a second: others are answered meanwhile.
        facts = await asyncio.to_thread(facts_of, scope, done.version, chunks)
        await write_facts(connection, facts)


async def abandon(connection: Connection, runs: Collection[UUID]) -> None:
    """Give up the versions that runs which did not succeed were to index."""
    await connection.execute(_ABANDON, list(runs), WORKERS_LET_GO_S)


def _chunk_row(chunk: Chunk) -> dict[str, object]:
    return {
        "id": str(chunk.id),
        "number": chunk.number,
        "start_offset": chunk.start,
        "end_offset": chunk.end,
        "heading_path": list(chunk.heading_path),
    }
