"""The disk of the home is full for a while: clear refusals, nothing half-written or lost."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import httpx2
import pytest

from tests.faults.asking import PROBLEM
from tests.faults.load import DOCUMENTS, Load
from tests.faults.rounds import PLUGIN, Trial, all_ended, count_runs
from tests.faults.test_kill import seed
from tests.support.platform import LivePlatform, live_platform
from tests.support.programs import REPOSITORY

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0, reason="mounts a tmpfs: needs Linux and root"
    ),
]

SIZE = "192m"
# Less than one of these is left free, so that the first of them already does not fit.
LARGE = 3_000_000
LEFT = 2_000_000
REFUSALS = 12


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Lay a small file system over a folder; skip, with the reason, where that is not allowed."""
    folder.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a tmpfs can't be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        # Lazily: what still runs of the home is ended after this.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def on_small_disk(models: Path, seed: int) -> Iterator[Trial]:
    print(f"seed {seed}")
    with live_platform(models, PYTHONPATH=str(PLUGIN)) as platform, small_disk(platform.home):
        spool, effects = platform.home / "spool", platform.root / "effects.jsonl"
        spool.mkdir()
        platform.environment |= {"EFFECTS_FILE": str(effects), "EFFECTS_PAUSE_S": "0.02"}
        platform.environment |= {"TMPDIR": str(spool), "SUTAZAI_LEDGER_LEASE_S": "3"}
        try:
            platform.start()
            yield Trial(platform, Load(Random(seed)), effects)
        finally:
            ended = platform.process and platform.process.poll()
            print(f"the process ended with {ended}; the disk:", os.statvfs(platform.home))
            platform.end()


def fill(platform: LivePlatform, left: int) -> Path:
    """Write a file until no more than so many bytes are free."""
    filler = platform.home / "filler"
    with filler.open("ab", buffering=0) as file:
        block = bytes(65_536)
        while True:
            found = os.statvfs(platform.home)
            free = found.f_bavail * found.f_frsize - left
            if free <= 0:
                return filler
            try:
                file.write(block[: max(1, min(len(block), free))])
            except OSError:
                return filler


async def refused(client: httpx2.AsyncClient, name: str, size: int) -> str:
    """Upload what does not fit; gives the words of the refusal."""
    line = f"{name} says what nobody has room for.\n"
    body = (line * (size // len(line) + 1)).encode()
    answer = await client.post(DOCUMENTS, files={"file": (f"{name}.md", body)})
    assert answer.status_code in {503, 507}, answer.text
    assert answer.headers["content-type"] == PROBLEM
    words: str = answer.json()["detail"]
    return words


@pytest.mark.requirement("C1", part="embedded: nothing lost or doubled while the disk is full")
async def test_the_disk_is_full_for_a_while(models_dir: Path) -> None:
    with on_small_disk(models_dir, seed()) as tried:
        platform, load = tried.platform, tried.load
        first, spooled = platform.process, set((platform.home / "spool").iterdir())
        async with platform.async_client() as client:
            await load.submit(client, load.pieces(2, 0, 3))
            await all_ended(platform, len(load.submitted.all_runs))
            await load.submit(client, load.pieces(0, 40, 0))
            filler = fill(platform, LEFT)
            assert count_runs(platform, "finished_at IS NULL") > 0, "nothing was under way"
            words = {await refused(client, f"large-{n}", LARGE) for n in range(REFUSALS)}
            print(words)
            assert all("disk" in said and "full" in said for said in words), words
            fill(platform, 0)
            pieces = load.pieces(4, 40, 6)
            submitting = asyncio.create_task(load.submit(client, pieces))
            words = {await refused(client, f"more-{n}", LARGE) for n in range(REFUSALS)}
            print(words)
            assert not submitting.done() or submitting.exception() is None
            filler.unlink()
            await asyncio.to_thread(platform.wait_ready)
            await submitting
            await all_ended(platform, len(load.submitted.all_runs))
        assert platform.process is first, "the platform itself went on"
        assert set((platform.home / "spool").iterdir()) <= spooled
        assert list((platform.home / "files" / ".partial").iterdir()) == []
        checked = await tried.check()
    assert checked.problems == []


# What the engine maps into memory would end the process that touches it.
WRITES = """
import asyncio, sys
from pathlib import Path
from uuid import uuid4
from sutazai_contracts.errors import VectorsUnavailable
from sutazai_kit.vectors.edge import open_edge_vectors
from tests.contract.vectors.suite import DIMENSION, point

async def main(root: Path) -> None:
    async with open_edge_vectors(root / "vectors") as vectors:
        collection = uuid4()
        await vectors.create(collection, DIMENSION)
        await vectors.upsert(collection, [point("first")])
        with (root / "filler").open("ab", buffering=0) as file:
            try:
                while file.write(bytes(4096)): pass
            except OSError: pass
        for _ in range(200):
            try:
                await vectors.upsert(collection, [point("more " * 100) for _ in range(64)])
            except VectorsUnavailable as exc:
                words = exc.message
        (root / "filler").unlink()
        await vectors.upsert(collection, [point("last")])
        print(await vectors.count(collection), words)

asyncio.run(main(Path(sys.argv[1])))
"""


def test_the_engine_of_the_vectors_survives_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk"):
        done = subprocess.run(
            [sys.executable, "-c", WRITES, str(tmp_path / "disk")],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
    assert done.returncode == 0, (done.returncode, done.stderr)
    assert done.stdout.startswith("2 The disk that keeps the vectors is full")
