"""The database's clock is set, an hour ahead or back: work goes on, and nothing is done twice."""

import asyncio

import psycopg
import pytest

from tests.integration.ledger.away import Away
from tests.integration.ledger.conftest import Ledger
from tests.unit.kit.virtual_time import now, until, virtual_time

HOUR_S = 3600.0


@virtual_time
async def test_a_clock_that_goes_back_holds_nobodys_task() -> None:
    world = Away()
    task = await world.claim()
    begun, watching = now(), asyncio.create_task(world.reaper.run())
    await asyncio.sleep(0.5)
    world.set_s = -HOUR_S
    await until(lambda: world.ledger.tasks[task].losses, 100)
    assert now() - begun <= 10 + 3, "its lease held for an hour more"
    # What is ready is ready by the clock as it is now.
    [claim] = (await world.tasks.claim("worker", "w", 1)).claims
    assert claim.task == task
    watching.cancel()


@virtual_time
async def test_what_waits_for_its_turn_is_ready_after_the_clock_went_back() -> None:
    world = Away()
    task = await world.claim()
    watching = asyncio.create_task(world.reaper.run())
    await until(lambda: world.ledger.tasks[task].losses, 100)
    world.set_s = -HOUR_S
    assert not (await world.tasks.claim("worker", "w", 1)).claims, "ready in an hour"
    await until(lambda: world.ledger.tasks[task].available_at <= world.clock(), 100)
    assert (await world.tasks.claim("worker", "w", 1)).claims
    watching.cancel()


@virtual_time
async def test_a_clock_that_goes_ahead_takes_no_task_from_who_is_alive() -> None:
    """Every lease ran out at once; whoever lives renews it within a lease's length."""
    world = Away()
    task = await world.claim()
    watching = asyncio.create_task(world.reaper.run())
    await asyncio.sleep(0.5)
    world.set_s = HOUR_S
    await asyncio.sleep(5)
    assert not world.ledger.tasks[task].losses
    await until(lambda: world.ledger.tasks[task].losses, 100)
    watching.cancel()


@pytest.mark.parametrize("slewed_s", [-0.5, 0.5])
def test_a_clock_that_is_slewed_changes_nothing(slewed_s: float) -> None:
    @virtual_time
    async def run() -> None:
        world = Away()
        task = await world.claim()
        begun, watching = now(), asyncio.create_task(world.reaper.run())
        await asyncio.sleep(0.5)
        world.set_s = slewed_s
        await until(lambda: world.ledger.tasks[task].losses, 100)
        assert 9 <= now() - begun <= 12
        watching.cancel()

    run()


async def test_what_lies_ahead_is_moved_in_the_record(ledger: Ledger) -> None:
    """As PostgreSQL has it after its clock was set back by an hour: all that was due lies ahead."""
    held = await ledger.submit()
    [claim] = await ledger.claim()
    waiting = await ledger.submit()
    with psycopg.connect(ledger.database.admin, autocommit=True) as connection:
        connection.execute(
            "UPDATE sutazai.tasks SET available_at = available_at + interval '1 hour',"
            " lease_until = lease_until + interval '1 hour'"
        )
    assert not await ledger.claim(), "ready for nobody, for an hour"
    assert await ledger.tasks.records.set_back(HOUR_S + 1, ledger.tasks.lease_s) == 2
    assert await ledger.tasks.records.set_back(HOUR_S + 1, ledger.tasks.lease_s) == 0
    [other] = await ledger.claim()
    assert (claim.run, other.run) == (held, waiting)
    # The lease is as long as it was, but for the second more.
    assert await ledger.tasks.take_back_lost() == 0
    assert await ledger.finish(claim) == 1


async def test_the_ledgers_clock_is_postgresqls(ledger: Ledger) -> None:
    before = await ledger.tasks.records.now()
    with psycopg.connect(ledger.database.admin) as connection:
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    assert row is not None
    assert before <= row[0] <= await ledger.tasks.records.now()
