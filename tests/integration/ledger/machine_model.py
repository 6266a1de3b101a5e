"""What the ledger promises, in few lines: the model that the state machine compares with."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from sutazai.core.runs.transitions import MAX_LOSSES
from sutazai_contracts.tasks import Claim, Crashed, Refused, Released, Result, RetryLater, Succeeded
from sutazai_contracts.workflows import Workflow


@dataclass
class ModelTask:
    """One step that was made ready."""

    status: str = "ready"
    attempt: int = 0
    failures: int = 0
    losses: int = 0
    token: UUID | None = None
    lease_ended: bool = False


@dataclass
class ModelRun:
    """A run and its steps so far."""

    plan: Workflow
    request: tuple[str, str]
    status: str = "pending"
    tasks: dict[str, ModelTask] = field(default_factory=dict)
    origin: UUID | None = None

    def __post_init__(self) -> None:
        self.advance()

    def retried(self, id: UUID) -> "ModelRun":
        """Give the run that takes this one up, whose id is told."""
        kept = {s: ModelTask("succeeded") for s, t in self.tasks.items() if t.status == "succeeded"}
        request = ("retry", str(id))
        return ModelRun(self.plan, request, tasks=kept, origin=self.origin or id)

    @property
    def ended(self) -> bool:
        """Tell whether nothing more happens."""
        return self.status in ("succeeded", "failed", "cancelled")

    def advance(self) -> None:
        """Make ready what waits for nothing, or succeed."""
        done = {step for step, task in self.tasks.items() if task.status == "succeeded"}
        for step in self.plan.steps:
            if step.id not in self.tasks and done >= set(step.needs):
                self.tasks[step.id] = ModelTask()
        if len(done) == len(self.plan.steps):
            self.status = "succeeded"

    def end(self, status: str) -> None:
        """End, and cancel what has not ended."""
        self.status = status
        for task in self.tasks.values():
            if task.status in ("ready", "claimed"):
                task.status = "cancelled"

    def claim(self, claim: Claim) -> None:
        """Take a claim that the ledger gave."""
        task = self.tasks[claim.step]
        assert not self.ended
        assert (task.status, task.attempt + 1) == ("ready", claim.attempt)
        assert claim.origin == self.origin
        self.status, task.status = "running", "claimed"
        task.attempt, task.token, task.lease_ended = claim.attempt, claim.token, False

    def holds(self, claim: Claim) -> bool:
        """Tell whether a claim is the current one."""
        task = self.tasks[claim.step]
        return not self.ended and task.status == "claimed" and task.token == claim.token

    def finish(self, claim: Claim, result: Result) -> bool:
        """Apply an outcome; false when it changes nothing."""
        if not self.holds(claim):
            return False
        task = self.tasks[claim.step]
        match result:
            case Succeeded():
                task.status = "succeeded"
                self.advance()
            case Refused():
                self._give_up(task, "failed")
            case Released():
                task.status, task.token = "ready", None
            case Crashed() | RetryLater():
                task.failures += 1
                policy = next(step.retry for step in self.plan.steps if step.id == claim.step)
                if task.failures >= policy.attempts:
                    self._give_up(task, "dead")
                else:
                    task.status, task.token = "ready", None
        return True

    def take_back(self) -> int:
        """Take back what nobody answers for; gives how many tasks."""
        lost = [task for task in self.tasks.values() if task.status == "claimed"]
        lost = [task for task in lost if task.lease_ended]
        for task in lost:
            task.losses += 1
            task.status, task.token = "ready", None
            if task.losses >= MAX_LOSSES:
                self._give_up(task, "dead")
        return len(lost)

    def _give_up(self, task: ModelTask, status: str) -> None:
        task.status = status
        self.end("failed")

    def statuses(self) -> Iterator[tuple[str, str, int, int, int]]:
        """Give what the ledger has to show."""
        for step, task in self.tasks.items():
            yield step, task.status, task.attempt, task.failures, task.losses
