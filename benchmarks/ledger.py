"""The ledger on the embedded PostgreSQL, with fsync as users have it: latency, rate, CPU.

The path is the product's own: submit → outbox → relay → bus → runner → claim → outcome → applied,
all in one process, PostgreSQL beside it. CPU is that of this process and of PostgreSQL's.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import asyncpg
import psutil
from pydantic import BaseModel

from sutazai.adapters.ledger.inprocess import InProcessLedger
from sutazai.bootstrap.background import background
from sutazai.bootstrap.processes.postgres import open_postgres
from sutazai.bootstrap.secrets import role_passwords
from sutazai.core.runs.feed import EventFeed
from sutazai.core.runs.service import NewRun, Runs
from sutazai.core.tasks.outcomes import OutcomeConsumer
from sutazai.core.tasks.relay import Relay
from sutazai.core.tasks.service import Tasks
from sutazai.records.database import open_database
from sutazai.records.ledger import SqlLedger
from sutazai.records.migrate import migrate
from sutazai.records.roles import LOGIN_ROLES, DatabaseUrls, prepare_database
from sutazai.records.runs import SqlRuns
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.knowledge import Chunk
from sutazai_contracts.tasks import Outcome
from sutazai_contracts.workflows import Step, Workflow
from sutazai_kit import Agent, AgentContext
from sutazai_kit.bus.memory import MemoryBus
from sutazai_kit.runner import Runner

ONE_AT_A_TIME = 300
TASKS = 1000
SUBMITTERS = 32
NOOP = Workflow(
    name="noop",
    description="One task that does nothing.",
    steps=(Step(id="only", agent="noop"),),
    result="$steps.only",
)


class Nothing(BaseModel):
    """Hold nothing."""


@dataclass
class Bench:
    """The ledger under measurement."""

    runs: Runs
    tenant: UUID
    postmaster: psutil.Process
    started: dict[UUID, float] = field(default_factory=dict)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    finished: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)
    wanted: int = 0

    async def submit(self) -> UUID:
        """Start a run, as the API does."""
        run = await self.runs.start(self.tenant, NewRun("noop", goal="nothing"))
        return run.id

    def applied(self, outcome: Outcome) -> None:
        """Count an outcome that was applied."""
        self.finished += 1
        if self.finished >= self.wanted:
            self.done.set()

    def cpu_s(self) -> float:
        """Give the CPU seconds of this process and PostgreSQL's, those that ended included."""
        own = psutil.Process().cpu_times()
        total = own.user + own.system
        for process in (self.postmaster, *self.postmaster.children(recursive=True)):
            times = process.cpu_times()
            total += times.user + times.system
        return total


async def _no_chunks(tenant: UUID, output: object) -> list[Chunk]:
    return []


async def _new_tenant(urls: DatabaseUrls) -> UUID:
    tenant = new_id()
    connection = await asyncpg.connect(urls.owner)
    await connection.execute("INSERT INTO tenants (id, name) VALUES ($1, 'bench')", tenant)
    await connection.close()
    return tenant


@asynccontextmanager
async def _open(home: Path) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            open_postgres(home / "postgres", home / "run", home / "logs" / "postgres.log")
        )
        passwords = role_passwords(home / "secrets", LOGIN_ROLES)
        urls = await asyncio.to_thread(prepare_database, server.admin_dsn, passwords)
        await asyncio.to_thread(migrate, urls.owner)
        database = await stack.enter_async_context(open_database(urls))
        ledger, records, bus = SqlLedger(database), SqlRuns(database), MemoryBus()
        feed, relay = EventFeed(records), Relay(SqlLedger(database), bus)
        tasks = Tasks(ledger, _no_chunks, on_events=feed.hand, on_wake_ups=relay.tell)
        runs = Runs(records, feed, {"noop": NOOP}, lambda: frozenset({"noop"}), relay.tell)
        bench = Bench(runs, await _new_tenant(urls), psutil.Process(server.pid))
        tasks.on_outcome = bench.applied
        agent = Agent("noop", description="Does nothing.", version="1", slots=32)

        @agent.handler
        async def nothing(task: Nothing, ctx: AgentContext) -> Nothing:
            bench.started[ctx.run] = time.perf_counter()
            bench.begun.set()
            return task

        await stack.enter_async_context(
            background(relay=relay.run(), outcomes=OutcomeConsumer(bus, tasks).run())
        )
        await stack.enter_async_context(Runner(agent, InProcessLedger(tasks), bus, worker="bench"))
        yield bench


async def _latencies(bench: Bench) -> list[float]:
    """Submit one after the other; give the times from submitting to the agent's first line, ms."""
    taken: list[float] = []
    for _ in range(ONE_AT_A_TIME):
        bench.begun.clear()
        asked = time.perf_counter()
        run = await bench.submit()
        while run not in bench.started:
            await bench.begun.wait()
            bench.begun.clear()
        taken.append((bench.started[run] - asked) * 1000)
    return taken


async def _throughput(bench: Bench) -> tuple[float, float]:
    """Submit many at once; give tasks per second to the last applied outcome, and CPU ms a task."""
    bench.finished, bench.wanted = 0, TASKS
    bench.done.clear()
    cpu, begun = bench.cpu_s(), time.perf_counter()
    gate = asyncio.Semaphore(SUBMITTERS)

    async def one() -> None:
        async with gate:
            await bench.submit()

    await asyncio.gather(*(one() for _ in range(TASKS)))
    await bench.done.wait()
    return TASKS / (time.perf_counter() - begun), (bench.cpu_s() - cpu) * 1000 / TASKS


async def _measure(rounds: int) -> dict[str, float]:
    with TemporaryDirectory(prefix="sutazai-bench-") as folder:
        async with _open(Path(folder)) as bench:
            latencies: list[list[float]] = []
            rates: list[float] = []
            costs: list[float] = []
            await _throughput(bench)  # warms plans and caches
            for _ in range(rounds):
                latencies.append(sorted(await _latencies(bench)))
                rate, cost = await _throughput(bench)
                rates.append(rate)
                costs.append(cost)
    middle = [statistics.median(taken) for taken in latencies]
    tail = [taken[int(len(taken) * 0.99) - 1] for taken in latencies]
    return {
        "submit_to_start_p50_ms": statistics.median(middle),
        "submit_to_start_p99_ms": statistics.median(tail),
        "noop_tasks_per_s": statistics.median(rates),
        "cpu_ms_per_task": statistics.median(costs),
    }


def measure(rounds: int = 5) -> dict[str, float]:
    """Measure; medians over the rounds."""
    return asyncio.run(_measure(rounds))
