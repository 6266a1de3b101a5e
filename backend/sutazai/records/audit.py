"""The audit log in PostgreSQL, where the application adds and reads and can do nothing else."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record

from sutazai.core.identity.audit import START, Chained, Entry, Event, chain
from sutazai.records.database import Connection, Database

# Entries of one tenant are chained one after another, so they are written so as well.
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_LAST = "SELECT seq, hash FROM audit_log ORDER BY seq DESC LIMIT 1"
_ADD = """
INSERT INTO audit_log
    (tenant_id, seq, at, event, actor, subject, address, details, previous, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_PAGE = """
SELECT * FROM audit_log
WHERE ($2::bigint IS NULL OR seq < $2) AND ($3::text IS NULL OR event = $3)
ORDER BY seq DESC LIMIT $1
"""
_FORWARD = "SELECT * FROM audit_log WHERE seq > $1 ORDER BY seq LIMIT $2"
_BATCH = 500


async def add_entry(connection: Connection, tenant: UUID, entry: Entry) -> None:
    """Add an entry to a tenant's log, in a transaction that names that tenant."""
    await connection.execute(_ALONE, f"sutazai.audit.{tenant}")
    last = await connection.fetchrow(_LAST)
    seq, previous = (1, START) if last is None else (last["seq"] + 1, last["hash"])
    await connection.execute(
        _ADD,
        tenant,
        seq,
        entry.at,
        str(entry.event),
        entry.actor,
        entry.subject,
        entry.address,
        dict(entry.details),
        previous,
        chain(tenant, seq, entry, previous),
    )


@dataclass(frozen=True, slots=True)
class SqlAudit:
    """Keep the audit log in PostgreSQL."""

    database: Database

    async def append(self, tenant: UUID, entry: Entry) -> None:
        """Add an entry, chained to the last one."""
        async with self.database.hot(tenant) as connection:
            await add_entry(connection, tenant, entry)

    async def page(
        self, tenant: UUID, limit: int, before: int | None, event: Event | None
    ) -> list[Chained]:
        """List entries, newest first, those before a number, of one event or of all."""
        wanted = None if event is None else event.value
        rows = await self.database.lone(tenant).fetch(_PAGE, limit, before, wanted)
        return [_read(row) for row in rows]

    async def oldest_first(self, tenant: UUID) -> AsyncIterator[Chained]:
        """Give all entries in order, as they are kept."""
        after = 0
        while True:
            # Not in one transaction: what is added meanwhile only makes the chain longer.
            async with self.database.hot(tenant) as connection:
                rows = await connection.fetch(_FORWARD, after, _BATCH)
            for row in rows:
                yield _read(row)
            if len(rows) < _BATCH:
                return
            after = rows[-1]["seq"]


def _read(row: Record) -> Chained:
    entry = Entry(
        at=row["at"],
        event=row["event"],
        actor=row["actor"],
        subject=row["subject"],
        address=row["address"],
        details=row["details"],
    )
    return Chained(row["tenant_id"], row["seq"], entry, row["previous"], row["hash"])
