"""Random kills in the middle of hundreds of tasks, round after round, and the check at the end.

    python -m tests.faults.soak --rounds 20 [--seed N]

Each round: 500 tasks of the agent `effects` and a few documents, a random part of the platform
killed while at least 100 runs are unfinished, everything waited for. The victims of a soak are
drawn from its seed, each as often as the others, and a round is a line of the output.
"""

import argparse
import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import psutil

from sutazai.bootstrap.processes.postmaster import find_running
from tests.faults.rounds import Blow, Checked, Round, kill, trial
from tests.support.platform import LivePlatform
from tests.support.programs import eventually

# 3 tasks a run: 501 tasks. What is unfinished is asserted, in runs, which have 1 to 3 tasks left.
SOAK = Round(answers=0, effects=167, uploads=4, unfinished_runs=100, unfinished=100, latest=50)
LEASE_S = 3


def kill_embedder(platform: LivePlatform) -> float:
    """Kill the embedder."""
    return _killed(lambda: _of_module(platform, "sutazai.entrypoints.embedder"))


def kill_postmaster(platform: LivePlatform) -> float:
    """Kill PostgreSQL's first process; its others notice."""
    return _killed(lambda: [_postmaster(platform)])


def kill_backend(platform: LivePlatform) -> float:
    """Kill a session's process: PostgreSQL ends all others and recovers."""

    def sessions() -> list[psutil.Process]:
        with platform.postgres() as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE usename LIKE 'sutazai%'"
                " AND backend_type = 'client backend'"
            ).fetchall()
        return [psutil.Process(row[0]) for row in rows[:1]]

    return _killed(sessions)


def kill_parsers(platform: LivePlatform) -> float:
    """Kill the parsers of documents, once there are any."""
    return _killed(lambda: _of_module(platform, "sutazai_agents.documents"))


VICTIMS: tuple[Blow, ...] = (kill, kill_embedder, kill_postmaster, kill_backend, kill_parsers)


def draw(random: Random, rounds: int) -> list[Blow]:
    """Draw the victims of so many rounds: each as often as the others, in a random order."""
    drawn: list[Blow] = []
    while len(drawn) < rounds:
        drawn += random.sample(VICTIMS, len(VICTIMS))
    return drawn[:rounds]


def _of_module(platform: LivePlatform, module: str) -> list[psutil.Process]:
    assert platform.process is not None
    found = []
    for child in psutil.Process(platform.process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if module in child.cmdline():
                found.append(child)
    return found


def _postmaster(platform: LivePlatform) -> psutil.Process:
    found = find_running(platform.home / "postgres").postmaster
    assert found is not None
    return found


def _killed(find: Callable[[], Sequence[psutil.Process]]) -> float:
    """Kill what is found, once something is; gives when."""
    killed: list[int] = []

    def strike() -> bool:
        for process in find():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
                killed.append(process.pid)
        return bool(killed)

    eventually(strike, "there is a process to kill")
    return time.time()


@dataclass(frozen=True)
class Soaked:
    """What a soak came to."""

    checked: Checked
    tasks: int
    seconds: float
    victims: tuple[str, ...]

    def summary(self) -> str:
        """Tell it in a line."""
        checked = self.checked
        return (
            f"{len(self.victims)} rounds, {self.tasks} tasks in {self.seconds:.0f} s: "
            f"{checked.tried_again} tried again, {checked.lost} claims lost, "
            f"{len(checked.problems)} findings"
        )


async def soak(models: Path, seed: int, rounds: int) -> Soaked:
    """Run so many rounds on one home, then check all that was done."""
    begun = time.monotonic()
    quick = {"EFFECTS_PAUSE_S": "0.01", "SUTAZAI_LEDGER_LEASE_S": str(LEASE_S)}
    with trial(models, seed, **quick) as tried:
        blows = draw(tried.load.random, rounds)
        for number, blow in enumerate(blows, 1):
            at = time.monotonic()
            await tried.round(SOAK, blow)
            took = time.monotonic() - at
            print(f"round {number}: {blow.__name__}, {took:.1f} s", flush=True)
        checked = await tried.check()
    seconds = time.monotonic() - begun
    names = tuple(blow.__name__ for blow in blows)
    return Soaked(checked, len(checked.records.tasks), seconds, names)


def main() -> int:
    """Soak, and tell what was found."""
    parser = argparse.ArgumentParser(description="kill parts of the platform under work")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument(
        "--models", type=Path, default=Path.home() / ".cache" / "sutazai" / "models"
    )
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else Random().randrange(1_000_000)
    soaked = asyncio.run(soak(given.models, seed, given.rounds))
    print(soaked.summary())
    for problem in soaked.checked.problems:
        print(problem)
    return 1 if soaked.checked.problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
