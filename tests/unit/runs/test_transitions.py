"""Decisions over a run: what may follow what, whatever happens in whatever order."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from sutazai.core.runs.model import Changes, RunRow, RunStatus, Snapshot, TaskRow, TaskStatus
from sutazai.core.runs.transitions import MAX_LOSSES, Decisions
from sutazai_contracts.tasks import (
    Crashed,
    Outcome,
    Refused,
    Released,
    Result,
    RetryLater,
    Succeeded,
)
from sutazai_contracts.workflows import RetryPolicy, Step, Workflow

START = datetime(2026, 1, 1, tzinfo=UTC)
RETRY = RetryPolicy(attempts=3, base_s=2, cap_s=5)
DIAMOND = Workflow(
    name="diamond",
    description="One, two beside each other, one.",
    steps=(
        Step(id="top", agent="w", retry=RETRY),
        Step(id="left", agent="w", needs=("top",), retry=RETRY),
        Step(id="right", agent="w", needs=("top",), retry=RETRY),
        Step(id="end", agent="w", needs=("left", "right"), retry=RETRY),
    ),
    result="$steps.end",
)


def opened(plan: Workflow = DIAMOND) -> tuple[Decisions, Changes]:
    """Open a run of a plan."""
    run = RunRow(
        id=uuid4(), tenant=uuid4(), plan=plan, goal="g", input={}, status=RunStatus.PENDING, seq=0
    )
    changes = Changes()
    decisions = Decisions(Snapshot(run, {}, START), changes, lambda: 1.0)
    decisions.open()
    return decisions, changes


def outcome(task: TaskRow, result: Result, token: UUID | None = None) -> Outcome:
    """Make an outcome of a claimed task."""
    return Outcome(
        id=uuid4(), task=task.id, run=task.run, token=token or task.token or uuid4(), result=result
    )


def claim(decisions: Decisions, task: TaskRow) -> bool:
    """Claim a task for some worker."""
    return decisions.claim(task, worker="w", token=uuid4(), lease_s=10)


def test_the_first_step_is_ready_and_the_others_wait() -> None:
    decisions, changes = opened()
    assert [task.step for task in changes.new_tasks.values()] == ["top"]
    assert [wake_up.agent for wake_up in changes.wake_ups] == ["w"]
    assert decisions.run.status is RunStatus.PENDING


def test_waits_double_up_to_their_cap_and_an_agents_own_wish_counts_when_longer() -> None:
    decisions, _ = opened()
    [task] = decisions.snapshot.tasks.values()
    waits: list[float] = []
    for result in (Crashed(reason="x"), RetryLater(reason="y", after_s=60)):
        decisions.snapshot.now = task.available_at
        assert claim(decisions, task)
        assert decisions.apply(task, outcome(task, result))
        waits.append((task.available_at - decisions.snapshot.now).total_seconds())
    assert waits == [2.0, 60.0]
    assert not claim(decisions, task), "it is not due yet"


def test_losses_do_not_count_as_failures() -> None:
    decisions, _ = opened()
    [task] = decisions.snapshot.tasks.values()
    for _ in range(MAX_LOSSES - 1):
        assert claim(decisions, task)
        assert decisions.lose(task)
    assert (task.status, task.failures) == (TaskStatus.READY, 0)
    claim(decisions, task)
    decisions.lose(task)
    assert task.status is TaskStatus.DEAD
    assert decisions.run.status is RunStatus.FAILED


def test_an_output_the_result_does_not_find_fails_the_run_in_words() -> None:
    plan = Workflow(
        name="p", description="d", steps=(Step(id="a", agent="w"),), result="$steps.a.answer"
    )
    decisions, _ = opened(plan)
    [task] = decisions.snapshot.tasks.values()
    claim(decisions, task)
    decisions.apply(task, outcome(task, Succeeded(output={})))
    assert decisions.run.status is RunStatus.FAILED
    assert "no 'answer'" in (decisions.run.error or "")


def test_citations_are_kept_apart_from_the_result() -> None:
    plan = Workflow(name="p", description="d", steps=(Step(id="a", agent="w"),), result="$steps.a")
    decisions, _ = opened(plan)
    [task] = decisions.snapshot.tasks.values()
    claim(decisions, task)
    output = {"answer": "yes", "citations": [{"n": 1}]}
    decisions.apply(task, outcome(task, Succeeded(output=output)))
    assert decisions.run.result == {"answer": "yes"}
    assert decisions.run.citations == [{"n": 1}]


RESULTS: list[Result] = [
    Succeeded(output={"ok": True}),
    Crashed(reason="crash"),
    RetryLater(reason="later", after_s=1),
    Refused(reason="no"),
    Released(),
]
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["claim", "lose", "cancel", "stale", "wait", *range(len(RESULTS))]),
        st.integers(0, 3),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(ACTIONS)
def test_whatever_happens_the_ledger_stays_sound(actions: list[tuple[str | int, int]]) -> None:
    decisions, changes = opened()
    run, snapshot = decisions.run, decisions.snapshot
    for action, which in actions:
        tasks = list(snapshot.tasks.values())
        task = tasks[which % len(tasks)]
        ended, seq, status = run.status.ended, run.seq, run.status
        if action == "claim":
            did = claim(decisions, task)
        elif action == "lose":
            did = decisions.lose(task)
        elif action == "cancel":
            did = which == 0 and decisions.cancel("asked")
        elif action == "stale":
            did = decisions.apply(task, outcome(task, RESULTS[0], token=uuid4()))
            assert not did
        elif action == "wait":
            snapshot.now += timedelta(seconds=30)
            did = False
        else:
            did = decisions.apply(task, outcome(task, RESULTS[int(action)]))
        if ended:
            assert not did, "nothing happens to a run that has ended"
        if not did:
            assert (run.seq, run.status) == (seq, status)
        check(decisions, changes)


def check(decisions: Decisions, changes: Changes) -> None:
    """Check what must hold after every decision."""
    run, tasks = decisions.run, decisions.snapshot.by_step()
    seqs = [event.seq for event in changes.events]
    assert seqs == list(range(1, run.seq + 1)), "event numbers have no gap"
    types = [event.type.value for event in changes.events]
    assert sum(kind.startswith("run.") and kind != "run.started" for kind in types) <= 1
    for step, task in tasks.items():
        done = [e for e in changes.events if e.type == "step.succeeded" and e.data["step"] == step]
        assert len(done) == (task.status is TaskStatus.SUCCEEDED)
        needs = next(s.needs for s in run.plan.steps if s.id == step)
        assert all(tasks[need].status is TaskStatus.SUCCEEDED for need in needs)
        assert (task.token is not None) or task.status is not TaskStatus.CLAIMED
        assert task.failures <= RETRY.attempts
    if run.status.ended:
        assert all(task.status.ended for task in tasks.values())
        assert run.finished_at is not None
    if run.status is RunStatus.SUCCEEDED:
        assert len(tasks) == len(run.plan.steps)
    if not run.status.ended:
        assert any(not task.status.ended for task in tasks.values()), "a live run has work"
