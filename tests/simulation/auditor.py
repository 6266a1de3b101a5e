"""What must hold at every commit, checked by a reader of its own: it shares no code with the core.

It knows who was given which token and what each attempt said, and it looks at rows before and
after. What it finds is kept in words; a run of the simulation ends at the first.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sutazai.core.runs.model import RunRow, RunStatus, TaskRow, TaskStatus
from sutazai_contracts.queues import task_queue
from tests.simulation.ledger import Commit
from tests.simulation.trace import Trace, short

ENDED = {TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELLED, TaskStatus.DEAD}


@dataclass
class Auditor:
    """Check each commit and keep what is wrong.

    Args:
        clock: the database's clock.
        lease_s: how long a lease is.
        trace: is told what each commit changed.
    """

    clock: Callable[[], datetime]
    lease_s: float
    trace: Trace
    problems: list[str] = field(default_factory=list)
    on_problem: Callable[[], None] = lambda: None
    seqs: Counter[UUID] = field(default_factory=Counter)
    statuses: dict[UUID, RunStatus] = field(default_factory=dict)
    tokens: set[UUID] = field(default_factory=set)
    succeeded: Counter[tuple[UUID, str]] = field(default_factory=Counter)
    losses: Counter[UUID] = field(default_factory=Counter)
    # Wake-ups that the bus took or had no room for, and those that left the outbox, by queue.
    carried: Counter[str] = field(default_factory=Counter)
    relayed: Counter[str] = field(default_factory=Counter)

    def found(self, problem: str) -> None:
        """Keep a problem."""
        self.trace("auditor", "FOUND", problem)
        self.problems.append(problem)
        self.on_problem()

    def __call__(self, commit: Commit) -> None:
        """Check a commit that is about to have its effect."""
        kept = {e.data["task"] for e in commit.changes.events if "kept_from" in e.data}
        for before, after in commit.tasks:
            problems = self._task(before, after) if str(after.id) not in kept else self._kept(after)
            for problem in problems:
                self.found(f"task {short(after.id)} ({after.step}): {problem}")
        self._events(commit)
        for run in commit.changes.runs.values():
            self._run(run, commit)
        self._wake_ups(commit)

    def _task(self, before: TaskRow | None, after: TaskRow) -> "list[str]":
        """Check one task's change."""
        was = before.status if before else None
        self.trace("ledger", f"{was} → {after.status}", short(after.run), after.step, after.attempt)
        if before is None:
            return [] if after.status in (TaskStatus.READY, TaskStatus.CANCELLED) else ["was made"]
        match was, after.status:
            case TaskStatus.READY, TaskStatus.CLAIMED:
                return self._claimed(before, after)
            case TaskStatus.CLAIMED, TaskStatus.READY:
                return self._returned(before, after)
            case TaskStatus.CLAIMED, status if status in ENDED:
                return self._finished(before, after)
            case TaskStatus.READY, TaskStatus.CANCELLED:
                return []
        return [f"went from {was} to {after.status}"]

    def _kept(self, after: TaskRow) -> "list[str]":
        """Check a task that a retry took over: it is done, and was not worked here."""
        self.trace("ledger", "kept", short(after.run), after.step)
        self.succeeded[after.run, after.step] += 1
        done = after.status is TaskStatus.SUCCEEDED and after.output
        whole = done and after.attempt == 0 and not after.usage
        return [] if whole else ["was kept otherwise than it was done"]

    def _claimed(self, before: TaskRow, after: TaskRow) -> list[str]:
        found = []
        if after.attempt != before.attempt + 1:
            found.append(f"attempt {after.attempt} follows {before.attempt}")
        if before.available_at > self.clock():
            found.append("it was claimed before its time")
        if after.token is None or after.token in self.tokens:
            found.append("its token is not fresh")
        else:
            self.tokens.add(after.token)
        until, latest = after.lease_until, self.clock() + timedelta(seconds=self.lease_s)
        if until is None or not self.clock() - timedelta(seconds=60) < until <= latest:
            found.append(f"its lease is until {until}")
        return found

    def _returned(self, before: TaskRow, after: TaskRow) -> list[str]:
        if after.losses > before.losses:
            return self._lost(before)
        return self._by_its_holder(before, after.error)

    def _finished(self, before: TaskRow, after: TaskRow) -> list[str]:
        if after.status is TaskStatus.CANCELLED:
            return []
        if after.losses > before.losses:
            return self._lost(before)
        if after.status is TaskStatus.SUCCEEDED:
            self.succeeded[after.run, after.step] += 1
            said = (after.output or {}).get("attempt")
            if said != before.attempt:
                return [f"the output of attempt {said} was applied to attempt {before.attempt}"]
            return []
        return self._by_its_holder(before, after.error)

    def _lost(self, before: TaskRow) -> list[str]:
        self.losses[before.id] += 1
        if before.lease_until is None or before.lease_until >= self.clock():
            return ["it was taken back while its lease held"]
        return []

    def _by_its_holder(self, before: TaskRow, error: str | None) -> list[str]:
        """Check that an attempt that failed is the current one: its words say which it is."""
        _, marked, said = (error or "").partition("#")
        if marked and said != str(before.attempt):
            return [f"the failure of attempt {said} was applied to attempt {before.attempt}"]
        return []

    def _events(self, commit: Commit) -> None:
        for event in commit.changes.events:
            self.seqs[event.run] += 1
            if event.seq != self.seqs[event.run]:
                self.found(
                    f"run {short(event.run)}: event {event.seq} ({event.type}) was written as "
                    f"number {self.seqs[event.run]}"
                )
            if self.statuses.get(event.run, RunStatus.PENDING).ended:
                self.found(f"run {short(event.run)}: {event.type} was written after its end")

    def _run(self, run: RunRow, commit: Commit) -> None:
        before = self.statuses.get(run.id, RunStatus.PENDING)
        self.statuses[run.id] = run.status
        if run.seq != self.seqs[run.id]:
            self.found(f"run {short(run.id)} says {run.seq} events, there are {self.seqs[run.id]}")
        ends = [e.type for e in commit.changes.events if e.run == run.id and e.type.terminal]
        if len(ends) != (run.status.ended and not before.ended):
            self.found(f"run {short(run.id)} went from {before} to {run.status} with {ends}")

    def _wake_ups(self, commit: Commit) -> None:
        """No task becomes ready without a wake-up; none leaves the outbox that was not sent."""
        ready = Counter(
            after.agent for _, after in commit.tasks if after.status is TaskStatus.READY
        )
        sent = Counter(wake_up.agent for wake_up in commit.changes.wake_ups)
        if missing := ready - sent:
            self.found(f"tasks became ready without a wake-up: {dict(missing)}")
        for wake_up in commit.relayed:
            queue = task_queue(wake_up.agent)
            self.relayed[queue] += 1
            if self.relayed[queue] > self.carried[queue]:
                self.found(f"a wake-up for {wake_up.agent} left the outbox and was not published")
