"""The ledger's record in memory, for tests: transactions, row locks and reads as PostgreSQL's.

READ COMMITTED: a statement sees what was committed when it began; one that locks waits for others'
locks, or skips them, and then sees the newest committed row. What a transaction writes is seen by
others at its commit, and by nobody when it fails. `test_twin_is_honest.py` (in
`tests/integration/ledger`) does the same to both and compares.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sutazai.core.runs.model import (
    Changes,
    NewEvent,
    NewWakeUp,
    RunRow,
    Snapshot,
    TaskRow,
    TaskStatus,
)
from sutazai.core.runs.ports import Submission
from sutazai.core.runs.transitions import Decisions
from sutazai.core.tasks.ports import Candidate, Claimable, DueWakeUp, HeldCollection
from sutazai_contracts.errors import IdempotencyMismatch, NotFound
from sutazai_contracts.knowledge import Chunk
from sutazai_contracts.tasks import Beat, BeatReply

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ConstraintViolated(Exception):
    """A key is there already, or a row was written that was not locked."""


async def _at_once(statement: str) -> None:
    """Take no time and never fail."""


@dataclass(slots=True)
class Commit:
    """What a transaction changed, as its auditor sees it: tasks before and after."""

    tasks: list[tuple[TaskRow | None, TaskRow]]
    changes: Changes
    relayed: list[NewWakeUp]


@dataclass
class TwinLedger:
    """Keep runs, tasks, events, the outbox and who has locked what.

    Args:
        clock: the database's clock.
        answer: awaited with the name of each statement before it has its effect, and with
            "committed" after a commit has its; may take its time, and may raise.
        audit: called at each commit, before it has its effect.
        owner: names whose a transaction is, for `abort`.

    Attributes:
        left_out: how often a run was not written that others held or changed meanwhile.
    """

    clock: Callable[[], datetime]
    answer: Callable[[str], Awaitable[None]] = _at_once
    audit: Callable[[Commit], None] = lambda commit: None
    owner: Callable[[], object] = lambda: None
    runs: dict[UUID, RunRow] = field(default_factory=dict)
    tasks: dict[UUID, TaskRow] = field(default_factory=dict)
    tasks_of: dict[UUID, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    events: dict[UUID, list[NewEvent]] = field(default_factory=lambda: defaultdict(list))
    outbox: dict[UUID, NewWakeUp] = field(default_factory=dict)
    keys: dict[tuple[UUID, str], tuple[UUID, bytes | None]] = field(default_factory=dict)
    open: "list[TwinTransaction]" = field(default_factory=list)
    locks: "dict[UUID, TwinTransaction]" = field(default_factory=dict)
    left_out: int = 0
    _waiters: list[asyncio.Future[None]] = field(default_factory=list)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["TwinTransaction"]:
        """Begin; commit on leaving, roll back on an error."""
        await self.answer("begin")
        tx = TwinTransaction(self, self.owner())
        self.open.append(tx)
        try:
            yield tx
            await self.answer("commit")
            if tx not in self.open:
                raise ConnectionResetError("the server ended this transaction")
            tx.commit()
        finally:
            self.end(tx)
        await self.answer("committed")

    async def claimable(self, agent: str, limit: int) -> Claimable:
        """Pick ready tasks of an agent by fairness between tenants, priority and age; no lock."""
        await self.answer("claimable")
        now = self.clock()
        by_tenant: dict[UUID, list[TaskRow]] = defaultdict(list)
        held: dict[UUID, int] = defaultdict(int)
        for task in self.tasks.values():
            if task.agent != agent:
                continue
            if task.status is TaskStatus.READY and task.available_at <= now:
                by_tenant[task.tenant].append(task)
            held[task.tenant] += task.status is TaskStatus.CLAIMED
        ranked = []
        for tenant, tasks in by_tenant.items():
            tasks.sort(key=lambda task: (-task.priority, task.available_at, task.id))
            for place, task in enumerate(tasks[:limit], 1 + held[tenant]):
                ranked.append((place, -task.priority, task.available_at, task.id, task.run))
        ranked.sort()
        candidates = [Candidate(task=task, run=run) for *_, task, run in ranked[:limit]]
        snapshots: dict[UUID, Snapshot] = {}
        for one in candidates:
            snapshot = snapshots.setdefault(one.run, Snapshot(_run(self.runs[one.run]), {}, now))
            snapshot.tasks[one.task] = _task(self.tasks[one.task])
        return Claimable(candidates, snapshots)

    async def standing(self, tasks: Collection[UUID]) -> dict[UUID, Snapshot]:
        """Read the runs that some tasks are of, by id, with all their tasks; no lock."""
        await self.answer("standing")
        now, found = self.clock(), {}
        for run in {self.tasks[task].run for task in tasks if task in self.tasks}:
            rows = [replace(_task(self.tasks[task]), input=None) for task in self.tasks_of[run]]
            found[run] = Snapshot(_run(self.runs[run]), {row.id: row for row in rows}, now)
        return found

    async def write(self, changes: Changes, *, all_or_none: bool) -> Collection[UUID]:
        """Write changes of runs that are as they were read, in one statement of its own."""
        if not changes.alone:
            raise ConstraintViolated("what one statement writes changes runs alone")
        async with self.transaction() as tx:
            return await tx.write_unchanged(changes, all_or_none=all_or_none)

    async def renew(
        self, beats: Sequence[Beat], lease_s: float, agent: str | None = None
    ) -> list[BeatReply]:
        """Renew leases by the database's clock; one reply per beat."""
        async with self.transaction() as tx:
            return await tx.renew(beats, lease_s, agent)

    async def agents_with_overdue_tasks(self, overdue_s: float) -> list[str]:
        """Name the agents that have had ready tasks waiting for longer than this."""
        await self.answer("overdue")
        before = self.clock() - timedelta(seconds=overdue_s)
        ready = (task for task in self.tasks.values() if task.status is TaskStatus.READY)
        return sorted({task.agent for task in ready if task.available_at < before})

    async def now(self) -> float:
        """Read the database's clock, in seconds since the epoch."""
        await self.answer("now")
        return self.clock().timestamp()

    async def set_back(self, seconds: float, lease_s: float) -> int:
        """Move along what was due by a clock that was set back; gives how many tasks."""
        await self.answer("set back")
        ready, latest = self.clock(), self.clock() + timedelta(seconds=lease_s)
        moved = 0
        for task in self.tasks.values():
            until = task.lease_until or latest
            late = task.status is TaskStatus.READY and task.available_at > ready
            if late or (task.status is TaskStatus.CLAIMED and until > latest):
                task.available_at -= timedelta(seconds=seconds)
                task.lease_until = until - timedelta(seconds=seconds) if task.lease_until else None
                moved += 1
        return moved

    async def disown(self) -> int:
        """End every lease now."""
        async with self.transaction() as tx:
            claimed = [t.id for t in self.tasks.values() if t.status is TaskStatus.CLAIMED]
            return await tx.disown(claimed)

    async def submit(self, submission: Submission) -> UUID:
        """Write a run; where its idempotency key was used before, give the run of that time."""
        run, key = submission.run, submission.idempotency_key
        async with self.transaction() as tx:
            await self.answer("submit")
            if key is not None and (run.tenant, key) in self.keys:
                earlier, request = self.keys[run.tenant, key]
                if request != submission.request_hash:
                    raise IdempotencyMismatch(field="Idempotency-Key")
                return earlier
            tx.submission = submission
        return run.id

    async def cancel(self, run: UUID, reason: str) -> bool:
        """Cancel a run under its lock; false when it had ended."""
        changes = Changes()
        async with self.transaction() as tx:
            snapshots = await tx.lock([run], skip_locked=False)
            if run not in snapshots:
                raise NotFound(f"there is no run {run}")
            cancelled = Decisions(snapshots[run], changes, lambda: 0.0).cancel(reason)
            if cancelled:
                await tx.write(changes)
        return cancelled

    @property
    def waiting(self) -> int:
        """Count the statements that wait for a lock."""
        return sum(not waiter.done() for waiter in self._waiters)

    def abort(self, owner: object) -> None:
        """Roll back what a client had open whose connection broke."""
        for tx in [tx for tx in self.open if tx.owner is owner]:
            self.end(tx)

    def end(self, tx: "TwinTransaction") -> None:
        """Release all that a transaction holds."""
        if tx in self.open:
            self.open.remove(tx)
            for lock in [lock for lock, holder in self.locks.items() if holder is tx]:
                del self.locks[lock]
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    async def take(self, tx: "TwinTransaction", lock: UUID) -> None:
        """Take a row's lock, as soon as nobody else has it."""
        while self.locks.get(lock, tx) is not tx:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        self.locks[lock] = tx


class TwinTransaction:
    """One transaction: reads what is committed, keeps what it writes to itself until its commit."""

    def __init__(self, ledger: TwinLedger, owner: object) -> None:
        self.owner, self.since = owner, ledger.clock()
        self.submission: Submission | None = None
        self._ledger = ledger
        self._written: list[Changes] = []
        self._leases: dict[UUID, datetime] = {}
        self._taken: list[UUID] = []

    async def lost(self, limit: int) -> list[Candidate]:
        """Pick claimed tasks whose lease ran out by the database's clock."""
        await self._ledger.answer("lost")
        now = self._ledger.clock()
        found = [
            Candidate(task=task.id, run=task.run)
            for task in self._ledger.tasks.values()
            if task.status is TaskStatus.CLAIMED and task.lease_until and task.lease_until < now
        ]
        return found[:limit]

    async def lock(self, runs: Collection[UUID], *, skip_locked: bool) -> dict[UUID, Snapshot]:
        """Lock runs by ascending id, then their tasks."""
        ledger = self._ledger
        await ledger.answer("lock runs")
        now, locked = ledger.clock(), []
        for run in sorted(run for run in runs if run in ledger.runs):
            if skip_locked and ledger.locks.get(run, self) is not self:
                continue
            await ledger.take(self, run)
            locked.append(run)
        found = {run: Snapshot(_run(ledger.runs[run]), {}, now) for run in locked}
        if found:
            await ledger.answer("lock tasks")
        for task in sorted(task for run in found for task in ledger.tasks_of[run]):
            await ledger.take(self, task)
            row = replace(_task(ledger.tasks[task]), input=None)
            found[row.run].tasks[task] = row
        return found

    async def runs_of(self, tasks: Collection[UUID]) -> dict[UUID, UUID]:
        """Look up the run of each task."""
        await self._ledger.answer("runs of")
        known = self._ledger.tasks
        return {task: known[task].run for task in tasks if task in known}

    async def hold_collections(
        self, runs: Collection[UUID], *, switching: bool
    ) -> dict[UUID, HeldCollection]:
        """Hold no collection: there are none."""
        return {}

    async def still_indexed(self, versions: Collection[UUID]) -> str | None:
        """Name no document: there are none."""
        return None

    async def write(
        self, changes: Changes, chunks: Mapping[UUID, Sequence[Chunk]] | None = None
    ) -> None:
        """Keep changes for the commit."""
        await self._ledger.answer("write")
        for row in (*changes.runs, *changes.tasks):
            if self._ledger.locks.get(row) is not self:
                raise ConstraintViolated(f"{row} is written and not locked")
        for run, seq in changes.read_at().items():
            if self._ledger.runs[run].seq != seq:
                raise ConstraintViolated(f"{run} is written over what was not read")
        self._written.append(changes)

    async def write_unchanged(self, changes: Changes, *, all_or_none: bool) -> Collection[UUID]:
        """Lock the runs that are free and as they were read, and keep their changes."""
        ledger = self._ledger
        await ledger.answer("write")
        unchanged = {
            run
            for run, seq in changes.read_at().items()
            if run in ledger.runs and ledger.runs[run].seq == seq and run not in ledger.locks
        }
        ledger.left_out += len(changes.runs) - len(unchanged)
        if all_or_none and len(unchanged) < len(changes.runs):
            return ()
        kept = changes.of(unchanged)
        for run in unchanged:
            await ledger.take(self, run)
        for task in sorted(kept.tasks):
            await ledger.take(self, task)
        self._written.append(kept)
        return unchanged

    async def take_due(self, limit: int) -> list[DueWakeUp]:
        """Remove due wake-ups from the outbox; they are back if the transaction fails."""
        await self._ledger.answer("take due")
        now, locks = self._ledger.clock(), self._ledger.locks
        free = [(w.due_at, id) for id, w in self._ledger.outbox.items() if id not in locks]
        due = sorted((due_at, id) for due_at, id in free if due_at <= now)[:limit]
        for _, id in due:
            locks[id] = self
            self._taken.append(id)
        return [DueWakeUp(id=id, agent=self._ledger.outbox[id].agent) for _, id in due]

    async def renew(
        self, beats: Sequence[Beat], lease_s: float, agent: str | None = None
    ) -> list[BeatReply]:
        """Renew leases; one reply per beat."""
        ledger = self._ledger
        await ledger.answer("renew")
        for task in sorted(beat.task for beat in beats if self._held(beat)):
            await ledger.take(self, task)
        replies = []
        for beat in beats:
            row = ledger.tasks.get(beat.task)
            if row is not None and agent not in (None, row.agent):
                row = None
            if row is not None and self._held(beat):
                self._leases[beat.task] = ledger.clock() + timedelta(seconds=lease_s)
                replies.append(BeatReply.GO_ON)
            elif row is not None and row.status is TaskStatus.CANCELLED:
                replies.append(BeatReply.CANCELLED)
            else:
                replies.append(BeatReply.LOST)
        return replies

    async def disown(self, tasks: Sequence[UUID]) -> int:
        """End leases."""
        await self._ledger.answer("disown")
        for task in sorted(tasks):
            await self._ledger.take(self, task)
            self._leases[task] = EPOCH
        return len(tasks)

    def commit(self) -> None:
        """Make all of it seen, at once."""
        ledger = self._ledger
        written = self._written
        if self.submission is not None:
            written = [_submitted(self.submission, ledger.clock())]
            ledger.runs[self.submission.run.id] = _run(self.submission.run)
            if self.submission.idempotency_key is not None:
                key = self.submission.run.tenant, self.submission.idempotency_key
                ledger.keys[key] = self.submission.run.id, self.submission.request_hash
        for task, lease_until in self._leases.items():
            ledger.tasks[task] = replace(ledger.tasks[task], lease_until=lease_until)
        for changes in written or [Changes()]:
            self._apply(changes)
        self._taken.clear()

    def _apply(self, changes: Changes) -> None:
        ledger = self._ledger
        relayed = [ledger.outbox.pop(id) for id in self._taken]
        before: list[tuple[TaskRow | None, TaskRow]] = [
            (ledger.tasks[task.id], task) for task in changes.tasks.values()
        ]
        before += [(None, task) for task in changes.new_tasks.values()]
        for event in changes.events:
            if any(known.seq == event.seq for known in ledger.events[event.run]):
                raise ConstraintViolated(f"event {event.seq} of {event.run} is there already")
        ledger.audit(Commit(before, changes, relayed))
        for run in changes.runs.values():
            kept = ledger.runs[run.id]
            ledger.runs[run.id] = replace(_run(run), plan=kept.plan, input=kept.input)
        for task in changes.tasks.values():
            kept_input = ledger.tasks[task.id].input
            ledger.tasks[task.id] = replace(_task(task), input=kept_input)
        for task in changes.new_tasks.values():
            ledger.tasks[task.id] = _task(task)
            ledger.tasks_of[task.run].append(task.id)
        for event in changes.events:
            ledger.events[event.run].append(event)
        for wake_up in changes.wake_ups:
            ledger.outbox[wake_up.id] = wake_up

    def _held(self, beat: Beat) -> bool:
        row = self._ledger.tasks.get(beat.task)
        return row is not None and row.status is TaskStatus.CLAIMED and row.token == beat.token


def _submitted(submission: Submission, now: datetime) -> Changes:
    """What is ready now is ready by the database's clock, one row a little after the other."""
    made = submission.changes
    new_tasks = {
        id: replace(task, available_at=now + timedelta(microseconds=number))
        for number, (id, task) in enumerate(made.new_tasks.items())
    }
    wake_ups = [replace(wake_up, due_at=now) for wake_up in made.wake_ups]
    return replace(made, runs={}, new_tasks=new_tasks, wake_ups=wake_ups)


def _run(row: RunRow) -> RunRow:
    return replace(row)


def _task(row: TaskRow) -> TaskRow:
    return replace(row, usage=dict(row.usage))
