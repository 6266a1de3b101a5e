"""What a run and its tasks are, as rows that are locked and as changes that are written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sutazai_contracts.events import EventType
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.knowledge import IndexedDocument, RebuiltCollection
from sutazai_contracts.workflows import Step, Workflow


class RunStatus(StrEnum):
    """Where a run stands."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Tell whether nothing more happens to such a run."""
        return self in (self.SUCCEEDED, self.FAILED, self.CANCELLED)


class TaskStatus(StrEnum):
    """Where a task stands."""

    READY = "ready"
    CLAIMED = "claimed"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DEAD = "dead"

    @property
    def ended(self) -> bool:
        """Tell whether nothing more happens to such a task."""
        return self not in (self.READY, self.CLAIMED)


@dataclass(slots=True)
class TaskRow:
    """One task as it is in the ledger; decisions change a copy, which is then written."""

    id: UUID
    run: UUID
    tenant: UUID
    step: str
    agent: str
    status: TaskStatus
    available_at: datetime
    priority: int = 0
    attempt: int = 0
    failures: int = 0
    losses: int = 0
    token: UUID | None = None
    worker: str | None = None
    lease_until: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
    usage: dict[str, float] = field(default_factory=dict)
    input: dict[str, Any] | None = None
    output: dict[str, Any] | None = None


@dataclass(slots=True)
class RunRow:
    """One run as it is in the ledger, under its lock.

    `retry_of` is the run that it takes up, `origin` the first of all that were taken up in turn.
    """

    id: UUID
    tenant: UUID
    plan: Workflow
    goal: str
    input: dict[str, Any]
    status: RunStatus
    seq: int
    collection: UUID | None = None
    traceparent: str | None = None
    result: dict[str, Any] | None = None
    citations: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    retry_of: UUID | None = None
    origin: UUID | None = None

    def step(self, name: str) -> Step:
        """Give a step of its plan."""
        return next(step for step in self.plan.steps if step.id == name)


@dataclass(slots=True)
class Snapshot:
    """A run with its tasks, and the database's clock at that moment.

    Locked, it stays as it is until the transaction ends. Otherwise what is decided over it is
    written only if it is still so; and then it may have those tasks alone that are decided over.
    """

    run: RunRow
    tasks: dict[UUID, TaskRow]
    now: datetime

    def by_step(self) -> dict[str, TaskRow]:
        """Give the tasks by the step they work."""
        return {task.step: task for task in self.tasks.values()}


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A durable event about to be written; `at` is by the database's clock."""

    run: UUID
    tenant: UUID
    seq: int
    type: EventType
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NewWakeUp:
    """A wake-up for an agent's queue, sent at its time or later; `at_once`: that is now."""

    tenant: UUID
    run: UUID
    agent: str
    due_at: datetime
    at_once: bool = True
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Publication:
    """A document version that becomes searchable in the commit that ends its step."""

    tenant: UUID
    run: UUID
    document: IndexedDocument


@dataclass(frozen=True, slots=True)
class Switch:
    """A rebuilt collection that takes its place in the commit that ends its step."""

    run: UUID
    rebuilt: RebuiltCollection


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """What a conversation is told of the end of a run that worked on a question of it."""

    id: UUID
    run: UUID
    status: RunStatus
    text: str
    kind: str | None
    grounded: bool | None
    confidence: int | None
    citations: Sequence[Mapping[str, Any]]
    error: str | None
    context: Mapping[str, Any] | None


@dataclass(slots=True)
class Changes:
    """All that one transaction writes."""

    runs: dict[UUID, RunRow] = field(default_factory=dict)
    tasks: dict[UUID, TaskRow] = field(default_factory=dict)
    new_tasks: dict[UUID, TaskRow] = field(default_factory=dict)
    events: list[NewEvent] = field(default_factory=list)
    wake_ups: list[NewWakeUp] = field(default_factory=list)
    publications: list[Publication] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)
    answers: list[NewAnswer] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Tell whether there is anything to write."""
        return bool(self.runs or self.tasks or self.new_tasks or self.events)

    @property
    def alone(self) -> bool:
        """Tell whether this changes runs alone, and neither collections nor conversations."""
        if self.publications or self.switches or self.answers:
            return False
        return not any(
            run.status in (RunStatus.FAILED, RunStatus.CANCELLED)
            and any(step.publishes != "nothing" for step in run.plan.steps)
            for run in self.runs.values()
        )

    def read_at(self) -> dict[UUID, int]:
        """Give the number of the newest event that each run had when it was read."""
        read_at = {run.id: run.seq for run in self.runs.values()}
        for event in self.events:
            read_at[event.run] = min(read_at[event.run], event.seq - 1)
        return read_at

    def of(self, runs: Collection[UUID]) -> "Changes":
        """Give those changes that are of some runs."""
        return Changes(
            runs={id: run for id, run in self.runs.items() if id in runs},
            tasks={id: task for id, task in self.tasks.items() if task.run in runs},
            new_tasks={id: task for id, task in self.new_tasks.items() if task.run in runs},
            events=[event for event in self.events if event.run in runs],
            wake_ups=[wake_up for wake_up in self.wake_ups if wake_up.run in runs],
            publications=[one for one in self.publications if one.run in runs],
            switches=[one for one in self.switches if one.run in runs],
            answers=[one for one in self.answers if one.run in runs],
        )
