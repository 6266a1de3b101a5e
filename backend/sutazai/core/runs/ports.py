"""What runs need of their record, as one tenant sees it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sutazai.core.runs.asked import CONTEXT, asks_graph
from sutazai.core.runs.model import Changes, RunRow, RunStatus, TaskStatus
from sutazai_contracts.events import Event


@dataclass(frozen=True, slots=True)
class Submission:
    """A run about to be written, with its first tasks, events and wake-ups in `changes`.

    Where a collection is named and the run has none yet, the one of that name is looked up.
    """

    run: RunRow
    changes: Changes
    collection_name: str | None = None
    idempotency_key: str | None = None
    request_hash: bytes | None = None

    def view(self, created_at: datetime) -> "RunView":
        """Give the run as it is right after it was written: nobody has claimed anything of it."""
        run = self.run
        tasks = {task.step: task for task in self.changes.new_tasks.values()}
        return RunView(
            id=run.id,
            status=run.status,
            workflow=run.plan.name,
            goal=run.goal,
            collection=self.collection_name,
            input=run.input,
            created_at=created_at,
            started_at=None,
            finished_at=None,
            result=None,
            citations=(),
            error=None,
            seq=run.seq,
            steps=tuple(
                StepView(step.id, step.agent, step.needs, task.status, task=task.id)
                if (task := tasks.get(step.id))
                else StepView(step.id, step.agent, step.needs, "waiting")
                for step in run.plan.steps
            ),
            usage={"attempts": 0},
            retry_of=run.retry_of,
        )


@dataclass(frozen=True, slots=True)
class StepView:
    """A step of a run as a person sees it; `waiting` until its task is made."""

    id: str
    agent: str
    needs: tuple[str, ...]
    status: TaskStatus | str
    attempts: int = 0
    task: UUID | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
    input: Mapping[str, Any] | None = None
    output: Mapping[str, Any] | None = None
    usage: Mapping[str, float] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        """Tell whether it was worked in the run that this one retries: it has no attempt here."""
        return self.status == TaskStatus.SUCCEEDED and self.attempts == 0


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as a person sees it; lists leave `steps` out."""

    id: UUID
    status: RunStatus
    workflow: str
    goal: str
    collection: str | None
    input: Mapping[str, Any]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: Mapping[str, Any] | None
    citations: Sequence[Mapping[str, Any]]
    error: str | None
    seq: int
    steps: Sequence[StepView] = ()
    usage: Mapping[str, float] = field(default_factory=dict)
    conversation: UUID | None = None
    retry_of: UUID | None = None

    @property
    def context(self) -> Mapping[str, Any] | None:
        """Tell how much of its conversation a question was asked with; None: it has none."""
        return self.input.get(CONTEXT)

    @property
    def graph(self) -> bool:
        """Tell whether its question is to ask the graph too."""
        return asks_graph(self.input)


class RunRecords(Protocol):
    """Runs of one tenant. All raise `DatabaseUnavailable` where the database does not answer."""

    async def submit(self, tenant: UUID, submission: Submission) -> RunView:
        """Write a run and give it as it was written; where its idempotency key was used before,
        give the run of that time as it is now.

        Raises:
            IdempotencyMismatch: the key was used with another request.
            NotFound: this tenant has no collection of the name.
        """

    async def get(self, tenant: UUID, run: UUID) -> RunView:
        """Read a run with its steps.

        Raises:
            NotFound: this tenant has no such run.
        """

    async def newest(
        self,
        tenant: UUID,
        limit: int,
        before: UUID | None,
        status: RunStatus | None,
        workflow: str | None = None,
    ) -> list[RunView]:
        """List runs, newest first, those older than `before`, of a status and of a workflow."""

    async def events(self, tenant: UUID, run: UUID, after: int, limit: int) -> list[Event]:
        """Read the events of a run that follow `after`, in order."""

    async def cancel(self, tenant: UUID, run: UUID, reason: str) -> bool:
        """Cancel a run; false when it had ended.

        Raises:
            NotFound: this tenant has no such run.
        """

    async def last_seqs(self, runs: Collection[UUID]) -> dict[UUID, int]:
        """Give the number of each run's newest event, of any tenant."""
