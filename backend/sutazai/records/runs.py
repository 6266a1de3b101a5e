"""The record of runs, as one tenant sees it: plain asyncpg, since each goal passes here."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeAlias
from uuid import UUID

from asyncpg import Record

from sutazai.core.runs.model import Changes, RunStatus
from sutazai.core.runs.plan import plan_from_json
from sutazai.core.runs.ports import RunView, StepView, Submission
from sutazai.core.runs.transitions import Decisions
from sutazai.records import ledger_sql
from sutazai.records.database import Asking, Connection, Database, Lone
from sutazai.records.ledger import SqlLedgerTransaction, changes_document, write_changes
from sutazai.records.merging import Merging
from sutazai_contracts.errors import IdempotencyMismatch, NotFound, SutazaiError
from sutazai_contracts.events import Event, EventType

_RUN = """
SELECT r.id, r.status, r.workflow, r.goal, r.collection_name, r.input, r.plan::text AS plan,
       r.created_at, r.started_at, r.finished_at, r.result, r.citations, r.error, r.seq, r.retry_of,
       (SELECT jsonb_agg(jsonb_build_object('step', t.step, 'id', t.id, 'status', t.status,
            'attempt', t.attempt, 'started_at', t.started_at, 'finished_at', t.finished_at,
            'error', t.error, 'input', t.input, 'output', t.output, 'usage', t.usage))
        FROM tasks t WHERE t.run_id = r.id) AS tasks, q.conversation_id
FROM runs r LEFT JOIN turns q ON q.id = r.id WHERE r.id = $1
"""
_NEWEST = """
SELECT id, status, workflow, goal, collection_name, input, created_at, started_at, finished_at,
       result, citations, error, seq, retry_of
FROM runs WHERE ($2::uuid IS NULL OR id < $2) AND ($3::text IS NULL OR status = $3)
  AND ($4::text IS NULL OR workflow = $4)
ORDER BY id DESC LIMIT $1
"""
_EVENTS = """
SELECT run_id, seq, type, data, at FROM events
WHERE run_id = $1 AND seq > $2 ORDER BY seq LIMIT $3
"""
_LAST_SEQS = "SELECT id, seq FROM runs WHERE id = ANY($1::uuid[])"


# A run, and when it was written; None: it was before.
Written: TypeAlias = tuple[UUID, datetime | None]


@dataclass(frozen=True, slots=True)
class SqlRuns:
    """Runs in PostgreSQL."""

    database: Database
    _submitting: dict[UUID, Merging[Submission, Written]] = field(default_factory=dict)

    async def submit(self, tenant: UUID, submission: Submission) -> RunView:
        """Write a run and give it as it was written; where its idempotency key was used before,
        give the run of that time as it is now.
        """
        merging = self._submitting.get(tenant)
        if merging is None:
            forget = partial(self._submitting.pop, tenant, None)
            merging = Merging(partial(self._submit_all, tenant), on_idle=forget)
            self._submitting[tenant] = merging
        run, written_at = await merging.do(submission)
        return await self.get(tenant, run) if written_at is None else submission.view(written_at)

    async def _submit_all(
        self, tenant: UUID, submissions: Sequence[Submission]
    ) -> list[Written | SutazaiError]:
        if len(submissions) == 1:
            return await submit_all_on(self.database.lone(tenant), submissions)
        async with self.database.hot(tenant) as connection:
            return await submit_all_on(connection, submissions)

    async def get(self, tenant: UUID, run: UUID) -> RunView:
        """Read a run with its steps, in one statement."""
        row = await self.database.lone(tenant).fetchrow(_RUN, run)
        if row is None:
            raise NotFound(f"there is no run {run}")
        return _view(row)

    async def newest(
        self,
        tenant: UUID,
        limit: int,
        before: UUID | None,
        status: RunStatus | None,
        workflow: str | None = None,
    ) -> list[RunView]:
        """List runs, newest first, those older than `before`, of a status and of a workflow."""
        lone = self.database.lone(tenant)
        rows = await lone.fetch(_NEWEST, limit, before, status, workflow)
        return [_view(row) for row in rows]

    async def events(self, tenant: UUID, run: UUID, after: int, limit: int) -> list[Event]:
        """Read the events of a run that follow `after`, in order."""
        rows = await self.database.lone(tenant).fetch(_EVENTS, run, after, limit)
        return [
            Event(
                run=row["run_id"],
                seq=row["seq"],
                type=EventType(row["type"]),
                at=row["at"],
                data=row["data"],
            )
            for row in rows
        ]

    async def cancel(self, tenant: UUID, run: UUID, reason: str) -> bool:
        """Cancel a run under its lock; false when it had ended."""
        async with self.database.hot(tenant) as connection:
            return await cancel_on(connection, run, reason)

    async def last_seqs(self, runs: Collection[UUID]) -> dict[UUID, int]:
        """Give the number of each run's newest event, of any tenant."""
        async with self.database.work() as connection:
            rows = await connection.fetch(_LAST_SEQS, list(runs))
        return {row["id"]: row["seq"] for row in rows}


async def submit_on(connection: Connection, submission: Submission) -> Written:
    """Write a run on a connection whose tenant is set; one statement, two where it was replayed.

    Raises:
        IdempotencyMismatch: the key was used with another request.
        NotFound: this tenant has no collection of the name.
    """
    [written] = await submit_all_on(connection, [submission])
    if isinstance(written, SutazaiError):
        raise written
    return written


async def submit_all_on(
    connection: Asking, submissions: Sequence[Submission]
) -> list[Written | SutazaiError]:
    """Write runs where the tenant is set, in one round trip where none was replayed: one run as a
    lone statement, several in a transaction.

    Gives for each what was written, or why nothing was: what `submit_on` raises.
    """
    parameters = [_parameters(submission) for submission in submissions]
    if isinstance(connection, Lone) or len(parameters) == 1:
        rows = await connection.fetch(ledger_sql.SUBMIT, *parameters[0])
    else:
        rows = await connection.fetchmany(ledger_sql.SUBMIT, parameters)
    made: dict[UUID, datetime] = {row["id"]: row["created_at"] for row in rows}
    return [
        (one.run.id, made[one.run.id]) if one.run.id in made else await _replayed(connection, one)
        for one in submissions
    ]


def _parameters(submission: Submission) -> tuple[object, ...]:
    run = submission.run
    return (
        run.id,
        run.tenant,
        run.plan.name,
        run.goal,
        json.dumps(run.input),
        run.plan.model_dump_json(),
        run.collection,
        submission.collection_name,
        run.seq,
        run.traceparent,
        submission.idempotency_key,
        submission.request_hash,
        json.dumps(changes_document(submission.changes)),
        run.retry_of,
        run.origin,
    )


async def _replayed(connection: Asking, submission: Submission) -> Written | SutazaiError:
    row = await connection.fetchrow(ledger_sql.REPLAYED, submission.idempotency_key)
    if row is None and submission.collection_name is not None:
        return NotFound(f"there is no collection {submission.collection_name}")
    if row is None or row["request_hash"] != submission.request_hash:
        return IdempotencyMismatch(field="Idempotency-Key")
    return row["id"], None


async def cancel_on(connection: Connection, run: UUID, reason: str) -> bool:
    """Cancel a run on a connection whose tenant is set; false when it had ended.

    Raises:
        NotFound: this tenant has no such run.
    """
    snapshots = await SqlLedgerTransaction(connection).lock([run], skip_locked=False)
    if run not in snapshots:
        raise NotFound(f"there is no run {run}")
    changes = Changes()
    # A cancelled run readies nothing, so nothing here is drawn by lot.
    cancelled = Decisions(snapshots[run], changes, lambda: 0.0).cancel(reason)
    if cancelled:
        await write_changes(connection, changes)
    return cancelled


def _view(row: Record) -> RunView:
    steps = _steps(row) if "plan" in row else ()
    usage: dict[str, float] = {}
    for step in steps:
        usage["attempts"] = usage.get("attempts", 0) + step.attempts
        for name, amount in step.usage.items():
            usage[name] = usage.get(name, 0.0) + amount
    return RunView(
        id=row["id"],
        status=RunStatus(row["status"]),
        workflow=row["workflow"],
        goal=row["goal"],
        collection=row["collection_name"],
        input=row["input"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        result=row["result"],
        citations=row["citations"],
        error=row["error"],
        seq=row["seq"],
        steps=steps,
        usage=usage,
        conversation=row.get("conversation_id"),
        retry_of=row["retry_of"],
    )


def _steps(row: Record) -> Sequence[StepView]:
    tasks = {task["step"]: task for task in row["tasks"] or ()}
    views: list[StepView] = []
    for step in plan_from_json(row["plan"]).steps:
        task = tasks.get(step.id)
        if task is None:
            views.append(StepView(step.id, step.agent, step.needs, "waiting"))
            continue
        views.append(
            StepView(
                id=step.id,
                agent=step.agent,
                needs=step.needs,
                status=task["status"],
                attempts=task["attempt"],
                task=UUID(task["id"]),
                started_at=_time(task["started_at"]),
                finished_at=_time(task["finished_at"]),
                error=task["error"],
                input=task["input"],
                output=task["output"],
                usage=task["usage"],
            )
        )
    return tuple(views)


def _time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value is not None else None
