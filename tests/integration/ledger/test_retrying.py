"""Retries over a real PostgreSQL: what succeeded is kept, the rest worked again; all or nothing."""

from uuid import UUID, uuid4

import psycopg
import pytest

from sutazai.core.runs.model import RunStatus
from sutazai.core.runs.ports import RunView
from sutazai.core.runs.service import NewRun
from sutazai_contracts.errors import (
    DatabaseUnavailable,
    IdempotencyMismatch,
    InvalidWorkflow,
    NotFound,
    RunNotRetriable,
)
from sutazai_contracts.tasks import Claim, Refused, Succeeded
from sutazai_contracts.workflows import Step, Workflow
from sutazai_kit.context import AgentContext
from tests.integration.ledger.conftest import CHAIN, Ledger, outcome

USER = uuid4()
TABLES = ("runs", "tasks", "events", "outbox")


async def retry(ledger: Ledger, run: UUID, key: str | None = None) -> RunView:
    """Retry a run of the ledger's tenant."""
    return await ledger.retries.retry(ledger.tenant, USER, run, idempotency_key=key)


async def failed_at_second(ledger: Ledger) -> tuple[UUID, Claim]:
    """Give a run whose second of two steps failed, and the claim of that."""
    run = await ledger.submit("chain")
    [first] = await ledger.claim()
    await ledger.finish(first)
    [second] = await ledger.claim()
    await ledger.finish(second, Refused(reason="not today"))
    return run, second


def counts(ledger: Ledger) -> list[object]:
    return [ledger.database.query(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES]


async def test_what_succeeded_is_kept_and_the_rest_is_worked_again(ledger: Ledger) -> None:
    run, failed = await failed_at_second(ledger)
    before = await ledger.runs.get(ledger.tenant, run)
    begun = await retry(ledger, run)
    assert (begun.retry_of, begun.status) == (run, RunStatus.PENDING)
    kept, ready = begun.steps
    assert (kept.kept, kept.attempts, kept.usage) == (True, 0, {})
    assert (kept.output, kept.input) == (before.steps[0].output, before.steps[0].input)
    assert kept.finished_at == before.steps[0].finished_at
    assert (ready.kept, ready.status, ready.input) == (False, "ready", {"heard": "done first"})

    [claim] = await ledger.claim(slots=5)
    assert (claim.step, claim.attempt, claim.run, claim.origin) == ("second", 1, begun.id, run)
    assert claim.task != failed.task
    await ledger.finish(claim)
    done = await ledger.runs.get(ledger.tenant, begun.id)
    assert (done.status, done.result) == (RunStatus.SUCCEEDED, {"said": "done second"})
    assert (done.usage["attempts"], done.usage["things"]) == (1, 2)
    assert await ledger.event_types(begun.id) == [
        "step.succeeded",
        "step.ready",
        "run.started",
        "step.started",
        "step.succeeded",
        "run.succeeded",
    ]
    first, *_ = await ledger.runs.records.events(ledger.tenant, begun.id, 0, 1)
    assert (first.data["step"], first.data["kept_from"]) == ("first", str(run))
    # The old one stays as it ended.
    assert await ledger.runs.get(ledger.tenant, run) == before


async def test_branches_that_were_cut_off_are_worked_and_those_that_were_done_are_not(
    ledger: Ledger,
) -> None:
    run = await ledger.submit("fork")
    left, right = sorted(await ledger.claim(slots=2), key=lambda claim: claim.step)
    await ledger.finish(left)
    await ledger.runs.cancel(ledger.tenant, run)
    begun = await retry(ledger, run)
    # What the cancelled one still sends changes nothing anywhere.
    assert await ledger.finish(right) == 0
    [again] = await ledger.claim(slots=5)
    assert again.step == "right"
    await ledger.finish(again)
    [join] = await ledger.claim(slots=5)
    await ledger.finish(join)
    assert (await ledger.runs.get(ledger.tenant, begun.id)).status is RunStatus.SUCCEEDED


async def test_a_retry_is_retried_and_effects_keep_the_keys_of_the_first(ledger: Ledger) -> None:
    run, failed = await failed_at_second(ledger)
    once = await retry(ledger, run)
    [claim] = await ledger.claim()
    await ledger.finish(claim, Refused(reason="nor tomorrow"))
    twice = await retry(ledger, once.id)
    assert (twice.retry_of, [step.kept for step in twice.steps]) == (once.id, [True, False])
    [again] = await ledger.claim()
    keys = {AgentContext(one).effect_key("a") for one in (failed, claim, again)}
    assert len(keys) == 1, "what the first did is not done twice"
    # Run as a whole, it is another matter.
    await ledger.submit("chain")
    [fresh] = await ledger.claim()
    assert fresh.origin is None


async def test_a_key_gives_the_same_retry(ledger: Ledger) -> None:
    run, _ = await failed_at_second(ledger)
    other, _ = await failed_at_second(ledger)
    begun = await retry(ledger, run, "the key")
    before = counts(ledger)
    assert (await retry(ledger, run, "the key")).id == begun.id
    with pytest.raises(IdempotencyMismatch):
        await retry(ledger, other, "the key")
    with pytest.raises(IdempotencyMismatch):
        await ledger.runs.start(ledger.tenant, NewRun("one", goal="g", idempotency_key="the key"))
    assert counts(ledger) == before
    assert (await retry(ledger, run)).id != begun.id, "without a key each is one"


async def test_what_goes_on_or_succeeded_or_is_not_there_is_refused(ledger: Ledger) -> None:
    run = await ledger.submit()
    stranger = await ledger.database.new_tenant()
    for status in ("pending", "running", "succeeded"):
        assert (await ledger.runs.get(ledger.tenant, run)).status == status
        before = counts(ledger)
        with pytest.raises(RunNotRetriable, match="succeeded" if status == "succeeded" else "end"):
            await retry(ledger, run)
        assert counts(ledger) == before
        if status == "pending":
            [claim] = await ledger.claim()
        elif status == "running":
            await ledger.finish(claim)
    failed, _ = await failed_at_second(ledger)
    for tenant, wanted in ((stranger, failed), (ledger.tenant, uuid4())):
        with pytest.raises(NotFound):
            await ledger.retries.retry(tenant, USER, wanted)


@pytest.mark.parametrize("place", ["the result", "a step"])
async def test_outputs_that_do_not_fit_the_plan_are_not_tried_again(
    ledger: Ledger, place: str
) -> None:
    steps = CHAIN.steps[:1] if place == "the result" else CHAIN.steps
    plan = Workflow(
        name="wants", description="Wants what is not said.", steps=steps, result="$steps.first.said"
    )
    ledger.runs.workflows = {"wants": plan}
    run = await ledger.submit("wants")
    [claim] = await ledger.claim()
    await ledger.finish(claim, Succeeded(output={"told": "otherwise"}))
    assert (await ledger.runs.get(ledger.tenant, run)).status is RunStatus.FAILED
    with pytest.raises(RunNotRetriable, match=r"no step of it failed.*no 'said'"):
        await retry(ledger, run)


async def test_what_the_platform_starts_is_not_retried_by_anybody(ledger: Ledger) -> None:
    plan = CHAIN.model_copy(update={"name": "private", "public": False})
    ledger.runs.workflows = {"private": plan}
    written = ledger.runs.compose(ledger.tenant, NewRun("private", goal="g"))
    await ledger.runs.records.submit(ledger.tenant, written)
    await ledger.runs.cancel(ledger.tenant, written.run.id)
    with pytest.raises(RunNotRetriable, match="by the platform only"):
        await retry(ledger, written.run.id)


async def test_the_plan_is_that_of_the_run_whatever_the_workflow_is_now(ledger: Ledger) -> None:
    run, _ = await failed_at_second(ledger)
    ledger.runs.workflows = {
        "chain": Workflow(
            name="chain", description="Another.", steps=(Step(id="x", agent="worker"),), result="x"
        )
    }
    assert [step.id for step in (await retry(ledger, run)).steps] == ["first", "second"]
    ledger.runs.agents = lambda: frozenset({"somebody"})
    with pytest.raises(InvalidWorkflow, match="names the agent worker"):
        await retry(ledger, run)


async def test_a_retry_whose_collection_is_gone_is_refused(ledger: Ledger) -> None:
    run, _ = await failed_at_second(ledger)
    with psycopg.connect(ledger.database.admin) as connection:
        connection.execute("UPDATE sutazai.runs SET collection_name = 'gone'")
    with pytest.raises(RunNotRetriable, match="collection gone is not there"):
        await retry(ledger, run)


@pytest.mark.parametrize("table", TABLES)
async def test_it_is_written_as_a_whole_or_not_at_all(ledger: Ledger, table: str) -> None:
    run, _ = await failed_at_second(ledger)
    before = counts(ledger)
    with psycopg.connect(ledger.database.admin) as connection:
        connection.execute("SET search_path = sutazai")
        connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION USING ERRCODE = '57P01', MESSAGE = 'gone'; END $$;"
            f"CREATE TRIGGER refuse BEFORE INSERT ON {table} EXECUTE FUNCTION refuse()".encode()
        )
    with pytest.raises(DatabaseUnavailable):
        await retry(ledger, run, "the key")
    assert counts(ledger) == before
    assert await ledger.claim(slots=5) == ()
    with psycopg.connect(ledger.database.admin) as connection:
        connection.execute(f"DROP TRIGGER refuse ON sutazai.{table}".encode())
    begun = await retry(ledger, run, "the key")
    # Whoever did not hear of it asks again, and works nothing twice.
    assert (await retry(ledger, run, "the key")).id == begun.id
    [claim] = await ledger.claim(slots=5)
    assert await ledger.tasks.apply([outcome(claim)]) == 1
