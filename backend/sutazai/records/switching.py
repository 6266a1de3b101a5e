"""Publishing and rebuilding cross: collections are held, switched over in one commit, or given up.

Whoever publishes a document version, or switches a collection over, holds the collection first,
then runs by ascending id. So a version is published either before a rebuild lists what there is,
or it has to be in what is being rebuilt as well; nothing is between.
"""

from collections.abc import Collection
from uuid import UUID

from asyncpg import Record

from sutazai.core.runs.model import Switch
from sutazai.core.tasks.ports import HeldCollection
from sutazai.records.database import Connection
from sutazai.records.publication import WORKERS_LET_GO_S

_HOLD = """
SELECT c.id FROM collections c WHERE c.id IN (SELECT collection_id FROM runs WHERE id = ANY($1))
ORDER BY c.id FOR
"""
_HELD = """
SELECT r.id AS run, c.physical, c.model, b.id AS rebuild, b.physical AS target,
       b.model AS target_model
FROM runs r JOIN collections c ON c.id = r.collection_id
LEFT JOIN rebuilds b ON b.collection_id = c.id WHERE r.id = ANY($1)
"""
_STILL_INDEXED = """
SELECT d.name FROM document_versions v JOIN documents d ON d.id = v.document_id
WHERE v.id = ANY($1) AND v.state = 'indexed' ORDER BY d.name LIMIT 1
"""
_FINISH = """
DELETE FROM rebuilds WHERE id = $1
RETURNING collection_id, tenant_id, physical, model, versions
"""
_OLD = "SELECT physical FROM collections WHERE id = $1"
_SWITCH = "UPDATE collections SET physical = $2, model = $3 WHERE id = $1"
# What was left over of versions lies in the new place by now, if anywhere; the old one goes whole.
_MOVE_LEFTOVERS = """
UPDATE leftovers SET physical = $2 WHERE physical = $1 AND version_id IS NOT NULL
"""
# Versions that were listed and are not found any more: replaced, or removed with their documents.
_LEAVE_STALE = """
INSERT INTO leftovers (id, tenant_id, physical, version_id)
SELECT listed.id, $2, $3, listed.id FROM unnest($1::uuid[]) AS listed(id)
WHERE NOT EXISTS (SELECT 1 FROM document_versions v
                  WHERE v.id = listed.id AND v.state = 'indexed')
ON CONFLICT DO NOTHING
"""
_LEAVE_WHOLE = """
INSERT INTO leftovers (id, tenant_id, physical, not_before)
VALUES ($1, $2, $1, clock_timestamp() + make_interval(secs => $3)) ON CONFLICT DO NOTHING
"""
_GIVE_UP = """
WITH gone AS (DELETE FROM rebuilds WHERE id = ANY($1::uuid[]) RETURNING tenant_id, physical)
INSERT INTO leftovers (id, tenant_id, physical, not_before)
SELECT physical, tenant_id, physical, clock_timestamp() + make_interval(secs => $2) FROM gone
ON CONFLICT DO NOTHING
"""


async def hold(
    connection: Connection, runs: Collection[UUID], *, switching: bool
) -> dict[UUID, HeldCollection]:
    """Hold the collections of runs as they are, until the end of the transaction."""
    await connection.fetch(_HOLD + ("UPDATE" if switching else "SHARE"), list(runs))
    # A statement of its own: it sees what was committed while the locks were waited for.
    rows = await connection.fetch(_HELD, list(runs))
    return {row["run"]: _held(row) for row in rows}


async def still_indexed(connection: Connection, wanted: Collection[UUID]) -> str | None:
    """Name a document one of these versions of which is found now."""
    name: str | None = await connection.fetchval(_STILL_INDEXED, list(wanted))
    return name


async def switch(connection: Connection, change: Switch) -> None:
    """Let what was rebuilt take the collection's place; the old one is left to the sweeper."""
    row = await connection.fetchrow(_FINISH, change.run)
    if row is None:
        return
    collection, tenant, new = row["collection_id"], row["tenant_id"], row["physical"]
    old = await connection.fetchval(_OLD, collection)
    await connection.execute(_SWITCH, collection, new, row["model"])
    await connection.execute(_MOVE_LEFTOVERS, old, new)
    await connection.execute(_LEAVE_STALE, row["versions"], tenant, new)
    await connection.execute(_LEAVE_WHOLE, old, tenant, WORKERS_LET_GO_S)


async def give_up(connection: Connection, runs: Collection[UUID]) -> None:
    """End the rebuilds of runs that did not succeed; what they wrote is left to the sweeper."""
    await connection.execute(_GIVE_UP, list(runs), WORKERS_LET_GO_S)


def _held(row: Record) -> HeldCollection:
    return HeldCollection(
        physical=row["physical"],
        rebuild=row["rebuild"],
        target=row["target"],
        same_model=row["model"] == row["target_model"],
    )
