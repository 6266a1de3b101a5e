"""Rounds of work with a blow in the middle of each, and the check of all of them at the end."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import psutil
import psycopg

from tests.faults.checker import effect_problems, record_problems, store_problems
from tests.faults.facts import Records, read_effects, read_records, read_stores
from tests.faults.load import Load
from tests.support.platform import LivePlatform, live_platform

PLUGIN = Path(__file__).parent / "plugin"
POLL_S = 0.01
# A blow falls no sooner than this, so that what is unfinished is more than what is asked for.
SPARE = 5

# Ends the platform, or a part of it that comes back, and gives the wall-clock time of it.
Blow = Callable[[LivePlatform], float]


@dataclass(frozen=True)
class Round:
    """How much is submitted, and how much of it is at least unfinished when the blow falls."""

    answers: int
    effects: int
    uploads: int
    unfinished_runs: int
    unfinished: int
    latest: int = 30
    timeout_s: float = 120.0


@dataclass(frozen=True)
class Checked:
    """What the records hold at the end, and everything that is wrong with them or the stores."""

    records: Records
    problems: list[str]

    @property
    def tried_again(self) -> int:
        """Count the tasks that took more than one attempt."""
        return sum(task.attempt > 1 for task in self.records.tasks)

    @property
    def lost(self) -> int:
        """Count the claims that were taken back because nobody answered for them."""
        return sum(task.losses for task in self.records.tasks)


@dataclass
class Trial:
    """A platform under work and blows."""

    platform: LivePlatform
    load: Load
    effects_path: Path

    async def round(self, round: Round, blow: Blow) -> None:
        """Submit, strike at a random moment, start again at once, wait until all has ended."""
        random = self.load.random
        pieces = self.load.pieces(round.answers, round.effects, round.uploads)
        before = count_runs(self.platform, "finished_at IS NOT NULL")
        finished = random.randint(1, round.latest)
        async with self.platform.async_client() as client:
            submitting = asyncio.create_task(self.load.submit(client, pieces))
            await _moment(self.platform, before + finished, round, submitting)
            # In a thread: clients go on meanwhile.
            struck_at = await asyncio.to_thread(blow, self.platform)
            if self.platform.process is None:
                self.platform.launch()
            await asyncio.to_thread(self.platform.wait_ready)
            await submitting
        await all_ended(self.platform, len(self.load.submitted.all_runs), round.timeout_s)
        runs, all_runs = _unfinished_at(self.platform, struck_at)
        print(f"struck after {finished} of {len(pieces)}: {runs} runs, {all_runs} with uploads")
        assert runs >= round.unfinished_runs, f"only {runs} runs were unfinished"
        assert all_runs >= round.unfinished, f"only {all_runs} were unfinished"

    async def check(self) -> Checked:
        """Post everything again, then look for what was lost or doubled; stops the platform."""
        await self.check_replays()
        await asyncio.to_thread(self.wait_settled)
        problems = self.process_problems()
        with self.platform.postgres() as connection:
            records = read_records(connection)
        assert await asyncio.to_thread(self.platform.stop) == 0
        stores = await read_stores(self.platform.home, records)
        effects = read_effects(self.effects_path)
        submitted = self.load.submitted
        problems += record_problems(records, submitted)
        problems += store_problems(records, stores)
        problems += effect_problems(effects, submitted.effects)
        return Checked(records, problems)

    async def check_replays(self) -> None:
        """Post everything again: each piece has the run it had."""
        submitted = self.load.submitted
        runs = {**submitted.runs, **submitted.uploads}
        async with self.platform.async_client() as client:
            for piece in self.load.sent:
                assert await self.load.post(client, piece) == runs[piece.name], piece.name

    def wait_settled(self, timeout_s: float = 60.0) -> None:
        """Wait until no wake-up is left to send and nothing is left to sweep."""
        deadline = time.monotonic() + timeout_s
        with self.platform.postgres() as connection:
            statement = "SELECT EXISTS (SELECT FROM outbox) OR EXISTS (SELECT FROM leftovers)"
            while _one(connection, statement):
                assert time.monotonic() < deadline, "wake-ups or leftovers stay"
                time.sleep(POLL_S)

    def process_problems(self) -> list[str]:
        """Find processes that should not be: a second server or embedder, a zombie."""
        problems: list[str] = []
        mine = self.platform.processes()
        kinds = {"core": 0, "embedder": 0, "postmaster": 0}
        for process in mine:
            with suppress(psutil.NoSuchProcess):
                line = process.cmdline()
                kinds["core"] += "run" in line
                kinds["embedder"] += "sutazai.entrypoints.embedder" in line
                kinds["postmaster"] += "-D" in line
        if set(kinds.values()) != {1}:
            problems.append(f"these processes run: {kinds}")
        assert self.platform.process is not None
        for child in psutil.Process(self.platform.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if child.status() == psutil.STATUS_ZOMBIE:
                    problems.append(f"the process {child.pid} is a zombie")
        return problems


@contextmanager
def trial(models: Path, seed: int, **environment: str) -> Iterator[Trial]:
    """Open a platform with the agent `effects`, started and ready."""
    print(f"seed {seed}")
    with live_platform(models, PYTHONPATH=str(PLUGIN), **environment) as platform:
        effects_path = platform.root / "effects.jsonl"
        platform.environment["EFFECTS_FILE"] = str(effects_path)
        platform.start()
        yield Trial(platform, Load(Random(seed)), effects_path)


def kill(platform: LivePlatform) -> float:
    """Kill the whole process group; PostgreSQL lives on, in a session of its own."""
    return platform.kill()


def kill_all(platform: LivePlatform) -> float:
    """Kill the process group, PostgreSQL with all its processes, and the embedder."""
    others = [one for one in platform.processes() if one.pid != getattr(platform.process, "pid", 0)]
    struck_at = platform.kill()
    for process in others:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    return struck_at


def kill_children(platform: LivePlatform) -> float:
    """Kill PostgreSQL and the embedder alone: the platform lives and starts them again."""
    for process in platform.processes():
        with suppress(psutil.NoSuchProcess):
            if {"-D", "sutazai.entrypoints.embedder"} & set(process.cmdline()):
                process.send_signal(signal.SIGKILL)
    return time.time()


def terminate(platform: LivePlatform) -> float:
    """SIGTERM: everything is gone within 20 s, and the exit is an orderly one."""
    struck_at = platform.terminate()
    assert platform.wait_gone() == 0
    return struck_at


async def strike_often(trial: Trial, round: Round, blows: Sequence[Blow]) -> Checked:
    """Run a round for each blow, then check all that was done."""
    for blow in blows:
        await trial.round(round, blow)
    checked = await trial.check()
    print(
        f"{checked.tried_again} tasks were tried again, {checked.lost} claims were lost, "
        f"{trial.load.repeated} requests were sent again"
    )
    return checked


async def _moment(
    platform: LivePlatform, finished: int, round: Round, submitting: asyncio.Task[None]
) -> None:
    """Wait until so many runs have finished and enough of those taken in have not."""
    deadline = time.monotonic() + round.timeout_s
    with platform.postgres() as connection:
        while True:
            statement = (
                "SELECT count(*) FILTER (WHERE finished_at IS NOT NULL) >= %s"
                " AND count(*) FILTER (WHERE finished_at IS NULL AND workflow <> 'index') >= %s"
                " FROM runs"
            )
            if _one(connection, statement, finished, round.unfinished_runs + SPARE):
                return
            if submitting.done():
                submitting.result()
            assert time.monotonic() < deadline, "the moment for a blow did not come"
            await asyncio.sleep(POLL_S)


async def all_ended(platform: LivePlatform, submitted: int, timeout_s: float = 120.0) -> None:
    """Wait until so many runs have ended."""
    deadline = time.monotonic() + timeout_s
    while (ended := count_runs(platform, "finished_at IS NOT NULL")) < submitted:
        assert time.monotonic() < deadline, f"{ended} of {submitted} runs ended in {timeout_s} s"
        await asyncio.sleep(POLL_S * 10)


def _unfinished_at(platform: LivePlatform, moment: float) -> tuple[int, int]:
    """Count runs that had been taken in and had not ended then: without and with indexing ones."""
    taken_in = f"created_at <= to_timestamp({moment}) AND finished_at > to_timestamp({moment})"
    return (
        count_runs(platform, f"{taken_in} AND workflow <> 'index'"),
        count_runs(platform, taken_in),
    )


def count_runs(platform: LivePlatform, condition: str, within_s: float = 30.0) -> int:
    """Count the runs of which something is so; PostgreSQL may be away for a while."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            with platform.postgres() as connection:
                count = _one(connection, f"SELECT count(*) FROM runs WHERE {condition}")
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, f"PostgreSQL was away for {within_s} s"
            time.sleep(POLL_S)
            continue
        assert isinstance(count, int)
        return count


def _one(
    connection: "psycopg.Connection[tuple[object, ...]]", statement: str, *of: object
) -> object:
    row = connection.execute(statement, of or None).fetchone()
    assert row is not None
    return row[0]
