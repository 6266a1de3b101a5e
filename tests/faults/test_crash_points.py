"""The platform is killed at each labelled point of the path, under work, and started at once.

`make test-faults` runs these. The seed of a run is printed; `SUTAZAI_TEST_SEED` gives it again.
`docs/howto/break-it.md` tells how to do one of them by hand.
"""

import asyncio
import json
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from tests.faults.checker import effect_problems, record_problems
from tests.faults.facts import read_effects, read_records
from tests.faults.load import Load
from tests.faults.points import GROUPS, POINTS, CrashPoint
from tests.faults.rounds import PLUGIN, Trial, all_ended, count_runs
from tests.faults.test_kill import seed
from tests.support.platform import LivePlatform, live_platform
from tests.support.programs import REPOSITORY

pytestmark = pytest.mark.faults

ANSWERS, EFFECTS, UPLOADS, SCRAPS = 1, 12, 3, 2
SPRINGS_S = 60.0


@contextmanager
def trapped(models: Path, seed: int) -> Iterator[tuple[Trial, Path]]:
    """Open a platform that dies at the point which the file names."""
    print(f"seed {seed}")
    path = f"{REPOSITORY}:{PLUGIN}"
    with live_platform(models, PYTHONPATH=path, EFFECTS_PAUSE_S="0.02") as platform:
        effects, armed = platform.root / "effects.jsonl", platform.root / "armed"
        platform.environment["EFFECTS_FILE"] = str(effects)
        platform.program = [sys.executable, "-m", "tests.faults.crashing", "--armed", str(armed)]
        platform.start()
        yield Trial(platform, Load(Random(seed)), effects), armed


async def crash(trial: Trial, armed: Path, point: CrashPoint) -> str:
    """Work, die at the point, start again at once, wait for all; tells of it in a line."""
    platform, load = trial.platform, trial.load
    times = load.random.randint(*point.times)
    async with platform.async_client() as client:
        scraps = load.pieces(0, 0, SCRAPS) if point.swept else []
        await load.submit(client, scraps)
        await all_ended(platform, len(load.submitted.all_runs))
        _arm(armed, point.label, times)
        pieces = load.pieces(ANSWERS, EFFECTS, UPLOADS)
        asked = len(load.submitted.all_runs) + len(pieces)
        async with asyncio.TaskGroup() as group:
            group.create_task(load.submit(client, pieces))
            group.create_task(load.scrap(client, [piece.name for piece in scraps]))
            await asyncio.to_thread(_dies, platform)
            fired = json.loads(armed.with_name(f"{armed.name}.fired").read_text())
            assert fired == {"point": point.label, "times": times}
            unfinished = count_runs(platform, "finished_at IS NULL")
            unanswered = asked - len(load.submitted.all_runs)
            platform.launch()
            await asyncio.to_thread(platform.wait_ready)
    await all_ended(platform, len(load.submitted.all_runs))
    assert not armed.exists()
    # The sweeper waits for what is being indexed, and so for most of the work.
    at_stake = unanswered if point.unwritten else unfinished
    assert at_stake > 0 or point.swept, point.label
    return f"{point.label} at passage {times}: {unfinished} unfinished, {unanswered} unanswered"


def _arm(armed: Path, label: str, times: int) -> None:
    written = armed.with_name("armed.new")
    written.write_text(json.dumps({"point": label, "times": times}))
    written.rename(armed)


def _dies(platform: LivePlatform) -> None:
    assert platform.process is not None
    assert platform.process.wait(SPRINGS_S) == -signal.SIGKILL
    platform.process = None


def problems_so_far(trial: Trial) -> list[str]:
    """Look for what is lost or doubled in the records and the effects, while the platform runs."""
    trial.wait_settled()
    with trial.platform.postgres() as connection:
        records = read_records(connection)
    submitted = trial.load.submitted
    found = list(record_problems(records, submitted))
    return found + list(effect_problems(read_effects(trial.effects_path), submitted.effects))


@pytest.mark.requirement(
    "C1", part="embedded: nothing lost or doubled by kill -9 at each labelled point of the path"
)
@pytest.mark.parametrize("group", GROUPS)
async def test_a_kill_at_each_point_of(group: str, models_dir: Path) -> None:
    with trapped(models_dir, seed()) as (trial, armed):
        for point in GROUPS[group]:
            print(await crash(trial, armed, point))
            assert problems_so_far(trial) == [], point.label
        checked = await trial.check()
    assert checked.problems == []


def test_every_point_stands_in_the_table_once() -> None:
    labels = Counter(point.label for point in POINTS)
    assert set(labels.values()) == {1}
    # Each before has its after, of whatever follows it.
    sides = Counter(label.partition(":")[0] for label in labels)
    assert sides["after"] - sides["before"] == 2, "a confirm stands after the after of its publish"
