"""The record of retries: plain asyncpg. A new run refers to an ended one, which nobody changes."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from sutazai.core.runs.retrying import Earlier, Retry
from sutazai.records.conversations import ask_again_on
from sutazai.records.database import Database
from sutazai.records.ledger_rows import run_row, task_row
from sutazai.records.runs import submit_on
from sutazai_contracts.errors import NotFound, RunNotRetriable

# An ended run does not change, so it is read without a lock.
_EARLIER = """
SELECT r.id, r.tenant_id, r.plan::text AS plan, r.goal, r.input, r.status, r.seq, r.collection_id,
       r.traceparent, r.result, r.citations, r.error, r.started_at, r.finished_at, r.retry_of,
       r.origin, r.collection_name, k.id AS replayed, k.request_hash
FROM runs r LEFT JOIN runs k ON k.idempotency_key = $2 WHERE r.id = $1
"""
_DONE = """
SELECT id, run_id, tenant_id, step, agent, status, priority, attempt, failures, losses,
       available_at, token, worker, lease_until, started_at, finished_at, error, usage, input,
       output
FROM tasks WHERE run_id = $1 AND status = 'succeeded' ORDER BY id
"""
# Turns are their tenant's, a conversation is its user's.
_TURN = "SELECT conversation_id, user_id FROM turns WHERE id = $1"


@dataclass(frozen=True, slots=True)
class SqlRetries:
    """Retries in PostgreSQL."""

    database: Database

    async def earlier(self, tenant: UUID, run: UUID, key: str | None) -> Earlier:
        """Read a run that is to be retried, and what an idempotency key made before."""
        async with self.database.hot(tenant) as connection:
            row = await connection.fetchrow(_EARLIER, run, key)
            done = await connection.fetch(_DONE, run)
        if row is None:
            raise NotFound(f"there is no run {run}")
        return Earlier(
            run=run_row(row),
            done=[task_row(task) for task in done],
            collection_name=row["collection_name"],
            replayed=row["replayed"],
            request_hash=row["request_hash"],
        )

    async def retry(self, tenant: UUID, user: UUID, retry: Retry) -> UUID:
        """Write a run with the steps it keeps, in one transaction; with its question, if any."""
        try:
            async with self.database.hot(tenant, user) as connection:
                turn = await connection.fetchrow(_TURN, retry.earlier)
                if turn is not None and turn["user_id"] != user:
                    raise RunNotRetriable("it answers in a conversation of somebody else")
                if turn is not None:
                    place = turn["conversation_id"]
                    written = await ask_again_on(connection, user, place, retry)
                    if written is not None:
                        return written
                run, _ = await submit_on(connection, retry.submission)
                return run
        except asyncpg.ForeignKeyViolationError as exc:
            # Removed since it was read.
            raise RunNotRetriable("its collection is not there any more") from exc
