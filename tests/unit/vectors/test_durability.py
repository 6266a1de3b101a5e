"""What was acknowledged survives `kill -9`, which nothing in the process can see coming."""

import signal
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from sutazai_kit.vectors.edge import open_edge_vectors
from sutazai_kit.vectors.port import Query
from tests.unit.vectors import acknowledging

pytestmark = pytest.mark.faults


def write_until_killed(root: Path, collection: UUID, batch: int, lines: int) -> list[str]:
    """Run the program, kill it after some lines, and give all that it had said."""
    program = [sys.executable, acknowledging.__file__, str(root), str(collection), str(batch)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        # What it said between the last line read and its death was acknowledged too.
        said += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL
    return [line for line in said if line.endswith("\n")]


def acknowledged(said: list[str], batch: int) -> tuple[set[UUID], set[UUID]]:
    """Give the ids that must be there, and the versions that must not."""
    there: set[UUID] = set()
    gone: set[UUID] = set()
    for line in said:
        sign, *names = line.split()
        if sign == "+":
            there.update(UUID(name) for name in names)
        else:
            gone.add(UUID(names[0]))
    numbers = {version.int & 0xFFFFFFFF for version in gone}
    return {id for id in there if id.int >> 32 not in numbers}, gone


@pytest.mark.parametrize(("batch", "lines"), [(1, 40), (7, 123), (50, 45), (300, 12)])
async def test_every_acknowledged_write_survives_a_kill(
    tmp_path: Path, batch: int, lines: int
) -> None:
    collection = uuid4()
    said = write_until_killed(tmp_path, collection, batch, lines)
    there, gone = acknowledged(said, batch)
    assert len(said) >= lines
    assert gone
    async with open_edge_vectors(tmp_path) as vectors:
        ids = await vectors.ids(collection)
        assert there <= ids
        # At most one write was under way, of which some points may be there.
        assert len(ids - there) <= batch
        assert await vectors.count(collection) == len(ids)
        for version in gone:
            assert await vectors.count(collection, version) == 0
        for id in sorted(there)[:: max(1, len(there) // 20)]:
            number, n = id.int >> 32, id.int & 0xFFFFFFFF
            point = acknowledging.batch_of(number, batch)[n]
            hits = await vectors.search(collection, Query(point.vector, point.text, 1))
            assert [(hit.id, hit.text) for hit in hits] == [(id, point.text)]
            assert hits[0].similarity == pytest.approx(1.0, abs=1e-5)


async def test_a_store_killed_again_and_again_goes_on(tmp_path: Path) -> None:
    collection = uuid4()
    for _ in range(3):
        said = write_until_killed(tmp_path, collection, 20, 15)
        assert said
    there, _ = acknowledged(said, 20)
    async with open_edge_vectors(tmp_path) as vectors:
        assert there <= await vectors.ids(collection)
