"""What is left over, as the workers' role sees it: of all tenants."""

from collections.abc import AsyncIterator, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from loguru import logger

from sutazai.core.knowledge.ports import Leftover
from sutazai.records.database import Connection, Database

_DUE = """
SELECT l.id, l.tenant_id, l.physical, l.version_id, b.physical AS also FROM leftovers l
LEFT JOIN collections c ON c.physical = l.physical
LEFT JOIN rebuilds b ON b.collection_id = c.id
WHERE l.not_before <= clock_timestamp() AND l.id <> ALL($2::uuid[])
ORDER BY l.not_before, l.id LIMIT $1
"""
# The version before what is left over of it, as a removal takes them.
_LOCK_VERSION = "SELECT state FROM document_versions WHERE id = $1 FOR UPDATE"
_LOCK = """
SELECT cardinality(files) AS files FROM leftovers
WHERE id = $1 AND not_before <= clock_timestamp() FOR UPDATE SKIP LOCKED
"""
_MARK_SWEPT = "UPDATE document_versions SET swept = true WHERE id = $1"
_FORGET_VERSION = """
WITH gone AS (
    DELETE FROM document_versions WHERE id = $1 RETURNING sha256, text_sha256, chunks_sha256
)
UPDATE leftovers SET files = files
    || array_remove(ARRAY[gone.sha256, gone.text_sha256, gone.chunks_sha256], NULL)
FROM gone WHERE leftovers.id = $1
"""
_FORGET = "DELETE FROM leftovers WHERE id = $1"
_FORGET_EMPTY = "DELETE FROM leftovers WHERE id = $1 AND files = '{}'"
_LOCK_FILES = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
# Held while files are read that are not to go: by exports, and by backups. Asked for, not waited
# for: whoever waits alone for what is shared makes all wait who come to share it.
_LOCK_KEPT = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))"
_SOME_FILES = """
SELECT files[:$2] AS files FROM leftovers
WHERE id = $1 AND not_before <= clock_timestamp() FOR UPDATE SKIP LOCKED
"""
_INDEXING = """
SELECT EXISTS (SELECT 1 FROM document_versions
               WHERE tenant_id = $1 AND state = 'pending' AND NOT swept)
"""
_LATER = """
UPDATE leftovers SET not_before = clock_timestamp() + make_interval(secs => $2) WHERE id = $1
"""
_REFERRED = """
SELECT DISTINCT file FROM document_versions v
CROSS JOIN LATERAL (VALUES (v.sha256), (v.text_sha256), (v.chunks_sha256)) AS f(file)
WHERE v.tenant_id = $1 AND file = ANY($2::text[])
UNION SELECT manifest FROM rebuilds WHERE tenant_id = $1 AND manifest = ANY($2::text[])
"""
_KNOWN = """
SELECT EXISTS (SELECT 1 FROM collections WHERE tenant_id = $1)
    OR EXISTS (SELECT 1 FROM runs WHERE tenant_id = $1)
"""
_FORGET_FILES = """
UPDATE leftovers SET files = files[$2 + 1:] WHERE id = $1
"""
_INDEXING_LASTS_S = 5.0


def files_lock(tenant: UUID) -> str:
    """Name the advisory lock on a tenant's files: shared by uploads, the sweeper's alone."""
    return f"sutazai.files:{tenant}"


def kept_lock(tenant: UUID) -> str:
    """Name the advisory lock on a tenant's files being there: shared by those who read them all."""
    return f"sutazai.kept:{tenant}"


@dataclass(frozen=True, slots=True)
class SqlLeftovers:
    """Leftovers in PostgreSQL."""

    database: Database

    async def due(self, limit: int, passed_over: Set[UUID]) -> list[Leftover]:
        """List what is due, oldest first."""
        async with self.database.work() as connection:
            rows = await connection.fetch(_DUE, limit, list(passed_over))
        return [
            Leftover(row["id"], row["tenant_id"], row["physical"], row["version_id"], row["also"])
            for row in rows
        ]

    @asynccontextmanager
    async def removing_points(self, leftover: Leftover) -> AsyncIterator[bool]:
        """Hold a leftover while its points are removed, and keep on leaving that they are gone."""
        async with self.database.work() as connection:
            state = await connection.fetchval(_LOCK_VERSION, leftover.version or leftover.id)
            if await connection.fetchrow(_LOCK, leftover.id) is None:
                yield False
            elif state in ("pending", "indexed"):
                # Points that are in use, or will be: whatever left them over was wrong.
                logger.error("Version {} was left over and is {}", leftover.version, state)
                await connection.execute(_FORGET, leftover.id)
                yield False
            else:
                yield True
                await _points_gone(connection, leftover.id, state)

    @asynccontextmanager
    async def removing_files(
        self, leftover: Leftover, limit: int
    ) -> AsyncIterator[Sequence[str] | None]:
        """Hold files nobody refers to while they are removed; on leaving they are done with."""
        async with self.database.work() as connection:
            await connection.execute(_LOCK_FILES, files_lock(leftover.tenant))
            # Sweepers wait for each other above; so it is somebody who reads that holds this, or a
            # sweeper that is ending: PostgreSQL gives back the locks of a transaction one by one.
            if not await connection.fetchval(_LOCK_KEPT, kept_lock(leftover.tenant)):
                await connection.execute(_LATER, leftover.id, _INDEXING_LASTS_S)
                yield None
                return
            files = await connection.fetchval(_SOME_FILES, leftover.id, limit)
            if not files:
                yield None
            elif await connection.fetchval(_INDEXING, leftover.tenant):
                # Its text is stored before the record refers to it, and may be among these files.
                await connection.execute(_LATER, leftover.id, _INDEXING_LASTS_S)
                yield None
            else:
                yield await _unreferred(connection, leftover.tenant, files)
                await connection.execute(_FORGET_FILES, leftover.id, len(files))
                await connection.execute(_FORGET_EMPTY, leftover.id)

    async def unreferred(self, tenant: UUID, files: Sequence[str]) -> list[str]:
        """Tell which of a tenant's files no version refers to now; it holds nothing."""
        async with self.database.work() as connection:
            if not await connection.fetchval(_KNOWN, tenant):
                return []
            return await _unreferred(connection, tenant, files)

    @asynccontextmanager
    async def removing_orphans(
        self, tenant: UUID, files: Sequence[str]
    ) -> AsyncIterator[Sequence[str] | None]:
        """Hold those of a tenant's files that no version refers to while they are removed."""
        async with self.database.work() as connection:
            await connection.execute(_LOCK_FILES, files_lock(tenant))
            if not await connection.fetchval(_LOCK_KEPT, kept_lock(tenant)):
                yield None
                return
            # Asked first: what was pending until now is referred to when that is asked.
            if await connection.fetchval(_INDEXING, tenant):
                yield None
            else:
                yield await _unreferred(connection, tenant, files)


async def _unreferred(connection: Connection, tenant: UUID, files: Sequence[str]) -> list[str]:
    rows = await connection.fetch(_REFERRED, tenant, files)
    referred = {row["file"] for row in rows}
    return [file for file in files if file not in referred]


async def _points_gone(connection: Connection, leftover: UUID, state: str | None) -> None:
    if state == "failed":
        await connection.execute(_MARK_SWEPT, leftover)
    elif state == "superseded":
        await connection.execute(_FORGET_VERSION, leftover)
    await connection.execute(_FORGET_EMPTY, leftover)
