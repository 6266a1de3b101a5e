"""The runner when things go wrong: no ledger, no bus, lost leases, cancels, drains."""

import asyncio
from itertools import pairwise
from typing import cast
from uuid import uuid4

import pytest
from loguru import logger

from sutazai_contracts.errors import BusUnavailable, LeaseLost
from sutazai_contracts.queues import OUTCOMES, task_queue
from sutazai_kit import AgentContext
from tests.unit.kit.ledger_twin import wake
from tests.unit.kit.test_runner import Done, Job, Stage
from tests.unit.kit.virtual_time import VirtualLoop, now, until, virtual_time


@virtual_time
async def test_without_a_ledger_wake_ups_are_held_and_claims_tried_again() -> None:
    stage = Stage()
    async with stage.running() as runner:
        await until(lambda: stage.ledger.claims)
        stage.ledger.down = True
        row = stage.ledger.submit()
        await wake(stage.bus, "worker")
        tried = len(stage.ledger.claims)
        await asyncio.sleep(120)
        waits = [b - a for (a, _), (b, _) in pairwise(stage.ledger.claims[tried:])]
        assert waits[0] <= 0.2
        assert waits[-1] >= 2.5
        assert max(waits) <= 5
        assert row.state == "ready"
        stage.ledger.down = False
        back = now()
        await until(lambda: row.outcomes)
        assert stage.started[0] - back <= 5
        assert runner.state().done == 1
    assert stage.bus.depths()[task_queue("worker")] == 0


@virtual_time
async def test_a_ledger_that_hangs_or_breaks_is_as_good_as_down() -> None:
    stage = Stage()
    stage.ledger.hangs = True
    row = stage.ledger.submit()
    async with stage.running():
        await until(lambda: len(stage.ledger.claims) > 2)
        stage.ledger.hangs, stage.ledger.breaks = False, KeyError("an unmapped error")
        await asyncio.sleep(60)
        stage.ledger.breaks = None
        await until(lambda: row.outcomes)
        assert len(stage.ledger.announced) >= 1


@virtual_time
async def test_a_cancelled_task_is_stopped_and_publishes_nothing() -> None:
    stage = Stage()
    row = stage.ledger.submit(seconds=100)
    async with stage.running() as runner:
        await until(lambda: stage.started)
        stage.ledger.cancel(row)
        begun = now()
        await until(lambda: runner.state().busy == 0)
        assert now() - begun <= 1.1
    assert stage.cancelled == 1
    assert row.outcomes == row.stale == []
    assert [kind for kind, _ in stage.finished] == ["cancelled"]


@virtual_time
async def test_a_task_that_is_anothers_now_is_stopped_and_publishes_nothing() -> None:
    stage = Stage()
    row, other = stage.ledger.submit(seconds=100), stage.ledger.submit(seconds=50)
    async with stage.running():
        await until(lambda: len(stage.started) == 2)
        stage.ledger.take_away(row)
        await until(lambda: stage.cancelled)
        await until(lambda: other.outcomes)
        assert row.outcomes == row.stale == []
    assert sorted(kind for kind, _ in stage.finished) == ["lost", "succeeded"]


@virtual_time
async def test_work_is_given_up_when_heartbeats_fail_as_long_as_the_lease() -> None:
    stage = Stage(lease_s=30)
    row = stage.ledger.submit(seconds=1000)
    async with stage.running() as runner:
        await until(lambda: stage.started)
        await asyncio.sleep(10)
        stage.ledger.down = True
        begun = now()
        await until(lambda: stage.cancelled)
        assert 28 <= now() - begun <= 31.1
        assert row.outcomes == row.stale == []
        await until(lambda: runner.state().busy == 0)
        stage.ledger.down = False
        await wake(stage.bus, "worker")
        await until(lambda: row.attempt == 2)
        stage.ledger.cancel(row)
    assert stage.finished[0][0] == "lost"


@virtual_time
async def test_a_heartbeat_that_hangs_ends_with_the_lease_too() -> None:
    stage = Stage(lease_s=8)
    stage.ledger.submit(seconds=1000)
    async with stage.running():
        await until(lambda: stage.ledger.beats)
        stage.ledger.hangs = True
        begun = now()
        await until(lambda: stage.cancelled)
        assert 6 <= now() - begun <= 9.1
        stage.ledger.hangs = False


@virtual_time
async def test_a_short_outage_costs_nothing_and_keeps_progress() -> None:
    stage = Stage(lease_s=30)
    row = stage.ledger.submit(seconds=60)
    stage.ledger.breaks = None
    async with stage.running():
        await until(lambda: stage.started)
        stage.ledger.down = True
        await asyncio.sleep(20)
        assert row.progress == []
        stage.ledger.down = False
        await until(lambda: row.outcomes)
    assert (row.attempt, row.kinds) == (1, ["succeeded"])
    assert [progress.message for progress in row.progress] == ["begun"]


@virtual_time
async def test_a_process_that_stood_still_asks_before_it_gives_up() -> None:
    stage = Stage(lease_s=10)

    async def act(task: Job, ctx: AgentContext) -> Done:
        await asyncio.sleep(5)
        cast(VirtualLoop, asyncio.get_running_loop()).now += 100  # as a blocking call would
        await asyncio.sleep(5)
        return Done(said="", effect=ctx.effect_key())

    stage.act = act  # type: ignore[method-assign]
    row = stage.ledger.submit()
    async with stage.running():
        await until(lambda: row.outcomes)
    assert (row.attempt, row.kinds) == (1, ["succeeded"])


@virtual_time
async def test_a_task_that_ends_during_a_heartbeat_is_not_taken_for_lost() -> None:
    stage = Stage()
    row = stage.ledger.submit(seconds=1.1)
    lines: list[str] = []
    sink = logger.add(lines.append, level="WARNING")
    async with stage.running():
        await until(lambda: stage.started)
        stage.ledger.answer_s = 0.5
        await until(lambda: row.outcomes)
        await asyncio.sleep(2)
    logger.remove(sink)
    assert any(row.id in {beat.task for beat in beats} for _, beats in stage.ledger.beats)
    assert (row.kinds, lines) == (["succeeded"], [])


@virtual_time
async def test_the_outcome_waits_for_a_full_bus_with_its_lease_kept() -> None:
    stage = Stage(lease_s=10, max_length=2)
    row = stage.ledger.submit(seconds=1)
    await stage.bus.publish(OUTCOMES, [b"{}", b"{}"])
    async with stage.runner() as runner:
        await until(lambda: stage.started)
        await asyncio.sleep(100)
        assert (runner.state().busy, row.attempt) == (1, 1)
        assert row.leased_until > now()
        async with stage.bus.consume(OUTCOMES, prefetch=2) as deliveries:
            for _ in range(2):
                await (await anext(deliveries)).ack()
        core = asyncio.create_task(stage.ledger.apply_outcomes(stage.bus))
        await until(lambda: row.outcomes)
        beats = len(stage.ledger.beats)
        await asyncio.sleep(30)
        assert len(stage.ledger.beats) - beats <= 1
    core.cancel()
    assert row.kinds == ["succeeded"]


@virtual_time
async def test_an_outcome_that_waits_is_dropped_with_its_lease() -> None:
    stage = Stage(lease_s=10, max_length=1)
    row = stage.ledger.submit()
    await stage.bus.publish(OUTCOMES, [b"{}"])
    async with stage.runner() as runner:
        await until(lambda: stage.started)
        stage.ledger.take_away(row)
        await until(lambda: runner.state().busy == 0)
    assert [kind for kind, _ in stage.finished] == ["lost"]
    assert stage.bus.depths()[OUTCOMES] == 1


@virtual_time
async def test_the_end_of_a_consumer_is_survived() -> None:
    stage = Stage()
    real, failures = stage.bus.consume, [BusUnavailable(), LeaseLost(), OSError("unmapped")]

    def consume(queue: str, *, prefetch: int) -> object:
        if failures and queue == task_queue("worker"):
            raise failures.pop()
        return real(queue, prefetch=prefetch)

    stage.bus.consume = consume  # type: ignore[method-assign, assignment]
    async with stage.running():
        await until(lambda: stage.ledger.claims)
        row = stage.ledger.submit()
        await wake(stage.bus, "worker")
        await until(lambda: row.outcomes)
    assert failures == []


@virtual_time
async def test_a_drain_lets_work_finish() -> None:
    stage = Stage()
    rows = [stage.ledger.submit(seconds=20) for _ in range(3)]
    core = asyncio.create_task(stage.ledger.apply_outcomes(stage.bus))
    async with stage.runner() as runner:
        await until(lambda: len(stage.started) == 2)
        begun = now()
        await runner.drain(60)
        assert 19 <= now() - begun <= 21
        await until(lambda: rows[1].outcomes)
    assert [row.kinds for row in rows] == [["succeeded"], ["succeeded"], []]
    assert rows[2].state == "ready"
    core.cancel()


@virtual_time
async def test_a_drain_hands_back_what_does_not_finish() -> None:
    stage = Stage()
    rows = [stage.ledger.submit(seconds=1), stage.ledger.submit(seconds=1000)]
    async with stage.running() as runner:
        await until(lambda: len(stage.started) == 2)
        begun = now()
        await asyncio.gather(runner.drain(5), runner.drain(5))
        assert 5 <= now() - begun <= 5.1
        await until(lambda: rows[1].outcomes)
    assert [row.kinds for row in rows] == [["succeeded"], ["released"]]
    assert rows[1].state == "ready"
    assert (runner.state().done, runner.state().failed) == (1, 0)


@virtual_time
async def test_a_drain_in_the_middle_of_a_claim_hands_the_tasks_back_unbegun() -> None:
    stage = Stage()
    stage.ledger.answer_s = 1
    row = stage.ledger.submit()
    async with stage.running() as runner:
        await until(lambda: stage.ledger.claims)
        await runner.drain(5)
        await until(lambda: row.outcomes)
    assert (row.kinds, stage.started) == (["released"], [])


@virtual_time
async def test_a_drain_ends_though_the_ledger_hangs_and_the_bus_is_full() -> None:
    stage = Stage(max_length=1)
    await stage.bus.publish(OUTCOMES, [b"{}"])
    stage.ledger.submit(seconds=1000)
    async with stage.runner() as runner:
        await until(lambda: stage.started)
        stage.ledger.hangs = True
        await wake(stage.bus, "worker")
        await asyncio.sleep(1)
        begun = now()
        await runner.drain(4)
        assert now() - begun <= 4 + 3 + 2 + 0.1
    assert stage.bus.depths()[task_queue("worker")] == 1, "the wake-up went back"


async def stubborn(task: Job, ctx: AgentContext) -> Done:
    """Go on for some time after each cancel."""
    while True:
        try:
            await asyncio.sleep(task.seconds)
        except asyncio.CancelledError:
            await asyncio.sleep(float(task.say))
            raise
        else:
            return Done(said="", effect=ctx.effect_key())


@virtual_time
async def test_a_handler_that_ends_late_is_waited_for() -> None:
    stage = Stage()
    stage.act = stubborn  # type: ignore[method-assign]
    row = stage.ledger.submit(seconds=100, say="2", timeout_s=10)
    async with stage.running():
        await until(lambda: row.outcomes)
        assert 11.9 <= now() - stage.started[0] <= 12.1
    assert row.kinds == ["crashed"]


@virtual_time
async def test_a_handler_that_ignores_its_cancel_keeps_its_slot_but_not_its_task() -> None:
    stage = Stage()
    stage.act = stubborn  # type: ignore[method-assign]
    row = stage.ledger.submit(seconds=100, say="500", timeout_s=10)
    async with stage.running() as runner:
        await until(lambda: row.outcomes)
        assert 12.9 <= now() - stage.started[0] <= 13.1
        assert (row.kinds, runner.state().busy) == (["crashed"], 1)
        await until(lambda: runner.state().busy == 0)
        assert now() - stage.started[0] >= 509
    assert stage.most_at_once == 1


@virtual_time
async def test_a_drain_does_not_wait_for_a_handler_that_ignores_its_cancel() -> None:
    stage = Stage()
    stage.act = stubborn  # type: ignore[method-assign]
    row = stage.ledger.submit(seconds=100, say="500")
    async with stage.running() as runner:
        await until(lambda: stage.started)
        begun = now()
        await runner.drain(1)
        assert now() - begun <= 1 + 3 + 2.1
        await until(lambda: row.outcomes)
    assert row.kinds == ["released"]


@virtual_time
async def test_run_ends_with_a_drain_from_elsewhere() -> None:
    stage = Stage()
    runner = stage.runner()
    running = asyncio.create_task(runner.run())
    await until(lambda: stage.ledger.claims)
    await runner.drain(1)
    await running


@virtual_time
async def test_a_cancelled_run_stops_at_once_and_leaves_tasks_to_their_leases() -> None:
    stage = Stage()
    row = stage.ledger.submit(seconds=100)
    running = asyncio.create_task(stage.runner().run())
    await until(lambda: stage.started)
    begun = now()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert now() == begun
    await until(lambda: stage.cancelled)
    assert (row.state, stage.bus.depths().get(OUTCOMES)) == ("claimed", None)


@virtual_time
async def test_a_failing_body_stops_the_runner() -> None:
    stage = Stage()

    async def fail() -> None:
        async with stage.runner():
            await until(lambda: stage.started)
            raise ZeroDivisionError

    stage.ledger.submit(seconds=100)
    with pytest.raises(ZeroDivisionError):
        await fail()
    await until(lambda: stage.cancelled)


@virtual_time
async def test_the_log_names_the_task_and_never_its_input() -> None:
    stage = Stage()
    secret = f"crash-{uuid4().hex}"
    lines: list[str] = []
    sink = logger.add(
        lines.append, format="{extra} {message}", level="TRACE", diagnose=True, backtrace=True
    )

    async def act(task: Job, ctx: AgentContext) -> Done:
        logger.info("the handler speaks")
        raise ZeroDivisionError("by hand")

    stage.act = act  # type: ignore[method-assign]
    row = stage.ledger.submit(say=secret)
    try:
        async with stage.running():
            await until(lambda: row.outcomes)
    finally:
        logger.remove(sink)
    text = "".join(lines)
    assert "ZeroDivisionError" in text
    assert secret not in text
    [spoken] = [line for line in lines if "the handler speaks" in line]
    assert str(row.id) in spoken
    assert str(row.run) in spoken
