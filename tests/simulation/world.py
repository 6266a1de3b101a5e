"""One simulation: the real core and the real runners, over records and wires that fail as drawn."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from loguru import logger

from sutazai.core.runs.feed import EventFeed
from sutazai.core.runs.model import RunStatus, TaskStatus
from sutazai.core.runs.retrying import Earlier, Retries
from sutazai.core.runs.service import NewRun, Runs
from sutazai.core.tasks.outcomes import OutcomeConsumer
from sutazai.core.tasks.reaper import Reaper
from sutazai.core.tasks.relay import Relay
from sutazai.core.tasks.service import Tasks
from sutazai.records.retries import SqlRetries
from sutazai.records.runs import SqlRuns
from sutazai_contracts.errors import Unavailable
from sutazai_contracts.knowledge import Chunk
from sutazai_kit.runner import Runner, RunnerSettings
from tests.simulation.auditor import Auditor
from tests.simulation.identity import ApplicationClock, drawn_identity
from tests.simulation.ledger import TwinLedger
from tests.simulation.loop import PROCESS, Process, SimLoop
from tests.simulation.plan import AGENTS, WORKFLOWS, Crash, Goal, Pause, Plan, draw
from tests.simulation.trace import Trace, short
from tests.simulation.transport import Broker, BusClient, Calls, Weather
from tests.simulation.verdict import end_problems
from tests.simulation.workers import Behaviours, Effects, make_agent

TENANT = UUID("01900000-0000-7000-8000-000000000001")
# Once nothing goes wrong any more, everything has to end within this.
END_S = 400.0
# … and a ready task that an idle worker could take waits no longer than this: a lost wake-up is
# repeated after 2 s, and after at most 30 s where the agent was woken in vain before.
STARVED_S = 45.0


@dataclass
class Result:
    """What became of a simulation."""

    plan: Plan
    problems: list[str]
    trace: Trace
    steps: dict[str, int]
    virtual_s: float
    attempts: int
    effects: int
    losses: int
    left_out: int

    @property
    def replay(self) -> str:
        """Give the command that does the same again, and shows it."""
        return f"python -m tests.simulation --seed {self.plan.seed} --trace"


@dataclass
class Core:
    """The services of one life of core."""

    process: Process
    tasks: Tasks
    relay: Relay


@dataclass
class World:
    """Everything there is."""

    plan: Plan
    loop: SimLoop
    trace: Trace
    clock: ApplicationClock
    random: Random
    end_s: float = END_S
    processes: dict[str, Process] = field(default_factory=dict)
    lives: dict[str, int] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    runners: dict[str, list[Runner]] = field(default_factory=dict)
    accepted: dict[str, UUID] = field(default_factory=dict)
    # Goals of which the client wants nothing more.
    settled: int = 0
    core: Core | None = None
    is_calm: bool = False

    def __post_init__(self) -> None:
        self.over = asyncio.Event()
        self.auditor = Auditor(self.now, self.plan.lease_s, self.trace, on_problem=self.over.set)
        self.weather = Weather(self.random, self.plan.rates, self.trace)
        self.ledger = TwinLedger(
            self.now, self.weather.database, self.auditor, lambda: PROCESS.get()
        )
        self.effects = Effects(self.trace)
        self.behaviours = Behaviours(self.plan.seed, self.effects, self.weather)
        self.crashes = {
            name: [crash for crash in self.plan.crashes if crash.process == name]
            for name in {crash.process for crash in self.plan.crashes}
        }
        self.broker = self._broker()

    def now(self) -> datetime:
        """Give the database's time, which nobody sets."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.loop.now)

    # -- processes ------------------------------------------------------------------------------

    def start_all(self) -> None:
        """Start every process."""
        self._start("core", self._open_core)
        if not self.plan.embedded:
            for agent in AGENTS:
                for number in range(self.plan.workers):
                    self._start_worker(agent, f"{agent}-{number}")

    def _broker(self) -> Broker:
        process = Process(self.loop, "broker")
        process.on_bug = self.auditor.found
        return Broker(process, self.weather, self.trace)

    def _start(self, name: str, open: Callable[[Process], None]) -> None:
        """Start a process; where it is killed, start it again after the time that was drawn."""
        process = Process(self.loop, name)
        process.on_bug = self.auditor.found
        self.processes[name] = process
        self.lives[name] = self.lives.get(name, 0) + 1
        crashes = self.crashes.get(name, [])
        crash = crashes.pop(0) if crashes and not self.is_calm else None
        if crash is not None:
            process.kill_at = crash.step
        process.on_death.append(lambda: self._died(process, crash, open))
        self.trace("world", "start", name)
        open(process)

    def _died(self, process: Process, crash: Crash | None, open: Callable[[Process], None]) -> None:
        self.trace("world", "killed", process.name, "before step", process.steps)
        self.steps[process.name] = max(process.steps, self.steps.get(process.name, 0))
        self.ledger.abort(process)
        if process.name == "core":
            self.core = None
            if self.plan.embedded:
                self.broker = self._broker()
        down_s = crash.down_s if crash is not None and not self.is_calm else 0.1
        self.loop.call_later(down_s, self._start, process.name, open)

    def _open_core(self, process: Process) -> None:
        bus = self.broker.connect(process, self.auditor)
        relay = Relay(self.ledger, bus)
        tasks = Tasks(
            self.ledger,
            _no_chunks,
            lease_s=self.plan.lease_s,
            on_wake_ups=relay.tell,
            random=self.random.random,
        )
        outcomes = OutcomeConsumer(bus, tasks)
        # Where core is alone, no earlier worker lives, and every lease is ended at once.
        wait_s = 0.0 if self.plan.embedded else self.plan.lease_s
        clock = self.loop.time
        reaper = Reaper(tasks, relay, wait_s=wait_s, clock=clock, catch_up=outcomes.catch_up)
        process.spawn(self._core(Core(process, tasks, relay), outcomes, reaper, bus), "core")

    async def _core(
        self, core: Core, outcomes: OutcomeConsumer, reaper: Reaper, bus: BusClient
    ) -> None:
        while self.plan.embedded:
            with suppress(Unavailable):
                await self.ledger.disown()
                break
            await asyncio.sleep(0.5)
        self.core = core
        core.process.spawn(core.relay.run(), "relay")
        core.process.spawn(reaper.run(), "reaper")
        core.process.spawn(outcomes.run(), "outcomes")
        if self.plan.embedded:
            for agent in AGENTS:
                self._run_agent(core.process, agent, bus)

    def _start_worker(self, agent: str, name: str) -> None:
        self._start(
            name,
            lambda process: self._run_agent(
                process, agent, self.broker.connect(process, self.auditor)
            ),
        )

    def _run_agent(self, process: Process, agent: str, bus: BusClient) -> None:
        calls = Calls(self._core_now, bus, self.weather, wired=not self.plan.embedded)
        made = make_agent(agent, self.plan.slots, self.behaviours)
        life = self.lives[process.name]
        runner = Runner(
            made,
            calls,
            bus,
            worker=f"{process.name}:{life}",
            settings=RunnerSettings(grace_s=1.0),
            random=Random(self.random.random()),
        )
        key = f"{process.name}/{agent}"
        self.runners[key] = [runner]
        process.spawn(runner.run(), f"runner {agent}")

    def _core_now(self) -> tuple[Process, Tasks] | None:
        return (self.core.process, self.core.tasks) if self.core else None

    # -- what happens ---------------------------------------------------------------------------

    async def live(self) -> None:
        """Let everything happen, then calm down, and wait until all has ended."""
        client = Process(self.loop, "client")
        client.on_bug = self.auditor.found
        self.start_all()
        for goal in self.plan.goals:
            client.spawn(self._submit(goal), "submit")
        for pause in self.plan.pauses:
            client.spawn(self._pause(pause), "pause")
        for at, hours in self.plan.jumps:
            client.spawn(self._jump(at, hours), "jump")
        client.spawn(self._end(), "end")
        await self.over.wait()

    async def _submit(self, goal: Goal) -> None:
        """Submit until it is accepted, always under one key; maybe cancel and retry it later."""
        runs = Runs(
            records=SqlRuns.__new__(SqlRuns),  # what `compose` needs not
            feed=EventFeed(SqlRuns.__new__(SqlRuns)),
            workflows=WORKFLOWS,
            agents=lambda: frozenset(AGENTS),
            random=self.random.random,
        )
        await asyncio.sleep(goal.at)
        while goal.name not in self.accepted:
            new = NewRun(goal.workflow, goal=goal.name, idempotency_key=goal.name)
            submission = runs.compose(TENANT, new)
            with suppress(Unavailable):
                self.accepted[goal.name] = await self.ledger.submit(submission)
                self.trace("client", "accepted", goal.name, short(self.accepted[goal.name]))
                if self.core is not None:
                    self.core.relay.tell(submission.changes.wake_ups)
            await asyncio.sleep(0.3)
        if goal.cancel_after is not None:
            await asyncio.sleep(goal.cancel_after)
            with suppress(Unavailable):
                await self.ledger.cancel(self.accepted[goal.name], "changed my mind")
            await asyncio.sleep(goal.retry_after)
            await self._retry(goal.name, runs)
        self.settled += 1

    async def _retry(self, goal: str, runs: Runs) -> None:
        """Take up what was cancelled, always under the same key."""
        earlier, again = self.ledger.runs[self.accepted[goal]], f"{goal} again"
        if earlier.status is not RunStatus.CANCELLED:
            return
        tasks = (self.ledger.tasks[task] for task in self.ledger.tasks_of[earlier.id])
        done = [task for task in tasks if task.status is TaskStatus.SUCCEEDED]
        retries = Retries(SqlRetries.__new__(SqlRetries), runs)
        while again not in self.accepted:
            submission = retries.compose(Earlier(earlier, done), again)
            with suppress(Unavailable):
                self.accepted[again] = await self.ledger.submit(submission)
                self.trace("client", "retried", again, short(self.accepted[again]), len(done))
                if self.core is not None:
                    self.core.relay.tell(submission.changes.wake_ups)
            await asyncio.sleep(0.3)

    async def _pause(self, pause: Pause) -> None:
        await asyncio.sleep(pause.at)
        if self.is_calm:
            return
        self.trace("world", "pause", pause.process, f"{pause.for_s:.3f}")
        if pause.process == "database":
            self.weather.database_away_until = self.loop.now + pause.for_s
            return
        process = self.processes[pause.process]
        process.stop()
        await asyncio.sleep(pause.for_s)
        self.trace("world", "go on", pause.process)
        process.go_on()

    async def _jump(self, at: float, hours: float) -> None:
        await asyncio.sleep(at)
        self.trace("world", "jump", f"{hours:.2f}")
        self.clock.off_s += hours * 3600

    async def _end(self) -> None:
        """Wait for the end of all runs; calm down on the way, and give up in the end."""
        idle: dict[UUID, int] = {}
        end_at = self.loop.now + self.plan.chaos_s + self.end_s
        while not self._all_ended():
            await asyncio.sleep(1.0)
            if self.loop.now >= end_at - self.end_s and not self.is_calm:
                self._calm()
            if self.is_calm:
                self._look_for_starved(idle, end_at - self.end_s)
            if self.loop.now > end_at:
                self.auditor.found(f"not ended {self.end_s:.0f} s after all was well again")
                return
        self._calm()
        # What is left in the outbox and of leases has its time to go.
        await asyncio.sleep(5.0)
        self.over.set()

    def _all_ended(self) -> bool:
        if self.settled < len(self.plan.goals):
            return False
        return all(self.ledger.runs[run].status.ended for run in self.accepted.values())

    def _calm(self) -> None:
        self.trace("world", "calm")
        self.is_calm = True
        self.weather.calm()
        for process in self.processes.values():
            process.kill_at = None
            process.go_on()

    def _look_for_starved(self, idle: dict[UUID, int], since: float) -> None:
        """Find tasks that are ready for long, with a slot free for 3 s."""
        base = self.now() - timedelta(seconds=STARVED_S)
        for task in self.ledger.tasks.values():
            old = task.available_at < base and self.loop.now > since + STARVED_S
            if task.status is not TaskStatus.READY or not old or not self._slot_free(task.agent):
                idle.pop(task.id, None)
                continue
            idle[task.id] = idle.get(task.id, 0) + 1
            if idle[task.id] == 3:
                self.auditor.found(
                    f"task {short(task.id)} starves: ready since {task.available_at}"
                )

    def _slot_free(self, agent: str) -> bool:
        states = [r.state() for rs in self.runners.values() for r in rs]
        return any(s.name == agent and s.busy < s.slots for s in states)

    def result(self) -> Result:
        """Judge what is there in the end."""
        problems = self.auditor.problems or end_problems(
            self.ledger, self.accepted, self.behaviours, self.auditor, self.now()
        )
        for name, process in self.processes.items():
            self.steps[name] = max(process.steps, self.steps.get(name, 0))
        return Result(
            plan=self.plan,
            problems=problems,
            trace=self.trace,
            steps=self.steps,
            virtual_s=self.loop.now - 1000,
            attempts=sum(task.attempt for task in self.ledger.tasks.values()),
            effects=len(self.effects.calls),
            losses=sum(self.auditor.losses.values()),
            left_out=self.ledger.left_out,
        )


def simulate(plan: Plan | int, *, keep_trace: bool = False, end_s: float = END_S) -> Result:
    """Run one simulation to its end; the same plan gives the same trace."""
    if isinstance(plan, int):
        plan = draw(plan)
    random = Random(plan.seed)
    loop = SimLoop()
    loop.set_exception_handler(lambda loop, context: None)
    clock = ApplicationClock(loop)
    trace = Trace(keep=keep_trace)
    logger.disable("sutazai")
    logger.disable("sutazai_kit")
    try:
        with drawn_identity(random, clock):
            root = Process(loop, "root")
            world = root.run(_world(plan, loop, trace, clock, random, end_s))
            return world.result()
    finally:
        logger.enable("sutazai")
        logger.enable("sutazai_kit")
        loop.dispose()


async def _world(
    plan: Plan, loop: SimLoop, trace: Trace, clock: ApplicationClock, random: Random, end_s: float
) -> World:
    world = World(plan, loop, trace, clock, random, end_s)
    await world.live()
    return world


async def _no_chunks(tenant: UUID, output: object) -> list[Chunk]:
    return []
