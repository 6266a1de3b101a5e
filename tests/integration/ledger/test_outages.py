"""PostgreSQL goes away under work and comes back: what is finished is not done again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sutazai.bootstrap.processes.server import EmbeddedPostgres
from sutazai.core.runs.feed import EventFeed
from sutazai.core.runs.service import NewRun, Runs
from sutazai.core.tasks.outcomes import BATCH, OutcomeConsumer
from sutazai.core.tasks.reaper import OUTAGE_S, Reaper
from sutazai.core.tasks.relay import Relay
from sutazai.core.tasks.service import Tasks
from sutazai.records.database import open_database
from sutazai.records.ledger import SqlLedger
from sutazai.records.migrate import migrate
from sutazai.records.roles import DatabaseUrls, prepare_database
from sutazai.records.runs import SqlRuns
from sutazai_contracts.errors import DatabaseUnavailable
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.queues import OUTCOMES
from sutazai_contracts.tasks import Claim
from sutazai_kit.bus.memory import MemoryBus
from tests.integration.ledger.away import Away
from tests.integration.ledger.conftest import ONE, no_chunks, outcome
from tests.support.database import PASSWORDS
from tests.support.postgres import private_folder, start_test_postgres
from tests.unit.kit.virtual_time import now, until, virtual_time

pytestmark = pytest.mark.faults

LEASE_S = 1.5
TENANT = new_id()


@dataclass
class Server:
    """A PostgreSQL of its own, stopped and started again on the same data."""

    root: Path
    running: EmbeddedPostgres
    started_at: float = 0.0

    @asynccontextmanager
    async def away(self, seconds: float) -> AsyncIterator[None]:
        """Stop it at once, as a crash does; it is there again after the block and some time."""
        await self.running.stop("immediate")
        back_at = asyncio.get_running_loop().time() + seconds
        try:
            yield
            await asyncio.sleep(back_at - asyncio.get_running_loop().time())
        finally:
            self.started_at = asyncio.get_running_loop().time()
            self.running = await asyncio.to_thread(start_test_postgres, self.root)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Server, DatabaseUrls]]:
    with private_folder() as root:
        made = Server(root, start_test_postgres(root))
        try:
            urls = prepare_database(made.running.admin_dsn, PASSWORDS)
            migrate(urls.owner)
            with psycopg.connect(urls.owner) as connection:
                statement = "INSERT INTO sutazai.tenants (id, name) VALUES (%s, 'one')"
                connection.execute(statement, [TENANT])
            yield made, urls
        finally:
            asyncio.run(made.running.stop("immediate"))


@dataclass
class Core:
    """The loops of core over that server."""

    runs: Runs
    tasks: Tasks
    bus: MemoryBus
    reaper: Reaper
    outcomes: OutcomeConsumer

    async def claimed(self, count: int) -> list[Claim]:
        """Submit runs of one step and claim them."""
        for _ in range(count):
            await self.runs.start(TENANT, NewRun("one", goal="g"))
        claims = (await self.tasks.claim("worker", "w1", count)).claims
        assert len(claims) == count
        return list(claims)

    async def attempts(self, claims: list[Claim]) -> list[tuple[str, int]]:
        """Tell the status and attempts of what was claimed."""
        views = [await self.runs.get(TENANT, claim.run) for claim in claims]
        return [(str(view.steps[0].status), view.steps[0].attempts) for view in views]


@asynccontextmanager
async def core(urls: DatabaseUrls) -> AsyncIterator[Core]:
    """Run the loops of core."""
    async with open_database(urls, pool_size=4) as database:
        records, bus = SqlRuns(database), MemoryBus()
        tasks = Tasks(SqlLedger(database), no_chunks, lease_s=LEASE_S)
        relay, outcomes = Relay(SqlLedger(database), bus), OutcomeConsumer(bus, tasks)
        reaper = Reaper(tasks, relay, every_s=0.05, catch_up=outcomes.catch_up)
        runs = Runs(records, EventFeed(records), {"one": ONE}, lambda: frozenset({"worker"}))
        loops = [asyncio.create_task(loop.run()) for loop in (relay, outcomes, reaper)]
        try:
            yield Core(runs, tasks, bus, reaper, outcomes)
        finally:
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)


async def eventually(condition: Callable[[], Any], timeout_s: float = 15) -> None:
    """Wait for a condition, which may be asked of a database that is away."""
    async with asyncio.timeout(timeout_s):
        while True:
            with suppress(DatabaseUnavailable):
                if await condition():
                    return
            await asyncio.sleep(0.02)


async def test_outcomes_that_queued_in_an_outage_end_their_tasks_late_and_twice(
    server: tuple[Server, DatabaseUrls],
) -> None:
    postgres, urls = server
    async with core(urls) as opened:
        claims = await opened.claimed(2 * BATCH)
        bodies = [outcome(claim).model_dump_json().encode() for claim in claims]
        # So long that every lease runs out: whoever looks first afterwards may take them back.
        async with postgres.away(LEASE_S + OUTAGE_S):
            await opened.bus.publish(OUTCOMES, bodies)
            await opened.bus.publish(OUTCOMES, bodies)
            await eventually(lambda: in_hand(opened))
            assert opened.outcomes.done == 0, "some were applied before the outage"
        await eventually(lambda: all_done(opened, claims))
        assert await opened.attempts(claims) == [("succeeded", 1)] * len(claims)
        assert opened.reaper.taken_back == 0


async def in_hand(opened: Core) -> bool:
    return opened.outcomes.pending >= BATCH


async def all_done(opened: Core, claims: list[Claim]) -> bool:
    return opened.outcomes.done >= 2 * len(claims)


async def test_after_an_outage_a_silent_worker_loses_its_task_one_lease_later(
    server: tuple[Server, DatabaseUrls],
) -> None:
    postgres, urls = server
    async with core(urls) as opened:
        [claim] = await opened.claimed(1)
        async with postgres.away(LEASE_S + OUTAGE_S):
            pass
        await eventually(lambda: ready_again(opened, claim))
        assert asyncio.get_running_loop().time() - postgres.started_at > LEASE_S
        assert opened.reaper.taken_back == 1


async def ready_again(opened: Core, claim: Claim) -> bool:
    view = await opened.runs.get(TENANT, claim.run)
    return view.steps[0].status == "ready"


# -- the same in virtual time, to the second ----------------------------------------------------


@pytest.mark.parametrize(("away_s", "lost_after_s"), [(0, 10), (2, 10), (5, 16), (30, 41)])
def test_a_lease_length_passes_after_an_outage(away_s: int, lost_after_s: int) -> None:
    @virtual_time
    async def run() -> None:
        world = Away()
        task = await world.claim()
        begun, watching = now(), asyncio.create_task(world.reaper.run())
        await asyncio.sleep(0.5)
        world.is_away = away_s > 0
        await asyncio.sleep(away_s)
        world.is_away = False
        await until(lambda: world.ledger.tasks[task].losses, 100)
        assert lost_after_s - 0.1 <= now() - begun <= lost_after_s + 1.1
        watching.cancel()

    run()


@virtual_time
async def test_an_outage_at_the_reapers_start_counts_as_one() -> None:
    world = Away()
    task = await world.claim()
    world.is_away = True
    watching = asyncio.create_task(world.reaper.run())
    await asyncio.sleep(30)
    world.is_away = False
    back_at = now()
    await until(lambda: world.ledger.tasks[task].losses, 100)
    assert 10 <= now() - back_at <= 12.1
    watching.cancel()


@virtual_time
async def test_nothing_is_taken_back_before_the_queued_outcomes_are_applied() -> None:
    world = Away()
    task = await world.claim()
    watching = asyncio.create_task(world.reaper.run())
    await asyncio.sleep(0.5)
    world.is_away, world.caught_up = True, False
    await asyncio.sleep(20)
    world.is_away = False
    await asyncio.sleep(60)
    assert not world.ledger.tasks[task].losses
    world.caught_up = True
    await until(lambda: world.ledger.tasks[task].losses, 2)
    watching.cancel()


@virtual_time
async def test_outcomes_are_heard_again_after_the_bus_hung_up() -> None:
    class HangsUp(MemoryBus):
        """A bus whose consumers end after each message, as those of a broken connection do."""

        opened = 0

        @asynccontextmanager
        async def consume(self, queue: str, *, prefetch: int) -> AsyncIterator[Any]:
            self.opened += 1
            async with super().consume(queue, prefetch=prefetch) as deliveries:

                async def one() -> AsyncIterator[Any]:
                    yield await anext(deliveries)

                yield one()

    world, bus = Away(), HangsUp()
    consumer = OutcomeConsumer(bus, world.tasks)
    task = await world.claim()
    row = world.ledger.tasks[task]
    claim = Claim(
        task=task, run=row.run, tenant=row.tenant, step="only", agent="worker", attempt=1,
        token=row.token or new_id(), lease_s=10, timeout_s=10, input={},
    )  # fmt: skip
    await bus.publish(OUTCOMES, [outcome(claim, None).model_dump_json().encode()] * 3)
    running = asyncio.create_task(consumer.run())
    caught_up = consumer.catch_up()
    await until(lambda: consumer.done == 3, 60)
    assert caught_up()
    assert bus.opened >= 3
    assert world.ledger.tasks[task].status == "succeeded"
    running.cancel()
