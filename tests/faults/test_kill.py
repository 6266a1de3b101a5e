"""The platform is killed again and again while it works: nothing is lost, nothing is doubled.

`make test-faults` runs these. The seed of a run is printed; `SUTAZAI_TEST_SEED` gives it again.
"""

import os
import secrets
from functools import partial
from pathlib import Path

import pytest

from tests.faults.rounds import Round, kill, kill_all, kill_children, strike_often, terminate, trial
from tests.support.platform import LivePlatform, live_platform
from tests.support.programs import eventually

pytestmark = pytest.mark.faults

# In the order in which a first start makes them, as patterns inside the home.
MADE_BY_FIRST_START = (
    "instance.lock",
    "postgres.new-*",
    "postgres/PG_VERSION",
    "postgres/postmaster.pid",
    "run/embedder.pid",
    "vectors/*",
    "credentials.json",
)

FULL = Round(answers=30, effects=30, uploads=20, unfinished_runs=20, unfinished=20)


def _has_made(platform: LivePlatform, pattern: str) -> bool:
    assert platform.process is not None
    assert platform.process.poll() is None, platform.log()
    return any(platform.home.glob(pattern))


def seed() -> int:
    given = os.environ.get("SUTAZAI_TEST_SEED")
    return int(given) if given else secrets.randbelow(1_000_000)


@pytest.mark.requirement("C1", part="embedded: nothing lost or doubled by kill -9 of its group")
@pytest.mark.requirement("C3", part="resume after restart")
async def test_five_kills_of_the_process_group(models_dir: Path) -> None:
    with trial(models_dir, seed()) as tried:
        checked = await strike_often(tried, FULL, [kill] * 5)
    assert checked.problems == []
    assert checked.lost > 0, "no kill fell in the middle of a task"


@pytest.mark.requirement(
    "C1", part="embedded: nothing lost or doubled by kill -9 of PostgreSQL and embedder as well"
)
async def test_kills_of_everything(models_dir: Path) -> None:
    with trial(models_dir, seed()) as tried:
        checked = await strike_often(tried, FULL, [kill_all] * 2)
    assert checked.problems == []
    assert checked.lost > 0, "no kill fell in the middle of a task"


@pytest.mark.requirement("C1", part="embedded: nothing lost, doubled or left running by SIGTERM")
async def test_stops_in_the_middle_of_work(models_dir: Path) -> None:
    with trial(models_dir, seed()) as tried:
        checked = await strike_often(tried, FULL, [terminate] * 2)
    assert checked.problems == []
    assert checked.lost == 0, "what was not finished was not handed back"


@pytest.mark.requirement(
    "C1", part="embedded: nothing lost or doubled when PostgreSQL and the embedder die alone"
)
async def test_kills_of_the_children(models_dir: Path) -> None:
    with trial(models_dir, seed()) as tried:
        first = tried.platform.process
        checked = await strike_often(tried, FULL, [kill_children])
    assert first is not None
    assert first.returncode == 0, "the platform itself went on, and was stopped at the end"
    assert checked.problems == []


@pytest.mark.requirement(
    "C1", part="embedded: a first start that is killed leaves nothing half-made"
)
def test_kills_of_a_first_start(models_dir: Path) -> None:
    with live_platform(models_dir) as platform:
        for made in MADE_BY_FIRST_START:
            platform.launch()
            eventually(partial(_has_made, platform, made), f"{made} is there", 60)
            platform.kill()
            if (platform.home / "credentials.json").exists():
                assert set(platform.credentials) >= {"api_key", "api_url", "email", "password"}
        platform.start()
        with platform.client() as client:
            collections = client.get("/api/v1/collections").json()["items"]
        assert [collection["name"] for collection in collections] == ["default"]
        with platform.postgres() as connection:
            for table in ("tenants", "users", "api_keys"):
                assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,)
        assert list(platform.home.glob("postgres.new-*")) == []
        assert platform.stop() == 0
