"""Claims, leases, outcomes and cancel over a real PostgreSQL."""

import asyncio
from uuid import uuid4

import pytest

from sutazai.core.runs.model import RunStatus
from sutazai.core.runs.service import NewRun
from sutazai.core.runs.transitions import MAX_LOSSES
from sutazai_contracts.errors import IdempotencyMismatch, InvalidInput, NotFound
from sutazai_contracts.tasks import (
    Beat,
    BeatReply,
    Crashed,
    Progress,
    Refused,
    Released,
    RetryLater,
)
from tests.integration.ledger.conftest import Ledger, outcome


@pytest.mark.requirement("C3", part="steps with dependencies, each change an event")
async def test_a_run_goes_through_its_steps_and_keeps_every_event(ledger: Ledger) -> None:
    run = await ledger.submit("chain")
    [first] = await ledger.claim()
    assert (first.step, first.attempt, first.input) == ("first", 1, {"goal": "a goal"})
    assert await ledger.finish(first) == 1
    [second] = await ledger.claim()
    assert second.input == {"heard": "done first"}
    await ledger.finish(second)
    view = await ledger.runs.get(ledger.tenant, run)
    assert view.status is RunStatus.SUCCEEDED
    assert view.result == {"said": "done second"}
    assert [step.status for step in view.steps] == ["succeeded", "succeeded"]
    assert view.usage["things"] == 4
    assert view.usage["attempts"] == 2
    assert await ledger.event_types(run) == [
        "step.ready",
        "run.started",
        "step.started",
        "step.succeeded",
        "step.ready",
        "step.started",
        "step.succeeded",
        "run.succeeded",
    ]


@pytest.mark.requirement("C3", part="parallel branches")
async def test_branches_run_side_by_side_and_join(ledger: Ledger) -> None:
    run = await ledger.submit("fork")
    claims = await ledger.claim(slots=5)
    assert sorted(claim.step for claim in claims) == ["left", "right"]
    assert await ledger.tasks.apply([outcome(claim) for claim in claims]) == 2
    [join] = await ledger.claim(slots=5)
    await ledger.finish(join)
    assert (await ledger.runs.get(ledger.tenant, run)).status is RunStatus.SUCCEEDED


async def test_an_outcome_is_applied_once(ledger: Ledger) -> None:
    run = await ledger.submit()
    [claim] = await ledger.claim()
    done = outcome(claim)
    assert await ledger.tasks.apply([done, done]) == 1
    assert await ledger.tasks.apply([done]) == 0
    assert (await ledger.event_types(run)).count("step.succeeded") == 1


async def test_a_token_of_an_earlier_claim_is_refused_everywhere(ledger: Ledger) -> None:
    run = await ledger.submit()
    [zombie] = await ledger.claim(worker="zombie")
    await ledger.tasks.records.disown()
    # The lease ran out, but nobody has claimed again: the token still holds.
    assert await ledger.tasks.heartbeat([Beat(task=zombie.task, token=zombie.token)]) == [
        BeatReply.GO_ON
    ]
    await ledger.tasks.records.disown()
    assert await ledger.tasks.take_back_lost() == 1
    [heir] = await ledger.claim(worker="heir")
    assert (heir.task, heir.attempt) == (zombie.task, 2)
    assert heir.token != zombie.token
    beat = Beat(task=zombie.task, token=zombie.token, progress=Progress(message="still here"))
    assert await ledger.tasks.heartbeat([beat]) == [BeatReply.LOST]
    assert await ledger.finish(zombie) == 0
    assert await ledger.finish(heir) == 1
    types = await ledger.event_types(run)
    assert types.count("step.progress") == 0
    assert types.count("step.succeeded") == 1


async def test_an_outcome_of_a_lease_that_ran_out_counts_until_someone_claims_again(
    ledger: Ledger,
) -> None:
    await ledger.submit()
    [late] = await ledger.claim()
    await ledger.tasks.records.disown()
    assert await ledger.finish(late) == 1
    assert await ledger.tasks.take_back_lost() == 0


async def test_a_lease_that_holds_is_not_taken_back(ledger: Ledger) -> None:
    await ledger.submit()
    await ledger.claim()
    assert await ledger.tasks.take_back_lost() == 0


@pytest.mark.parametrize("failure", [Crashed(reason="boom"), RetryLater(reason="later")])
async def test_a_failing_step_is_tried_again_and_dead_after_its_last_attempt(
    ledger: Ledger, failure: Crashed | RetryLater
) -> None:
    run = await ledger.submit()
    for attempt in (1, 2, 3):
        [claim] = await ledger.claim()
        assert claim.attempt == attempt
        await ledger.finish(claim, failure)
    assert await ledger.claim() == ()
    view = await ledger.runs.get(ledger.tenant, run)
    assert view.status is RunStatus.FAILED
    assert view.steps[0].status == "dead"
    assert failure.reason in (view.error or "")
    assert (await ledger.event_types(run))[-2:] == ["step.failed", "run.failed"]


@pytest.mark.requirement("C2", part="retries with back-off")
async def test_a_retry_waits_its_time(ledger: Ledger) -> None:
    run = await ledger.submit()
    [claim] = await ledger.claim()
    await ledger.finish(claim, RetryLater(reason="busy", after_s=3600))
    assert await ledger.claim() == ()
    view = await ledger.runs.get(ledger.tenant, run)
    assert (view.status, view.steps[0].status) == (RunStatus.RUNNING, "ready")
    [(waits,)] = ledger.database.query(
        "SELECT due_at > now() + interval '59 min' FROM outbox ORDER BY due_at DESC LIMIT 1"
    )
    assert waits is True


async def test_a_refused_step_fails_the_run_and_cancels_its_siblings(ledger: Ledger) -> None:
    run = await ledger.submit("fork")
    left, right = await ledger.claim(slots=2)
    await ledger.finish(left, Refused(reason="no"))
    view = await ledger.runs.get(ledger.tenant, run)
    assert view.status is RunStatus.FAILED
    assert {step.status for step in view.steps} == {"failed", "cancelled", "waiting"}
    beat = Beat(task=right.task, token=right.token)
    assert await ledger.tasks.heartbeat([beat]) == [BeatReply.CANCELLED]
    assert await ledger.finish(right) == 0


async def test_a_released_task_is_ready_at_once_and_has_not_failed(ledger: Ledger) -> None:
    await ledger.submit()
    for _ in range(5):
        [claim] = await ledger.claim()
        await ledger.finish(claim, Released())
    [(failures,)] = ledger.database.query("SELECT failures FROM tasks")
    assert failures == 0


async def test_a_task_that_kills_its_workers_is_dead_in_the_end(ledger: Ledger) -> None:
    run = await ledger.submit()
    for _ in range(MAX_LOSSES):
        assert len(await ledger.claim()) == 1
        await ledger.tasks.records.disown()
        assert await ledger.tasks.take_back_lost() == 1
    view = await ledger.runs.get(ledger.tenant, run)
    assert (view.status, view.steps[0].status) == (RunStatus.FAILED, "dead")
    assert "lost" in (view.error or "")


async def test_cancel_ends_everything_and_is_told_by_the_heartbeat(ledger: Ledger) -> None:
    run = await ledger.submit("chain")
    [claim] = await ledger.claim()
    view = await ledger.runs.cancel(ledger.tenant, run)
    assert view.status is RunStatus.CANCELLED
    beat = Beat(task=claim.task, token=claim.token)
    assert await ledger.tasks.heartbeat([beat]) == [BeatReply.CANCELLED]
    assert await ledger.finish(claim) == 0
    again = await ledger.runs.cancel(ledger.tenant, run)
    assert (again.status, again.seq) == (RunStatus.CANCELLED, view.seq)
    assert (await ledger.event_types(run))[-1] == "run.cancelled"


async def test_progress_is_kept_as_events(ledger: Ledger) -> None:
    run = await ledger.submit()
    [claim] = await ledger.claim()
    beat = Beat(
        task=claim.task, token=claim.token, progress=Progress(message="half", done=1, total=2)
    )
    assert await ledger.tasks.heartbeat([beat]) == [BeatReply.GO_ON]
    events = await ledger.runs.records.events(ledger.tenant, run, 0, 10)
    assert events[-1].data["message"] == "half"
    assert (events[-1].data["done"], events[-1].data["total"]) == (1, 2)


@pytest.mark.requirement("C2", part="idempotency keys")
async def test_an_idempotency_key_gives_the_same_run_even_at_the_same_time(ledger: Ledger) -> None:
    new = NewRun("one", goal="the goal", idempotency_key="k1")
    views = await asyncio.gather(*(ledger.runs.start(ledger.tenant, new) for _ in range(8)))
    assert len({view.id for view in views}) == 1
    assert ledger.database.query("SELECT count(*) FROM tasks") == [(1,)]
    with pytest.raises(IdempotencyMismatch):
        await ledger.runs.start(ledger.tenant, NewRun("one", goal="other", idempotency_key="k1"))
    other = await ledger.database.new_tenant()
    theirs = await ledger.runs.start(other, new)
    assert theirs.id != views[0].id


@pytest.mark.requirement("C2", part="priorities")
async def test_tenants_take_turns_and_priority_orders_within_one(ledger: Ledger) -> None:
    other = await ledger.database.new_tenant()
    mine = [await ledger.submit() for _ in range(6)]
    theirs = [await ledger.submit(tenant=other) for _ in range(2)]
    ledger.database.query("UPDATE tasks SET priority = 5 WHERE run_id = %s RETURNING id", mine[3])
    claims = await ledger.claim(slots=4)
    assert [claim.tenant for claim in claims].count(other) == 2
    assert {claim.run for claim in claims} == {*theirs, mine[3], mine[0]}


async def test_a_claim_tells_when_there_is_more(ledger: Ledger) -> None:
    for _ in range(3):
        await ledger.submit()
    first = await ledger.tasks.claim("worker", "w", 2)
    assert (len(first.claims), first.more) == (2, True)
    rest = await ledger.tasks.claim("worker", "w", 2)
    assert (len(rest.claims), rest.more) == (1, False)
    nothing = await ledger.tasks.claim("worker", "w", 2)
    assert (nothing.claims, nothing.more) == ((), False)


async def test_a_run_that_another_holds_is_left_out_not_waited_for(ledger: Ledger) -> None:
    run = await ledger.submit()
    async with ledger.tasks.records.transaction() as tx:
        await tx.lock([run], skip_locked=False)
        reply = await asyncio.wait_for(ledger.tasks.claim("worker", "w", 1), 5)
        assert (reply.claims, reply.more) == ((), True)
    assert len(await ledger.claim()) == 1


@pytest.mark.requirement("C1", part="no task is claimed twice")
async def test_many_workers_claim_each_task_once(ledger: Ledger) -> None:
    await asyncio.gather(*(ledger.submit("fork") for _ in range(15)))
    seen: list[tuple[object, int]] = []

    async def work(worker: str) -> None:
        while True:
            reply = await ledger.tasks.claim("worker", worker, 3)
            if not reply.claims and not reply.more:
                return
            seen.extend((claim.task, claim.attempt) for claim in reply.claims)
            await ledger.tasks.apply([outcome(claim) for claim in reply.claims])

    for _ in range(3):
        await asyncio.gather(*(work(f"w{n}") for n in range(4)))
    assert len(seen) == len(set(seen)) == 45
    statuses = ledger.database.query("SELECT status, count(*) FROM runs GROUP BY status")
    assert statuses == [("succeeded", 15)]


async def test_another_tenants_run_is_not_there(ledger: Ledger) -> None:
    run = await ledger.submit()
    stranger = await ledger.database.new_tenant()
    with pytest.raises(NotFound):
        await ledger.runs.get(stranger, run)
    with pytest.raises(NotFound):
        await ledger.runs.cancel(stranger, run)
    assert await ledger.runs.records.events(stranger, run, 0, 10) == []


async def test_runs_are_listed_in_pages_newest_first(ledger: Ledger) -> None:
    made = [await ledger.submit() for _ in range(5)]
    first = await ledger.runs.page(ledger.tenant, 3, None)
    rest = await ledger.runs.page(ledger.tenant, 3, first.next)
    assert [view.id for view in (*first.items, *rest.items)] == list(reversed(made))
    assert rest.next is None
    with pytest.raises(InvalidInput):
        await ledger.runs.page(ledger.tenant, 3, "no-cursor-of-ours")


async def test_an_unknown_workflow_or_run_is_refused(ledger: Ledger) -> None:
    with pytest.raises(InvalidInput, match="there are: chain, fork, one"):
        await ledger.submit("missing")
    with pytest.raises(NotFound):
        await ledger.runs.get(ledger.tenant, uuid4())
