"""The record of the ledger on PostgreSQL: plain asyncpg, as few round trips as there can be."""

import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from sutazai.core.runs.model import (
    Changes,
    NewAnswer,
    RunRow,
    RunStatus,
    Snapshot,
    TaskRow,
    TaskStatus,
)
from sutazai.core.tasks.ports import Candidate, Claimable, DueWakeUp, HeldCollection, HeldTask
from sutazai.records import ledger_sql
from sutazai.records.database import Connection, Database
from sutazai.records.ledger_rows import grant_row, run_row, snapshots, task_row
from sutazai.records.publication import abandon, publish
from sutazai.records.switching import give_up, hold, still_indexed, switch
from sutazai_contracts.knowledge import (
    Chunk,
)
from sutazai_contracts.tasks import Beat, BeatReply


@dataclass(frozen=True, slots=True)
class SqlLedgerTransaction:
    """One transaction of the ledger."""

    connection: Connection

    async def lost(self, limit: int) -> list[Candidate]:
        """Pick claimed tasks whose lease ran out by the database's clock."""
        rows = await self.connection.fetch(ledger_sql.LOST, limit)
        return [Candidate(task=row["id"], run=row["run_id"]) for row in rows]

    async def lock(self, runs: Collection[UUID], *, skip_locked: bool) -> dict[UUID, Snapshot]:
        """Lock runs by ascending id, then their tasks."""
        statement = ledger_sql.LOCK_RUNS_FREE if skip_locked else ledger_sql.LOCK_RUNS
        rows = await self.connection.fetch(statement, list(runs))
        found = {row["id"]: Snapshot(run_row(row), {}, row["now"]) for row in rows}
        if found:
            for row in await self.connection.fetch(ledger_sql.LOCK_TASKS, list(found)):
                found[row["run_id"]].tasks[row["id"]] = task_row(row)
        return found

    async def runs_of(self, tasks: Collection[UUID]) -> dict[UUID, UUID]:
        """Look up the run of each task."""
        rows = await self.connection.fetch(ledger_sql.RUNS_OF, list(tasks))
        return {row["id"]: row["run_id"] for row in rows}

    async def hold_collections(
        self, runs: Collection[UUID], *, switching: bool
    ) -> dict[UUID, HeldCollection]:
        """Hold the collections of runs as they are, before any run is locked."""
        return await hold(self.connection, runs, switching=switching)

    async def still_indexed(self, versions: Collection[UUID]) -> str | None:
        """Name a document one of these versions of which is found now."""
        return await still_indexed(self.connection, versions)

    async def write(
        self, changes: Changes, chunks: Mapping[UUID, Sequence[Chunk]] | None = None
    ) -> None:
        """Write all changes in one statement, then publish document versions."""
        await write_changes(self.connection, changes)
        for publication in changes.publications:
            read = (chunks or {}).get(publication.document.version, ())
            await publish(self.connection, publication, read)
        for change in changes.switches:
            await switch(self.connection, change)

    async def take_due(self, limit: int) -> list[DueWakeUp]:
        """Remove due wake-ups from the outbox; they are back if the transaction fails."""
        rows = await self.connection.fetch(ledger_sql.TAKE_DUE, limit)
        return [DueWakeUp(id=row["id"], agent=row["agent"]) for row in rows]


async def write_changes(connection: Connection, changes: Changes) -> None:
    """Write runs, tasks, events and wake-ups in one statement, answers in another.

    Raises:
        RuntimeError: a run is not as it was read, though it is locked.
    """
    written = await connection.fetch(ledger_sql.WRITE, json.dumps(changes_document(changes)), True)
    if len(written) < len(changes.runs):
        raise RuntimeError("a run was changed that is locked here")
    if changes.answers:
        answers = [_answer(answer) for answer in changes.answers]
        await connection.execute(ledger_sql.ANSWER, json.dumps(answers))
    if given_up := _given_up(changes, "document"):
        await abandon(connection, given_up)
    if given_up := _given_up(changes, "rebuild"):
        await give_up(connection, given_up)


def _given_up(changes: Changes, what: str) -> set[UUID]:
    return {
        run.id
        for run in changes.runs.values()
        if run.status in (RunStatus.FAILED, RunStatus.CANCELLED)
        and any(step.publishes == what for step in run.plan.steps)
    }


@dataclass(frozen=True, slots=True)
class SqlLedger:
    """The ledger's record, as the workers' role sees it: all tenants."""

    database: Database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlLedgerTransaction]:
        """Begin; commit on leaving, roll back on an error."""
        async with self.database.work() as connection:
            yield SqlLedgerTransaction(connection)

    async def claimable(self, agent: str, limit: int) -> Claimable:
        """Pick ready tasks of an agent by fairness between tenants, priority and age; no lock."""
        rows = await self.database.look(ledger_sql.CLAIMABLE, agent, limit)
        candidates = [Candidate(task=row["id"], run=row["run_id"]) for row in rows]
        found = snapshots(rows)
        grants = {
            row["collection"]: grant_row(row)
            for row in rows
            if row["collection"] is not None
            and found[row["run_id"]].run.step(row["step"]).collection != "none"
        }
        return Claimable(candidates, found, grants)

    async def standing(self, tasks: Collection[UUID]) -> dict[UUID, Snapshot]:
        """Read the runs that some tasks are of, by id, with all their tasks; no lock."""
        return snapshots(await self.database.look(ledger_sql.STANDING, list(tasks)))

    async def write(self, changes: Changes, *, all_or_none: bool) -> Collection[UUID]:
        """Write changes of runs that are as they were read, in one statement of its own."""
        document = json.dumps(changes_document(changes))
        rows = await self.database.look(ledger_sql.WRITE, document, all_or_none)
        return {row["run"] for row in rows}

    async def renew(
        self, beats: Sequence[Beat], lease_s: float, agent: str | None = None
    ) -> list[BeatReply]:
        """Renew leases by the database's clock; one reply per beat."""
        ids, tokens = [beat.task for beat in beats], [beat.token for beat in beats]
        rows = await self.database.look(ledger_sql.RENEW, ids, tokens, lease_s, agent)
        replies = {(row["id"], row["token"]): _reply(row) for row in rows}
        return [replies[beat.task, beat.token] for beat in beats]

    async def holders(self, tasks: Collection[UUID]) -> dict[UUID, HeldTask]:
        """Look up tasks of any tenant by id; those that there are not are left out."""
        rows = await self.database.look(ledger_sql.HOLDERS, list(tasks))
        return {
            row["id"]: HeldTask(
                task=row["id"],
                run=row["run_id"],
                tenant=row["tenant_id"],
                step=row["step"],
                agent=row["agent"],
                attempt=row["attempt"],
                token=row["token"],
            )
            for row in rows
        }

    async def agents_with_overdue_tasks(self, overdue_s: float) -> list[str]:
        """Name the agents that have had ready tasks waiting for longer than this."""
        async with self.database.work() as connection:
            rows = await connection.fetch(ledger_sql.OVERDUE_AGENTS, overdue_s)
        return [row["agent"] for row in rows]

    async def now(self) -> float:
        """Read the database's clock, in seconds since the epoch."""
        [row] = await self.database.look(ledger_sql.NOW)
        return float(row["now"])

    async def set_back(self, seconds: float, lease_s: float) -> int:
        """Move along what was due by a clock that was set back; gives how many tasks."""
        async with self.database.work() as connection:
            status = await connection.execute(ledger_sql.SET_BACK, seconds, lease_s)
        return int(status.rpartition(" ")[2])

    async def disown(self) -> int:
        """End every lease now: for a start that has proven that no earlier worker lives."""
        async with self.database.work() as connection:
            status = await connection.execute(ledger_sql.DISOWN)
        return int(status.rpartition(" ")[2])


def changes_document(changes: Changes) -> dict[str, list[dict[str, Any]]]:
    """Give changes as the JSON that the write statement takes apart."""
    read_at = changes.read_at()
    wake_ups = [
        {
            "id": str(wake_up.id),
            "tenant": str(wake_up.tenant),
            "run": str(wake_up.run),
            "agent": wake_up.agent,
            "due_at": _time(wake_up.due_at),
        }
        for wake_up in changes.wake_ups
    ]
    events = [
        {
            "run": str(event.run),
            "tenant": str(event.tenant),
            "seq": event.seq,
            "type": event.type.value,
            "at": _time(event.at),
            "data": dict(event.data),
        }
        for event in changes.events
    ]
    return {
        "runs": [_run_change(run, read_at[run.id]) for run in changes.runs.values()],
        "tasks": [_task_change(task) for task in changes.tasks.values()],
        "new_tasks": [_new_task(task) for task in changes.new_tasks.values()],
        "events": events,
        "wake_ups": wake_ups,
    }


def _run_change(run: RunRow, read_at: int) -> dict[str, Any]:
    return {
        "id": str(run.id),
        "read_at": read_at,
        "status": run.status.value,
        "seq": run.seq,
        "result": run.result,
        "citations": run.citations,
        "error": run.error,
        "started_at": _time(run.started_at),
        "finished_at": _time(run.finished_at),
    }


def _task_change(task: TaskRow) -> dict[str, Any]:
    return {
        "id": str(task.id),
        "run": str(task.run),
        "status": task.status.value,
        "attempt": task.attempt,
        "failures": task.failures,
        "losses": task.losses,
        "available_at": _time(task.available_at),
        "token": str(task.token) if task.token else None,
        "worker": task.worker,
        "lease_until": _time(task.lease_until),
        "started_at": _time(task.started_at),
        "finished_at": _time(task.finished_at),
        "error": task.error,
        "usage": task.usage,
        "output": task.output,
    }


def _new_task(task: TaskRow) -> dict[str, Any]:
    return {
        "id": str(task.id),
        "tenant": str(task.tenant),
        "run": str(task.run),
        "step": task.step,
        "agent": task.agent,
        "status": task.status.value,
        "priority": task.priority,
        "available_at": _time(task.available_at),
        "input": task.input or {},
        "output": task.output,
        "finished_at": _time(task.finished_at),
    }


def _answer(answer: NewAnswer) -> dict[str, Any]:
    return {
        "id": str(answer.id),
        "run": str(answer.run),
        "status": answer.status.value,
        "text": answer.text,
        "kind": answer.kind,
        "grounded": answer.grounded,
        "confidence": answer.confidence,
        "citations": list(answer.citations),
        "error": answer.error,
        "context": answer.context,
    }


def _time(value: datetime | None) -> str | None:
    return value.isoformat() if value is not None else None


def _reply(row: Record) -> BeatReply:
    if row["renewed"]:
        return BeatReply.GO_ON
    cancelled = row["status"] == TaskStatus.CANCELLED.value
    return BeatReply.CANCELLED if cancelled else BeatReply.LOST
