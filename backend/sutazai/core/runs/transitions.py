"""What may become of a run and its tasks: decisions over a locked snapshot, no clock, no I/O.

    run    pending → running → succeeded | failed | cancelled
    task   ready → claimed → succeeded | failed | cancelled | dead, and back to ready on a retry

Every decision changes the snapshot's rows in place and records in `Changes` what must be written.
Each change of state writes its event; `seq` is the run's own, taken under its lock.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from sutazai.core.runs.asked import HISTORY, answer_of, asks_graph, asks_in_conversation
from sutazai.core.runs.model import (
    Changes,
    NewEvent,
    NewWakeUp,
    Publication,
    RunRow,
    RunStatus,
    Snapshot,
    Switch,
    TaskRow,
    TaskStatus,
)
from sutazai.core.runs.plan import resolve
from sutazai_contracts.errors import InvalidWorkflow
from sutazai_contracts.events import EventType
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.knowledge import IndexedDocument, RebuiltCollection
from sutazai_contracts.tasks import (
    Crashed,
    Outcome,
    Progress,
    Refused,
    Released,
    RetryLater,
    Succeeded,
)
from sutazai_contracts.workflows import Step

# A worker that dies while it holds a task says nothing about the task, so such losses have a bound
# of their own, high enough for a machine that is switched off and on, and low enough for a task
# that kills its worker every time.
MAX_LOSSES = 10
_NAMED = {"IndexedDocument": "indexed document", "RebuiltCollection": "rebuilt collection"}


@dataclass(slots=True)
class Decisions:
    """Decide over one locked run, and collect what is to be written."""

    snapshot: Snapshot
    changes: Changes
    random: Callable[[], float]
    new_id: Callable[[], UUID] = new_id

    @property
    def run(self) -> RunRow:
        """Give the run that is decided over."""
        return self.snapshot.run

    # -- the start and the end of a run ---------------------------------------------------------

    def open(self, kept: Collection[TaskRow] = ()) -> None:
        """Ready the first steps of a run that was just made.

        Args:
            kept: tasks of the run that it retries which succeeded; their steps are done here, too.
        """
        self.changes.runs[self.run.id] = self.run
        done = {task.step: task for task in kept}
        for step in self.run.plan.steps:
            if step.id in done:
                self._keep(done[step.id])
        self._ready_steps()

    def cancel(self, reason: str) -> bool:
        """Cancel a run and every task of it that has not ended; false when it had ended."""
        if self.run.status.ended:
            return False
        self._end(RunStatus.CANCELLED, EventType.RUN_CANCELLED, {"reason": reason})
        return True

    # -- claims ---------------------------------------------------------------------------------

    def claim(self, task: TaskRow, *, worker: str, token: UUID, lease_s: float) -> bool:
        """Give a ready task to a worker; false when it is not ready after all."""
        now = self.snapshot.now
        if self.run.status.ended or task.status is not TaskStatus.READY or task.available_at > now:
            return False
        if self.run.status is RunStatus.PENDING:
            self.run.status, self.run.started_at = RunStatus.RUNNING, now
            self._event(EventType.RUN_STARTED, {"workflow": self.run.plan.name})
        task.status, task.attempt = TaskStatus.CLAIMED, task.attempt + 1
        task.worker, task.token = worker, token
        task.lease_until, task.started_at = now + timedelta(seconds=lease_s), now
        self._touch(task)
        self._step_event(EventType.STEP_STARTED, task, attempt=task.attempt)
        return True

    def progress(self, task: TaskRow, token: UUID, progress: Progress) -> bool:
        """Keep how far a step is; false when the token is not the current one."""
        if not self._held(task, token):
            return False
        self.changes.runs[self.run.id] = self.run
        details = progress.model_dump(exclude_none=True)
        self._step_event(EventType.STEP_PROGRESS, task, attempt=task.attempt, **details)
        return True

    def lose(self, task: TaskRow) -> bool:
        """Take back a claim nobody answers for; false when it is held after all."""
        if self.run.status.ended or task.status is not TaskStatus.CLAIMED:
            return False
        task.losses += 1
        if task.losses >= MAX_LOSSES:
            reason = f"its worker was lost {task.losses} times"
            self._give_up(task, TaskStatus.DEAD, reason)
            return True
        self._again(task, "the worker that held it was lost", after_s=0.0)
        return True

    # -- outcomes -------------------------------------------------------------------------------

    def apply(self, task: TaskRow, outcome: Outcome) -> bool:
        """Apply an outcome once; false when its token is not the current one."""
        if not self._held(task, outcome.token):
            return False
        self._account(task, outcome)
        match outcome.result:
            case Succeeded(output=output):
                self._succeed(task, output)
            case RetryLater(reason=reason, after_s=after_s):
                self._fail_once(task, reason, after_s)
            case Crashed(reason=reason):
                self._fail_once(task, reason, 0.0)
            case Refused(reason=reason):
                self._give_up(task, TaskStatus.FAILED, reason)
            case Released():
                self._again(task, "its worker shut down and handed it back", after_s=0.0)
        return True

    def _held(self, task: TaskRow, token: UUID) -> bool:
        return (
            not self.run.status.ended and task.status is TaskStatus.CLAIMED and task.token == token
        )

    def _account(self, task: TaskRow, outcome: Outcome) -> None:
        for name, amount in outcome.usage.items():
            task.usage[name] = task.usage.get(name, 0.0) + amount
        if task.started_at is not None:
            # The database's clock may have been set back since.
            seconds = max(0.0, (self.snapshot.now - task.started_at).total_seconds())
            task.usage["agent_seconds"] = task.usage.get("agent_seconds", 0.0) + seconds

    def _succeed(self, task: TaskRow, output: dict[str, Any]) -> None:
        try:
            self._publish(task, output)
        except ValidationError as exc:
            self._fail_once(task, f"its output is no {_NAMED[exc.title]}: {exc}", 0.0)
            return
        task.status, task.output, task.error = TaskStatus.SUCCEEDED, output, None
        task.finished_at, task.lease_until = self.snapshot.now, None
        self._touch(task)
        self._step_event(EventType.STEP_SUCCEEDED, task, attempt=task.attempt)
        self._advance()

    def _publish(self, task: TaskRow, output: dict[str, Any]) -> None:
        match self._step(task).publishes:
            case "document":
                document = IndexedDocument.model_validate(output)
                self.changes.publications.append(Publication(task.tenant, task.run, document))
            case "rebuild":
                rebuilt = RebuiltCollection.model_validate(output)
                self.changes.switches.append(Switch(task.run, rebuilt))
            case "nothing":
                pass

    def _fail_once(self, task: TaskRow, reason: str, after_s: float) -> None:
        policy = self._step(task).retry
        task.failures += 1
        if task.failures >= policy.attempts:
            self._give_up(task, TaskStatus.DEAD, reason)
            return
        backoff = min(policy.cap_s, policy.base_s * 2.0 ** (task.failures - 1))
        self._again(task, reason, after_s=max(after_s, backoff * (0.5 + self.random() / 2)))

    def _again(self, task: TaskRow, reason: str, *, after_s: float) -> None:
        attempt = task.attempt
        task.status, task.token, task.worker, task.lease_until = TaskStatus.READY, None, None, None
        task.error = reason
        task.available_at = self.snapshot.now + timedelta(seconds=after_s)
        self._touch(task)
        self._step_event(
            EventType.STEP_FAILED,
            task,
            attempt=attempt,
            reason=reason,
            retry=True,
            retry_at=task.available_at.isoformat(),
        )
        self._wake(task)

    def _give_up(self, task: TaskRow, status: TaskStatus, reason: str) -> None:
        task.status, task.error = status, reason
        task.finished_at, task.lease_until = self.snapshot.now, None
        self._touch(task)
        self._step_event(
            EventType.STEP_FAILED, task, attempt=task.attempt, reason=reason, retry=False
        )
        self._fail_run(f"step {task.step}: {reason}")

    # -- the plan -------------------------------------------------------------------------------

    def _advance(self) -> None:
        tasks = self.snapshot.by_step()
        done = {step for step, task in tasks.items() if task.status is TaskStatus.SUCCEEDED}
        try:
            if len(done) == len(self.run.plan.steps):
                self._succeed_run()
            else:
                self._ready_steps()
        except InvalidWorkflow as exc:
            self._fail_run(exc.message)

    def _succeed_run(self) -> None:
        result = resolve(self.run.plan.result, self._scope())
        kept = dict(result) if isinstance(result, dict) else {"value": result}
        self.run.citations = list(kept.pop("citations", None) or [])
        self.run.result = kept
        self._end(RunStatus.SUCCEEDED, EventType.RUN_SUCCEEDED, {})

    def _fail_run(self, reason: str) -> None:
        self.run.error = reason
        self._end(RunStatus.FAILED, EventType.RUN_FAILED, {"reason": reason})

    def _ready_steps(self) -> None:
        tasks = self.snapshot.by_step()
        for step in self.run.plan.steps:
            if step.id in tasks:
                continue
            needed = [tasks.get(need) for need in step.needs]
            if all(task is not None and task.status is TaskStatus.SUCCEEDED for task in needed):
                self._ready(step)

    def _keep(self, kept: TaskRow) -> None:
        """Take over what a step came to in another run: no attempt, and nothing used."""
        task = TaskRow(
            id=self.new_id(),
            run=self.run.id,
            tenant=self.run.tenant,
            step=kept.step,
            agent=kept.agent,
            status=TaskStatus.SUCCEEDED,
            available_at=self.snapshot.now,
            finished_at=kept.finished_at,
            input=kept.input,
            output=kept.output,
        )
        self.snapshot.tasks[task.id] = task
        self.changes.new_tasks[task.id] = task
        self._step_event(
            EventType.STEP_SUCCEEDED, task, attempt=task.attempt, kept_from=str(kept.run)
        )

    def _ready(self, step: Step) -> None:
        task = TaskRow(
            id=self.new_id(),
            run=self.run.id,
            tenant=self.run.tenant,
            step=step.id,
            agent=step.agent,
            status=TaskStatus.READY,
            available_at=self.snapshot.now,
            input=resolve(step.input, self._scope()),
        )
        self.snapshot.tasks[task.id] = task
        self.changes.runs[self.run.id] = self.run
        self.changes.new_tasks[task.id] = task
        self._step_event(EventType.STEP_READY, task)
        self._wake(task)

    def _end(self, status: RunStatus, event: EventType, data: dict[str, Any]) -> None:
        for task in self.snapshot.tasks.values():
            if not task.status.ended:
                task.status, task.lease_until = TaskStatus.CANCELLED, None
                task.finished_at = self.snapshot.now
                self._touch(task)
        self.run.status, self.run.finished_at = status, self.snapshot.now
        self.changes.runs[self.run.id] = self.run
        self._event(event, data)
        if asks_in_conversation(self.run):
            self.changes.answers.append(answer_of(self.run, self.new_id(), data.get("reason")))

    def _scope(self) -> dict[str, Any]:
        run = self.run
        outputs = {
            task.step: task.output
            for task in self.snapshot.tasks.values()
            if task.status is TaskStatus.SUCCEEDED
        }
        about = {
            "id": str(run.id),
            "goal": run.goal,
            "input": run.input,
            "history": run.input.get(HISTORY, []),
            "graph": asks_graph(run.input),
        }
        return {"run": about, "steps": outputs}

    def _step(self, task: TaskRow) -> Step:
        return self.run.step(task.step)

    # -- what is written ------------------------------------------------------------------------

    def _touch(self, task: TaskRow) -> None:
        self.changes.runs[self.run.id] = self.run
        if task.id not in self.changes.new_tasks:
            self.changes.tasks[task.id] = task

    def _wake(self, task: TaskRow) -> None:
        due_at = task.available_at
        at_once = due_at <= self.snapshot.now
        wake_up = NewWakeUp(task.tenant, task.run, task.agent, due_at, at_once, self.new_id())
        self.changes.wake_ups.append(wake_up)

    def _step_event(self, type_: EventType, task: TaskRow, **data: Any) -> None:
        self._event(type_, {"step": task.step, "agent": task.agent, "task": str(task.id), **data})

    def _event(self, type_: EventType, data: dict[str, Any]) -> None:
        self.run.seq += 1
        run, at = self.run, self.snapshot.now
        self.changes.events.append(NewEvent(run.id, run.tenant, run.seq, type_, at, data))
