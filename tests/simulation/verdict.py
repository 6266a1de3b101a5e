"""What must hold in the end, once every run that was accepted had its time."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from sutazai.core.runs.model import RunRow, RunStatus, TaskRow, TaskStatus
from sutazai_contracts.events import EventType
from tests.simulation.auditor import Auditor
from tests.simulation.ledger import TwinLedger
from tests.simulation.trace import short
from tests.simulation.workers import Behaviours


def end_problems(
    ledger: TwinLedger,
    accepted: Mapping[str, UUID],
    behaviours: Behaviours,
    auditor: Auditor,
    now: datetime,
) -> list[str]:
    """Find what was lost, doubled or left behind."""
    found: list[str] = []
    recent = now - timedelta(seconds=2)
    for goal, id in accepted.items():
        run = ledger.runs[id]
        steps = {ledger.tasks[task].step: ledger.tasks[task] for task in ledger.tasks_of[id]}
        found += (
            f"{goal} ({short(id)}): {problem}" for problem in _run(ledger, run, steps, auditor)
        )
        found += (f"{goal} ({short(id)}): {what}" for what in _effects(run, steps, behaviours))
    if strangers := set(ledger.runs) - set(accepted.values()):
        found.append(f"{len(strangers)} runs are there that nobody was told of")
    if due := [wake_up for wake_up in ledger.outbox.values() if wake_up.due_at <= now]:
        found.append(f"{len(due)} due wake-ups are left in the outbox")
    found += (f"a transaction is open since {tx.since}" for tx in ledger.open if tx.since < recent)
    return found


def _run(
    ledger: TwinLedger, run: RunRow, steps: Mapping[str, TaskRow], auditor: Auditor
) -> Iterator[str]:
    events = ledger.events[run.id]
    if [event.seq for event in events] != list(range(1, run.seq + 1)):
        yield f"its events are {[event.seq for event in events]}, it says {run.seq}"
    if not run.status.ended:
        yield f"it is {run.status}"
        return
    if not events[-1].type.terminal:
        yield f"its last event is {events[-1].type}"
    for step, task in steps.items():
        if not task.status.ended:
            yield f"it is {run.status} and its step {step} is {task.status}"
        told = [e for e in events if e.type is EventType.STEP_SUCCEEDED and e.data["step"] == step]
        done = task.status is TaskStatus.SUCCEEDED
        if len(told) != done or auditor.succeeded[run.id, step] != done:
            yield f"step {step} is {task.status} and succeeded {len(told)} times"
    if run.status is RunStatus.SUCCEEDED and len(steps) != len(run.plan.steps):
        yield f"it succeeded with {len(steps)} of {len(run.plan.steps)} steps"
    if run.status is RunStatus.FAILED:
        # No step is drawn to fail, or a worker to be lost, as often as would be too often.
        yield f"it failed: {run.error}"


def _effects(run: RunRow, steps: Mapping[str, TaskRow], behaviours: Behaviours) -> Iterator[str]:
    """Check that what succeeded had its effects, each under its one key, and nothing else did."""
    done = {key for key, of_run, _, _ in behaviours.effects.calls if of_run == run.id}
    possible: set[UUID] = set()
    for step, task in steps.items():
        items = range(behaviours.of(run.goal, step).items)
        # A retry has the effects of the run that it takes up.
        keys = {uuid5(run.origin or run.id, f"{step}/{item}") for item in items}
        worked = task.attempt > 0
        possible |= keys if worked else set()
        seen = done if worked else set(behaviours.effects.done)
        if task.status is TaskStatus.SUCCEEDED and not keys <= seen:
            yield f"{len(keys - seen)} effects of step {step} are missing"
    if extra := done - possible:
        yield f"{len(extra)} effects have keys of their own"
