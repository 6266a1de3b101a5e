"""Folders of collections: what a crash leaves, who may open, what stays open."""

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import psutil
import pytest

from sutazai_contracts.errors import NotFound, VectorsUnavailable
from sutazai_kit.vectors.edge import EdgeVectors, open_edge_vectors
from sutazai_kit.vectors.port import Point, Query
from tests.contract.vectors.suite import DIMENSION, ask, point
from tests.support.programs import REPOSITORY


async def filled(vectors: EdgeVectors, text: str = "text") -> UUID:
    """Make a collection of one point."""
    collection = uuid4()
    await vectors.create(collection, DIMENSION)
    await vectors.upsert(collection, [point(text)])
    return collection


def opened_by_engine(root: Path) -> int:
    """Count the collections under a folder whose log this process has mapped."""
    maps = {mapped.path for mapped in psutil.Process().memory_maps()}
    logs = [path for path in maps if path.startswith(f"{root}/") and "/wal/" in path]
    return len({path.split("/wal/")[0] for path in logs})


async def test_nothing_is_opened_before_it_is_asked_for(tmp_path: Path) -> None:
    async with open_edge_vectors(tmp_path) as vectors:
        collection = await filled(vectors)
    async with open_edge_vectors(tmp_path) as vectors:
        assert opened_by_engine(tmp_path) == 0
        assert await vectors.count(collection) == 1
        assert opened_by_engine(tmp_path) == 1
    assert opened_by_engine(tmp_path) == 0


async def test_a_create_that_crashed_is_no_collection_and_is_repaired(tmp_path: Path) -> None:
    collection = uuid4()
    async with open_edge_vectors(tmp_path) as vectors:
        half = tmp_path / str(collection) / "generation-half"
        half.mkdir(parents=True)
        (half / "edge_config.json").write_text("{")
        with pytest.raises(NotFound):
            await vectors.count(collection)
        await vectors.create(collection, DIMENSION)
        assert await vectors.count(collection) == 0
    assert not half.exists()


async def test_what_crashes_left_is_swept_at_opening(tmp_path: Path) -> None:
    async with open_edge_vectors(tmp_path) as vectors:
        collection = await filled(vectors)
    leftovers = [
        tmp_path / str(uuid4()) / "generation-of-a-crashed-create",
        tmp_path / str(collection) / "generation-of-a-crashed-build" / "segments",
        tmp_path / ".dropped-half" / "generation",
    ]
    for leftover in leftovers:
        leftover.mkdir(parents=True)
        (leftover / "file").write_text("x")
    async with open_edge_vectors(tmp_path) as vectors:
        assert not any(leftover.exists() for leftover in leftovers)
        assert len(list((tmp_path / str(collection)).glob("generation-*"))) == 1
        assert await vectors.count(collection) == 1


async def test_a_dropped_collection_leaves_nothing(tmp_path: Path) -> None:
    async with open_edge_vectors(tmp_path) as vectors:
        collection = await filled(vectors)
        await vectors.drop(collection)
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]


async def test_a_damaged_record_is_named_and_harms_no_other_collection(tmp_path: Path) -> None:
    async with open_edge_vectors(tmp_path) as vectors:
        damaged, sound = await filled(vectors), await filled(vectors)
    (tmp_path / str(damaged) / "collection.json").write_text("{")
    async with open_edge_vectors(tmp_path) as vectors:
        with pytest.raises(VectorsUnavailable, match=f"{damaged} is damaged"):
            await vectors.search(damaged, ask("text"))
        assert await vectors.count(sound) == 1


async def test_damaged_files_of_the_engine_are_unavailable(tmp_path: Path) -> None:
    async with open_edge_vectors(tmp_path) as vectors:
        collection = await filled(vectors)
    (config,) = tmp_path.glob("*/*/edge_config.json")
    config.write_text("{")
    async with open_edge_vectors(tmp_path) as vectors:
        with pytest.raises(VectorsUnavailable, match="can't open a collection") as failed:
            await vectors.count(collection)
    assert type(failed.value.__cause__) is Exception


async def test_missing_files_of_the_engine_are_unavailable(tmp_path: Path) -> None:
    async with open_edge_vectors(tmp_path) as vectors:
        collection = await filled(vectors)
    record = tmp_path / str(collection) / "collection.json"
    record.write_text(json.dumps({"dimension": DIMENSION, "generation": "gone"}))
    async with open_edge_vectors(tmp_path) as vectors:
        with pytest.raises(VectorsUnavailable):
            await vectors.search(collection, ask("text"))


async def test_a_root_that_is_a_file_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(VectorsUnavailable) as failed:
        async with open_edge_vectors(tmp_path / "file"):
            pass
    assert isinstance(failed.value.__cause__, OSError)


async def test_one_process_at_a_time_and_the_second_is_told_which(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys, pathlib\n"
        "from sutazai_kit.vectors.edge import open_edge_vectors\n"
        "async def main():\n"
        "    async with open_edge_vectors(pathlib.Path(sys.argv[1])):\n"
        "        print('open', flush=True); sys.stdin.read()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(VectorsUnavailable, match=f"another process .pid {other.pid}"):
            async with open_edge_vectors(tmp_path):
                pass
        other.communicate()
    async with open_edge_vectors(tmp_path) as vectors:
        assert await vectors.count(await filled(vectors)) == 1


async def test_collections_past_the_bound_are_closed_and_open_again(tmp_path: Path) -> None:
    async with open_edge_vectors(tmp_path, max_open=2) as vectors:
        collections = [await filled(vectors, f"text{n}") for n in range(5)]
        for _ in range(2):
            for n, collection in enumerate(collections):
                (hit,) = await vectors.search(collection, ask("text"))
                assert hit.text == f"text{n}"
                assert 1 <= opened_by_engine(tmp_path) <= 2


async def test_a_closed_store_is_unavailable_and_closes_once(tmp_path: Path) -> None:
    async with open_edge_vectors(tmp_path) as vectors:
        collection = await filled(vectors)
        await vectors.aclose()
        with pytest.raises(VectorsUnavailable, match="closed"):
            await vectors.search(collection, ask("text"))
    async with open_edge_vectors(tmp_path) as vectors:
        assert await vectors.count(collection) == 1


async def test_a_small_collection_needs_little_memory_and_disk(tmp_path: Path) -> None:
    process = psutil.Process()
    async with open_edge_vectors(tmp_path) as vectors:
        collections = []
        for _ in range(6):
            collection = uuid4()
            await vectors.create(collection, 384)
            vector = np.ones(384, dtype=np.float32)
            await vectors.upsert(collection, [Point(uuid4(), uuid4(), vector, "text")])
            collections.append(collection)
    async with open_edge_vectors(tmp_path) as vectors:
        before = process.memory_info().rss
        for collection in collections:
            await vectors.search(collection, Query(vector, "text", 1))
        # The engine's default placement reads 33 MB in for each of them.
        assert (process.memory_info().rss - before) / len(collections) < 16e6
    blocks = sum(path.stat().st_blocks for path in tmp_path.rglob("*"))
    assert blocks * 512 / len(collections) < 2e6


async def test_points_are_refused_before_the_disk_is_full(tmp_path: Path) -> None:
    async with open_edge_vectors(tmp_path) as vectors:
        collection = await filled(vectors)
    async with open_edge_vectors(tmp_path, least_free=2**60) as vectors:
        with pytest.raises(VectorsUnavailable, match="disk that keeps the vectors is full"):
            await vectors.upsert(collection, [point("no room")])
        with pytest.raises(VectorsUnavailable, match="is full"):
            await vectors.create(uuid4(), DIMENSION)
        # What is there is found, and may be removed.
        [hit] = await vectors.search(collection, ask("text"))
        await vectors.delete_version(collection, hit.version)
        assert await vectors.count(collection) == 0


# In a process of its own, which has no descriptor left for a while.
WITHOUT_DESCRIPTORS = """
import os, resource, sys
from pathlib import Path
from uuid import uuid4
from sutazai_contracts.errors import VectorsUnavailable
from sutazai_kit.vectors.store import CollectionStore
from tests.contract.vectors.suite import DIMENSION, point

def write(text: str) -> None:
    with store.writable(collection) as shard:
        shard.write(shard.encode([point(text)]))

store, collection, held = CollectionStore(Path(sys.argv[1]), 4), uuid4(), []
store.start()
store.create(collection, DIMENSION)
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, most))
try:
    while True:
        held.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
try:
    write("first")
except VectorsUnavailable as exc:
    print(exc.message, file=sys.stderr)
for one in held:
    os.close(one)
write("second")
print(store.shard(collection).count() > 0)
store.stop()
"""


def test_a_write_that_failed_spoils_no_later_one(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DESCRIPTORS, str(tmp_path / "vectors")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
    assert "Too many open files" in done.stderr
