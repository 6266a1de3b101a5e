"""Calls of models in PostgreSQL: written once for all tenants, read by their own."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from sutazai.core.models.metering import Metering
from sutazai.core.models.model import CallRecord, ModelUse
from sutazai.records.model_calls import SqlModelCalls
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.models import Usage
from sutazai_kit.slots.port import CallReport, Ending, SlotRequest
from tests.support.database import TestDatabase
from tests.unit.kit.virtual_time import until

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def new_run(database: TestDatabase, tenant: UUID) -> UUID:
    """Make a run, as calls belong to one."""
    run = new_id()
    async with database.open.hot(tenant) as connection:
        await connection.execute(
            "INSERT INTO runs (id, tenant_id, workflow, goal, input, plan, status, seq)"
            " VALUES ($1, $2, 'answer', 'a goal', '{}', '{}', 'running', 0)",
            run,
            tenant,
        )
    return run


def call(
    tenant: UUID,
    run: UUID,
    *,
    model: str = "tinyllama",
    ending: Ending = "stop",
    ended_at: datetime = NOON,
    cost: float | None = None,
) -> CallRecord:
    usage = Usage(
        prompt_tokens=100, completion_tokens=20, first_token_s=0.25, total_s=1.5, cost=cost
    )
    request = SlotRequest(
        tenant=tenant,
        run=run,
        task=uuid4(),
        token=uuid4(),
        agent="writer",
        provider="ollama",
        model=model,
        priority="batch",
    )
    error = "model_unavailable" if ending == "failed" else None
    report = CallReport(ending=ending, usage=usage, error=error)
    return CallRecord(new_id(), request, 0.5, report, ended_at)


async def test_a_call_is_kept_as_it_was(database: TestDatabase) -> None:
    tenant = await database.new_tenant()
    one = call(tenant, await new_run(database, tenant), ending="failed", cost=0.25)
    await SqlModelCalls(database.open).keep_calls([one])
    (row,) = database.query(
        "SELECT id, tenant_id, run_id, task_id, agent, provider, model, priority, ending, error,"
        " prompt_tokens, completion_tokens, exact, waited_s, first_token_s, total_s, cost, ended_at"
        " FROM model_calls"
    )
    request = one.request
    assert row == (
        *(one.id, tenant, request.run, request.task, "writer", "ollama", "tinyllama", "batch"),
        *("failed", "model_unavailable", 100, 20, True, 0.5, 0.25, 1.5, 0.25, NOON),
    )


async def test_a_call_that_is_written_again_counts_once(database: TestDatabase) -> None:
    tenant = await database.new_tenant()
    run = await new_run(database, tenant)
    records = SqlModelCalls(database.open)
    one, two = call(tenant, run), call(tenant, run)
    await records.keep_calls([one])
    await records.keep_calls([one, two])
    assert database.query("SELECT count(*) FROM model_calls") == [(2,)]


async def test_a_call_of_a_run_that_is_gone_stops_no_other(database: TestDatabase) -> None:
    tenant = await database.new_tenant()
    run = await new_run(database, tenant)
    of_nobody = call(uuid4(), uuid4())
    of_another = call(await database.new_tenant(), run)
    kept = call(tenant, run)
    await SqlModelCalls(database.open).keep_calls([of_nobody, of_another, kept])
    assert database.query("SELECT id FROM model_calls") == [(kept.id,)]


@pytest.mark.requirement("D5", part="tokens per tenant")
async def test_use_is_summed_for_its_tenant_alone(database: TestDatabase) -> None:
    mine, other = await database.new_tenant(), await database.new_tenant()
    run, foreign = await new_run(database, mine), await new_run(database, other)
    records = SqlModelCalls(database.open)
    await records.keep_calls(
        [
            call(mine, run, cost=0.5),
            call(mine, run, ending="failed", cost=0.25),
            call(mine, run, model="codellama", ending="cancelled"),
            call(mine, run, ended_at=NOON - timedelta(days=2)),
            call(other, foreign),
        ]
    )
    assert await records.used(mine, NOON - timedelta(days=1)) == [
        ModelUse("ollama", "codellama", 1, 0, 100, 20, 1.5, None),
        ModelUse("ollama", "tinyllama", 2, 1, 200, 40, 3.0, 0.75),
    ]
    assert await records.used(await database.new_tenant(), NOON - timedelta(days=3)) == []


async def test_the_application_reads_calls_and_writes_none(database: TestDatabase) -> None:

    tenant = await database.new_tenant()
    async with database.open.app.acquire() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM model_calls WHERE tenant_id = $1", tenant)


async def test_metering_writes_to_the_record(database: TestDatabase) -> None:
    tenant = await database.new_tenant()
    run = await new_run(database, tenant)
    metering = Metering(SqlModelCalls(database.open), every_s=0.01)
    running = asyncio.create_task(metering.run())
    for _ in range(3):
        metering.keep(call(tenant, run))
    await until(lambda: database.query("SELECT count(*) FROM model_calls") == [(3,)], 10)
    running.cancel()
