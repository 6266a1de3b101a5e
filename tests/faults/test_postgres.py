"""PostgreSQL is stopped at once, as `pg_ctl stop -m immediate` does, again and again under work."""

import asyncio
import signal
from pathlib import Path

import psutil
import pytest

from sutazai.bootstrap.processes.postmaster import find_running, status
from tests.faults.asking import Asked, asking
from tests.faults.rounds import Trial, all_ended, count_runs, trial
from tests.faults.test_kill import seed
from tests.support.platform import LivePlatform
from tests.support.programs import eventually

pytestmark = pytest.mark.faults

STOPS = 6
# So many runs end between two stops, at least and at most.
BETWEEN = (8, 16)
EFFECTS = 150


def _server(platform: LivePlatform) -> psutil.Process | None:
    return find_running(platform.home / "postgres").postmaster


def stop_at_once(platform: LivePlatform) -> None:
    """Stop PostgreSQL, and wait until the platform has another one."""
    old = _server(platform)
    assert old is not None
    old.send_signal(signal.SIGQUIT)

    def another() -> bool:
        new = _server(platform)
        return new not in (None, old) and status(platform.home / "postgres") == "ready"

    eventually(another, "the platform started PostgreSQL again", 60)


async def _stops(trial: Trial, asked: Asked) -> None:
    for number in range(STOPS):
        ended = count_runs(trial.platform, "finished_at IS NOT NULL")
        more = trial.load.random.randint(*BETWEEN)
        await all_ended(trial.platform, ended + more)
        assert count_runs(trial.platform, "finished_at IS NULL") > 0, f"stop {number}: no work"
        refused = asked.statuses[503]
        await asyncio.to_thread(stop_at_once, trial.platform)
        assert asked.statuses[503] > refused, "nobody was told that the database is away"


@pytest.mark.requirement(
    "C1", part="embedded: nothing lost or doubled when PostgreSQL is stopped at once, repeatedly"
)
async def test_postgres_is_stopped_again_and_again(models_dir: Path) -> None:
    quick = {"EFFECTS_PAUSE_S": "0.01", "SUTAZAI_LEDGER_LEASE_S": "3"}
    with trial(models_dir, seed(), **quick) as tried:
        first = tried.platform.process
        async with tried.platform.async_client() as client, asking(tried.platform) as asked:
            pieces = tried.load.pieces(8, EFFECTS, 6)
            submitting = asyncio.create_task(tried.load.submit(client, pieces))
            await _stops(tried, asked)
            await submitting
            await all_ended(tried.platform, len(pieces))
        print(f"answers: {dict(asked.statuses)}, {dict(asked.codes)}, none: {dict(asked.silent)}")
        assert asked.wrong == []
        assert not asked.silent, "the API hung up"
        assert set(asked.codes) == {"database_unavailable"}
        assert tried.platform.process is first, "the platform itself went on"
        checked = await tried.check()
    assert checked.problems == []
