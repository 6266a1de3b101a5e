"""The runner at work: wake-ups, claims, slots, heartbeats, outcomes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from sutazai_contracts.errors import EmbedderUnavailable
from sutazai_contracts.queues import DEAD, OUTCOMES, task_queue
from sutazai_contracts.tasks import Crashed, Progress, Refused, RetryLater, Succeeded
from sutazai_kit import Agent, AgentContext, Refuse, Retry
from sutazai_kit.bus.memory import MemoryBus
from sutazai_kit.runner import Runner, RunnerSettings
from tests.unit.kit.ledger_twin import LedgerTwin, wake
from tests.unit.kit.virtual_time import now, until, virtual_time


class Job(BaseModel):
    seconds: float = 0
    say: str = "done"


class Done(BaseModel):
    said: str
    effect: UUID


class Stage:
    """An agent with two slots, a ledger, a bus, and what the agent saw."""

    def __init__(self, lease_s: float = 30, **bounds: int) -> None:
        self.ledger = LedgerTwin(lease_s)
        self.bus = MemoryBus(**bounds)
        self.started: list[float] = []
        self.cancelled = 0
        self.at_once = self.most_at_once = 0
        self.finished: list[tuple[str, float]] = []
        self.claimed_tasks = 0
        self.agent = Agent("worker", description="Work.", version="1", slots=2)
        self.agent.handler(self.work)

    async def work(self, task: Job, ctx: AgentContext) -> Done:
        self.started.append(now())
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            return await self.act(task, ctx)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.at_once -= 1

    async def act(self, task: Job, ctx: AgentContext) -> Done:
        match task.say:
            case "retry":
                raise Retry("not yet", after_s=7)
            case "refuse":
                raise Refuse("never")
            case "crash":
                raise ZeroDivisionError("by hand")
            case "unavailable":
                raise EmbedderUnavailable
        await ctx.progress("begun", 0, 1)
        await asyncio.sleep(task.seconds)
        ctx.meter("jobs", 1)
        return Done(said=task.say, effect=ctx.effect_key())

    def claimed(self, agent: str, tasks: int) -> None:
        assert agent == "worker"
        self.claimed_tasks += tasks

    def finished_(self, kind: str, seconds: float) -> None:
        self.finished.append((kind, seconds))

    def runner(self, **settings: Any) -> Runner:
        return Runner(
            self.agent,
            self.ledger,
            self.bus,
            worker="here:1",
            settings=RunnerSettings(**settings),
            observer=Watching(self),
            random=Random(1),
        )

    @asynccontextmanager
    async def running(self, **settings: Any) -> AsyncIterator[Runner]:
        """Run the agent, and a core that applies its outcomes."""
        core = asyncio.create_task(self.ledger.apply_outcomes(self.bus))
        async with self.runner(**settings) as runner:
            yield runner
        core.cancel()
        await asyncio.gather(core, return_exceptions=True)


class Watching:
    """Write down what an observer hears."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def claimed(self, agent: str, tasks: int) -> None:
        self.stage.claimed(agent, tasks)

    def finished(self, agent: str, kind: str, seconds: float) -> None:
        self.stage.finished_(kind, seconds)


@virtual_time
async def test_a_wake_up_leads_to_an_outcome() -> None:
    stage = Stage()
    async with stage.running() as runner:
        await until(lambda: stage.ledger.claims)
        row = stage.ledger.submit(say="hello")
        await wake(stage.bus, "worker")
        await until(lambda: row.outcomes)
        state = runner.state()
    [outcome] = row.outcomes
    assert isinstance(outcome.result, Succeeded)
    assert outcome.result.output["said"] == "hello"
    assert outcome.usage == {"jobs": 1}
    assert (outcome.run, outcome.finished_at is not None) == (row.run, True)
    assert (state.name, state.slots, state.busy, state.done, state.failed) == ("worker", 2, 0, 1, 0)
    assert state.last_work_at is not None
    assert stage.bus.depths()[task_queue("worker")] == 0
    assert stage.claimed_tasks == 1
    assert [kind for kind, _ in stage.finished] == ["succeeded"]


@virtual_time
async def test_what_an_earlier_process_left_needs_no_wake_up() -> None:
    stage = Stage()
    row = stage.ledger.submit()
    async with stage.running():
        await until(lambda: row.outcomes)


@virtual_time
async def test_no_more_at_once_than_slots_and_all_get_done() -> None:
    stage = Stage()
    rows = [stage.ledger.submit(seconds=1) for _ in range(7)]
    async with stage.running():
        await wake(stage.bus, "worker")
        await until(lambda: all(row.outcomes for row in rows))
    assert stage.most_at_once == 2
    assert all(slots <= 2 for _, slots in stage.ledger.claims)
    assert [row.kinds for row in rows] == [["succeeded"]] * 7


@virtual_time
async def test_many_wake_ups_cost_few_claims() -> None:
    stage = Stage()
    async with stage.running():
        await until(lambda: stage.ledger.claims)
        stage.ledger.answer_s = 0.01
        await wake(stage.bus, "worker", times=100)
        await until(lambda: stage.bus.depths()[task_queue("worker")] == 0)
        await asyncio.sleep(1)
    # Sixteen are held: those of the claim under way, and the others for the next one.
    assert len(stage.ledger.claims) <= 2 + 2 * 100 / 15


@virtual_time
async def test_an_idle_runner_does_nothing_but_announce() -> None:
    stage = Stage()
    async with stage.running():
        await asyncio.sleep(3600)
    assert len(stage.ledger.claims) == 1
    assert stage.ledger.beats == []
    assert len(stage.ledger.announced) == 360 + 1
    _, card, worker = stage.ledger.announced[0]
    assert (card, worker) == (stage.agent.card, "here:1")


@virtual_time
async def test_rows_locked_by_another_are_claimed_soon_after() -> None:
    stage = Stage()
    async with stage.running():
        await until(lambda: stage.ledger.claims)
        row = stage.ledger.submit()
        stage.ledger.locked = 1
        begun = now()
        await wake(stage.bus, "worker")
        await until(lambda: row.outcomes)
        assert 0.001 <= stage.started[0] - begun <= 0.02
        claims = len(stage.ledger.claims)
        stage.ledger.locked = 1000
        await wake(stage.bus, "worker")
        await asyncio.sleep(10)
        # A row that stays locked is not asked for all the time.
        assert 10 <= len(stage.ledger.claims) - claims <= 60
        stage.ledger.locked = 0


@pytest.mark.parametrize(
    ("say", "expected"),
    [
        ("retry", RetryLater(reason="not yet", after_s=7)),
        ("refuse", Refused(reason="never")),
        ("crash", Crashed(reason="ZeroDivisionError: by hand")),
    ],
)
@virtual_time
async def test_what_the_handler_raises_becomes_a_result(say: str, expected: object) -> None:
    stage = Stage()
    row = stage.ledger.submit(say=say)
    async with stage.running() as runner:
        await until(lambda: row.outcomes)
        await until(lambda: runner.state().busy == 0)
        assert runner.state().failed == (say != "retry")
    assert row.outcomes[0].result == expected


@virtual_time
async def test_a_time_out_is_shown_as_a_crash() -> None:
    stage = Stage()
    row = stage.ledger.submit(seconds=1000, timeout_s=50)
    async with stage.running():
        begun = now()
        await until(lambda: row.outcomes)
    assert row.outcomes[0].result == Crashed(reason="timed out after 50 s")
    assert 50 <= now() - begun < 51
    assert stage.cancelled == 1


@virtual_time
async def test_one_heartbeat_serves_all_claims_every_second() -> None:
    stage = Stage()
    rows = [stage.ledger.submit(seconds=100), stage.ledger.submit(seconds=100)]
    async with stage.running():
        await until(lambda: all(row.outcomes for row in rows))
    times = [at for at, _ in stage.ledger.beats]
    gaps = [after - before for before, after in pairwise(times)]
    assert max(gaps) <= 1.001
    assert len(times) <= 103
    assert {len(beats) for _, beats in stage.ledger.beats} == {2}


@virtual_time
async def test_a_short_lease_is_renewed_in_time() -> None:
    stage = Stage(lease_s=0.5)
    row = stage.ledger.submit(seconds=20)
    async with stage.running():
        await until(lambda: row.outcomes)
    assert (row.attempt, row.kinds) == (1, ["succeeded"])
    times = [at for at, _ in stage.ledger.beats]
    assert max(b - a for a, b in pairwise(times)) <= 0.101


@virtual_time
async def test_a_short_lease_beside_a_long_one_is_renewed_in_time() -> None:
    stage = Stage(lease_s=30)
    stage.ledger.submit(seconds=100)
    async with stage.running():
        await until(lambda: stage.started)
        await asyncio.sleep(5.1)
        stage.ledger.lease_s = 0.2
        row = stage.ledger.submit(seconds=10)
        await wake(stage.bus, "worker")
        await until(lambda: row.outcomes)
        assert row.attempt == 1


@virtual_time
async def test_progress_travels_with_heartbeats_the_newest_only() -> None:
    stage = Stage()

    async def act(task: Job, ctx: AgentContext) -> Done:
        for number in range(35):
            await ctx.progress("at it", number, 35)
            await asyncio.sleep(0.1)
        return Done(said="", effect=ctx.effect_key())

    stage.act = act  # type: ignore[method-assign]
    row = stage.ledger.submit()
    async with stage.running():
        await until(lambda: row.outcomes)
    first, *rest = row.progress
    assert first == Progress(message="at it", done=0, total=35)
    assert stage.ledger.beats[0][0] - stage.started[0] < 0.1  # early: someone is watching
    assert 3 <= len(rest) <= 4
    assert [p.done for p in rest] == sorted({p.done for p in rest if p.done is not None})


@virtual_time
async def test_a_poisoned_wake_up_is_dead_and_stops_nothing() -> None:
    stage = Stage()
    async with stage.running():
        await until(lambda: stage.ledger.claims)
        row = stage.ledger.submit()
        await stage.bus.publish(task_queue("worker"), [b"\xff not a wake-up"])
        await wake(stage.bus, "worker")
        await until(lambda: row.outcomes)
    assert stage.bus.depths()[DEAD] == 1


@virtual_time
async def test_input_that_does_not_fit_is_refused_and_names_the_field() -> None:
    stage = Stage()
    row = stage.ledger.submit(seconds="many")
    async with stage.running():
        await until(lambda: row.outcomes)
    result = row.outcomes[0].result
    assert isinstance(result, Refused)
    assert "seconds" in result.reason
    assert "many" not in result.reason
    assert stage.started == []


@virtual_time
async def test_a_runner_runs_once() -> None:
    stage = Stage()
    async with stage.running() as runner:
        with pytest.raises(RuntimeError, match="once"):
            await runner.__aenter__()
    with pytest.raises(RuntimeError, match="not started"):
        await stage.runner().drain(0)
    assert stage.bus.depths().get(OUTCOMES, 0) == 0
