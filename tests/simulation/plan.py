"""What one seed stands for: the cluster, the work, and all that goes wrong, drawn beforehand."""

from dataclasses import dataclass
from random import Random

from sutazai_contracts.workflows import RetryPolicy, Step, Workflow

RETRY = RetryPolicy(attempts=20, base_s=0.5, cap_s=4)
AGENTS = ("alpha", "beta")


def _step(id: str, agent: str, *needs: str) -> Step:
    input = {"step": id, "goal": "$run.goal", "heard": [f"$steps.{need}.said" for need in needs]}
    return Step(id=id, agent=agent, needs=needs, input=input, retry=RETRY, timeout_s=120)


SINGLE = Workflow(
    name="single", description="One step.", steps=(_step("only", "alpha"),), result="$steps.only"
)
CHAIN = Workflow(
    name="chain",
    description="Three steps, one after the other.",
    steps=(
        _step("first", "alpha"),
        _step("second", "beta", "first"),
        _step("third", "alpha", "second"),
    ),
    result="$steps.third",
)
FORK = Workflow(
    name="fork",
    description="Three steps side by side, and one that needs all.",
    steps=(
        _step("left", "alpha"),
        _step("middle", "beta"),
        _step("right", "alpha"),
        _step("join", "beta", "left", "middle", "right"),
    ),
    result="$steps.join",
)
WORKFLOWS = {workflow.name: workflow for workflow in (SINGLE, CHAIN, FORK)}


@dataclass(frozen=True)
class Goal:
    """A run that is submitted at some time, and maybe cancelled later, and then retried."""

    name: str
    workflow: str
    at: float
    cancel_after: float | None

    @property
    def retry_after(self) -> float:
        """Give how long after the cancel; of it, so that nothing else is drawn otherwise."""
        return (self.cancel_after or 0.0) * 7 % 3


@dataclass(frozen=True)
class Crash:
    """A process killed before its n-th step from its start, and started again later."""

    process: str
    step: int
    down_s: float


@dataclass(frozen=True)
class Pause:
    """A process, or the database, that does nothing for a while."""

    process: str
    at: float
    for_s: float


@dataclass(frozen=True)
class Rates:
    """How likely each fault is, for each call or message."""

    fail_before: float = 0.0  # a statement of the database, before its effect
    fail_after: float = 0.0  # a commit, after its effect
    slow: float = 0.0  # a statement, which then takes up to two seconds
    call_lost: float = 0.0  # a worker's call of core does not arrive
    reply_lost: float = 0.0  # … or its answer does not
    refused: float = 0.0  # a publish, nothing taken
    unconfirmed: float = 0.0  # a publish, taken
    dropped: float = 0.0  # a message that was confirmed
    doubled: float = 0.0
    delayed: float = 0.0
    hang_up: float = 0.0  # a consumer loses its connection with this message in hand


CALM = Rates()


@dataclass(frozen=True)
class Plan:
    """One simulation. `embedded`: core, bus and agents are one process."""

    seed: int
    embedded: bool
    workers: int
    slots: int
    lease_s: float
    chaos_s: float
    goals: tuple[Goal, ...]
    crashes: tuple[Crash, ...]
    pauses: tuple[Pause, ...]
    jumps: tuple[tuple[float, float], ...]  # at, by how many hours the application's clock is off
    rates: Rates

    def describe(self) -> str:
        """Say in one line what goes wrong."""
        profile = "embedded" if self.embedded else f"stack with {self.workers} workers an agent"
        return (
            f"seed {self.seed}: {profile}, lease {self.lease_s:g} s, {len(self.goals)} runs, "
            f"{len(self.crashes)} crashes, {len(self.pauses)} pauses, {len(self.jumps)} jumps, "
            f"{', '.join(name for name, rate in vars(self.rates).items() if rate) or 'no loss'}"
        )


def draw(seed: int) -> Plan:
    """Draw a plan; the same for the same seed."""
    random = Random(seed)
    embedded = random.random() < 0.3
    workers = random.choice((1, 2, 2, 3))
    lease_s = random.choice((2.0, 3.0, 5.0))
    chaos_s = random.uniform(10, 25)
    names = _processes(embedded, workers)
    return Plan(
        seed=seed,
        embedded=embedded,
        workers=workers,
        slots=random.choice((1, 2, 4)),
        lease_s=lease_s,
        chaos_s=chaos_s,
        goals=tuple(_goal(random, number) for number in range(random.randint(2, 5))),
        crashes=tuple(_crash(random, names) for _ in range(random.choice((0, 1, 2, 3)))),
        pauses=tuple(
            _pause(random, [*names, "database"], chaos_s, lease_s)
            for _ in range(random.choice((0, 1, 2, 4)))
        ),
        jumps=tuple(
            (random.uniform(0, chaos_s), random.uniform(-48, 48))
            for _ in range(random.choice((0, 0, 1, 2)))
        ),
        rates=_rates(random),
    )


def _processes(embedded: bool, workers: int) -> list[str]:
    """Name the processes; core as often as all others, since it has the most to lose."""
    if embedded:
        return ["core"]
    others = [f"{agent}-{number}" for agent in AGENTS for number in range(workers)]
    return ["core"] * len(others) + others


def _goal(random: Random, number: int) -> Goal:
    cancelled = random.random() < 0.15
    return Goal(
        name=f"goal-{number}",
        workflow=random.choice(tuple(WORKFLOWS)),
        at=random.uniform(0, 4),
        cancel_after=random.uniform(0, 8) if cancelled else None,
    )


def _crash(random: Random, names: list[str]) -> Crash:
    process = random.choice(names)
    # A worker takes fewer steps than core in the same time.
    steps = 1500 if process == "core" else 300
    return Crash(process, 1 + int(steps * random.random() ** 1.5), random.uniform(0.1, 6))


def _pause(random: Random, names: list[str], chaos_s: float, lease_s: float) -> Pause:
    # About as long as a lease is where it hurts most.
    for_s = random.choice((lease_s * random.uniform(0.8, 1.4), random.uniform(0.2, 12)))
    return Pause(random.choice(names), random.uniform(0.2, chaos_s * 0.6), for_s)


def _rates(random: Random) -> Rates:
    drawn = {name: _rate(random) for name in vars(CALM)}
    # Decisions over what has changed meanwhile need statements that take their time.
    return Rates(**drawn | {"slow": random.choice((0.0, 0.0, 0.05, 0.3))})


def _rate(random: Random) -> float:
    return random.choice((0.0, 0.0, 0.0, 0.02, 0.1))
