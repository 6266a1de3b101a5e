"""Indexes are built beside the collection: nothing stands still, nothing is lost."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import psutil
import pytest
from loguru import logger

from sutazai_contracts.errors import NotFound, VectorsUnavailable
from sutazai_kit.vectors.build import copy_folder
from sutazai_kit.vectors.edge import EdgeVectors, open_edge_vectors
from sutazai_kit.vectors.index import IndexPolicy
from sutazai_kit.vectors.port import Point, Query, Vector
from tests.contract.vectors.suite import DIMENSION, ask, crowd, point, texts

# The engine makes a graph of vectors past 10 MB; these have 11 MB.
LARGE, LARGE_DIMENSION = 3_600, 768


async def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.005)


def generations(root: Path, collection: UUID) -> set[str]:
    """List the generations of a collection on disk."""
    return {path.name for path in (root / str(collection)).glob("generation-*")}


def graphs(root: Path) -> list[Path]:
    """List the graphs of indexes on disk."""
    return list(root.rglob("vector_index-dense/graph*"))


def builder() -> psutil.Process | None:
    """Find the process that builds an index, if there is one."""
    for child in psutil.Process().children():
        try:
            if "sutazai_kit.vectors.build" in child.cmdline():
                return child
        except psutil.NoSuchProcess:
            continue
    return None


def some_vector(seed: int) -> Vector:
    """Make a vector of the large collection."""
    return np.random.default_rng(seed).normal(size=LARGE_DIMENSION).astype(np.float32)


async def large(vectors: EdgeVectors) -> UUID:
    """Make a collection that is worth a graph; point n is of version n // 10."""
    collection = uuid4()
    await vectors.create(collection, LARGE_DIMENSION)
    spread = np.random.default_rng(1).normal(size=(LARGE, LARGE_DIMENSION)).astype(np.float32)
    points = [
        Point(UUID(int=n + 1), UUID(int=n // 10 + 1), vector, f"text{n}")
        for n, vector in enumerate(spread)
    ]
    await vectors.upsert(collection, points)
    return collection


@pytest.fixture(autouse=True)
def no_builder_stays() -> Iterator[None]:
    """Every builder ends with its store."""
    yield
    assert builder() is None


async def test_all_goes_on_while_an_index_is_built_and_nothing_is_lost(tmp_path: Path) -> None:
    new, moved = some_vector(2), some_vector(3)
    async with open_edge_vectors(tmp_path) as vectors:
        collection = await large(vectors)
        (before,) = generations(tmp_path, collection)
        build = asyncio.create_task(vectors.build_index(collection))
        await until(lambda: len(generations(tmp_path, collection)) == 2)
        await vectors.upsert(collection, [Point(UUID(int=LARGE + 1), uuid4(), new, "brandnew")])
        process = builder()
        assert process
        process.suspend()
        try:
            await vectors.upsert(collection, [Point(UUID(int=5), uuid4(), moved, "moved")])
            await vectors.delete_version(collection, UUID(int=2))
            assert await vectors.count(collection) == LARGE - 9
            (hit,) = await vectors.search(collection, Query(new, "brandnew", 1))
            assert hit.text == "brandnew"
            assert not build.done()
        finally:
            process.resume()
        await build
        (after,) = generations(tmp_path, collection)
        assert after != before
        assert graphs(tmp_path)
        await shows_all_changes(vectors, collection)
    async with open_edge_vectors(tmp_path) as vectors:
        await shows_all_changes(vectors, collection)


async def shows_all_changes(vectors: EdgeVectors, collection: UUID) -> None:
    """Check what the test above has written before and during the build."""
    gone = {UUID(int=n + 1) for n in range(10, 20)}
    expected = {UUID(int=n + 1) for n in range(LARGE + 1)} - gone
    assert await vectors.ids(collection) == expected
    assert await vectors.count(collection, UUID(int=1)) == 9
    for vector, text in [(some_vector(2), "brandnew"), (some_vector(3), "moved")]:
        for words in (text, ""):
            (hit,) = await vectors.search(collection, Query(vector, words, 1))
            assert hit.text == text
            assert hit.similarity == pytest.approx(1.0, abs=1e-5)
    hits = await vectors.search(collection, Query(some_vector(2), "text3000", 3))
    assert "text3000" in texts(hits)
    hits = await vectors.search(collection, Query(some_vector(2), "text15", 50))
    assert not gone & {hit.id for hit in hits}


async def test_a_collection_that_grew_gets_its_index_unasked(tmp_path: Path) -> None:
    policy = IndexPolicy(after=100, quiet_s=0.01)
    async with open_edge_vectors(tmp_path, policy=policy) as vectors:
        collection = uuid4()
        await vectors.create(collection, DIMENSION)
        first = generations(tmp_path, collection)
        await vectors.upsert(collection, crowd(99))
        assert generations(tmp_path, collection) == first
        await vectors.upsert(collection, crowd(1))
        await until(lambda: not first & generations(tmp_path, collection))
        assert await vectors.count(collection) == 100
        second = generations(tmp_path, collection)
        await vectors.upsert(collection, crowd(100))
        await until(lambda: not second & generations(tmp_path, collection))
        assert await vectors.count(collection) == 200


async def test_writes_that_never_rest_do_not_put_it_off_for_ever(tmp_path: Path) -> None:
    policy = IndexPolicy(after=10, quiet_s=3600, patience_s=0.01)
    async with open_edge_vectors(tmp_path, policy=policy) as vectors:
        collection = uuid4()
        await vectors.create(collection, DIMENSION)
        first = generations(tmp_path, collection)
        await vectors.upsert(collection, crowd(10))
        await until(lambda: not first & generations(tmp_path, collection))


async def test_growth_is_known_after_opening_again(tmp_path: Path) -> None:
    async with open_edge_vectors(tmp_path) as vectors:
        collection = uuid4()
        await vectors.create(collection, DIMENSION)
        await vectors.upsert(collection, crowd(150))
    first = generations(tmp_path, collection)
    policy = IndexPolicy(after=100, quiet_s=0.01)
    async with open_edge_vectors(tmp_path, policy=policy) as vectors:
        assert len(await vectors.search(collection, ask("plain"))) == 10
        await until(lambda: not first & generations(tmp_path, collection))
    second = generations(tmp_path, collection)
    async with open_edge_vectors(tmp_path, policy=policy) as vectors:
        await vectors.search(collection, ask("plain"))
        await vectors.upsert(collection, crowd(99))
        assert generations(tmp_path, collection) == second


async def test_a_builder_that_dies_leaves_the_collection_as_it_was(tmp_path: Path) -> None:
    async with open_edge_vectors(tmp_path) as vectors:
        collection = await large(vectors)
        before = generations(tmp_path, collection)
        build = asyncio.create_task(vectors.build_index(collection))
        await until(lambda: len(generations(tmp_path, collection)) == 2)
        await vectors.upsert(collection, [Point(uuid4(), uuid4(), some_vector(2), "brandnew")])
        process = builder()
        assert process
        process.kill()
        with pytest.raises(VectorsUnavailable, match="index builder ended with -9"):
            await build
        assert generations(tmp_path, collection) == before
        (hit,) = await vectors.search(collection, Query(some_vector(2), "brandnew", 1))
        assert hit.text == "brandnew"
        assert await vectors.count(collection) == LARGE + 1


async def test_a_builder_that_does_not_start_is_logged_and_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[str] = []
    sink = logger.add(logged.append, level="WARNING", format="{message}")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no such python"))
    policy = IndexPolicy(after=20, quiet_s=0.0)
    try:
        async with open_edge_vectors(tmp_path / "vectors", policy=policy) as vectors:
            collection = uuid4()
            await vectors.create(collection, DIMENSION)
            await vectors.upsert(collection, crowd(20))
            await until(lambda: bool(logged))
            await vectors.upsert(collection, crowd(5))
            assert await vectors.count(collection) == 25
    finally:
        logger.remove(sink)
    assert f"No index was built for collection {collection}" in logged[0]
    assert "no such python" in logged[0]


async def test_closing_ends_a_build_and_keeps_all(tmp_path: Path) -> None:
    policy = IndexPolicy(after=LARGE, quiet_s=0.0)
    async with open_edge_vectors(tmp_path, policy=policy) as vectors:
        collection = await large(vectors)
        before = generations(tmp_path, collection)
        await until(lambda: len(generations(tmp_path, collection)) == 2)
    assert builder() is None
    assert generations(tmp_path, collection) == before
    async with open_edge_vectors(tmp_path) as vectors:
        assert await vectors.count(collection) == LARGE


async def test_closing_ends_a_build_that_was_asked_for(tmp_path: Path) -> None:
    async with open_edge_vectors(tmp_path) as vectors:
        collection = await large(vectors)
        build = asyncio.create_task(vectors.build_index(collection))
        await until(lambda: len(generations(tmp_path, collection)) == 2)
        await vectors.upsert(collection, [Point(uuid4(), uuid4(), some_vector(2), "late")])
    with pytest.raises(VectorsUnavailable):
        await build
    assert builder() is None
    async with open_edge_vectors(tmp_path) as vectors:
        assert await vectors.count(collection) == LARGE + 1


async def test_dropping_ends_a_build(tmp_path: Path) -> None:
    policy = IndexPolicy(after=LARGE, quiet_s=0.0)
    async with open_edge_vectors(tmp_path, policy=policy) as vectors:
        collection = await large(vectors)
        await until(lambda: len(generations(tmp_path, collection)) == 2)
        await vectors.drop(collection)
        assert builder() is None
        with pytest.raises(NotFound):
            await vectors.count(collection)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


async def test_an_unknown_collection_has_no_index(tmp_path: Path) -> None:
    async with open_edge_vectors(tmp_path) as vectors:
        with pytest.raises(NotFound):
            await vectors.build_index(uuid4())


async def test_a_builder_dies_with_its_parent(tmp_path: Path) -> None:
    async with open_edge_vectors(tmp_path) as vectors:
        collection = await large(vectors)
    before = generations(tmp_path, collection)
    program = (
        "import asyncio, sys, pathlib, uuid\n"
        "from sutazai_kit.vectors.edge import open_edge_vectors\n"
        "async def main():\n"
        "    async with open_edge_vectors(pathlib.Path(sys.argv[1])) as vectors:\n"
        "        await vectors.build_index(uuid.UUID(sys.argv[2]))\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path), str(collection)]) as other:
        await until(lambda: len(generations(tmp_path, collection)) == 2)
        (child,) = psutil.Process(other.pid).children()
        other.kill()
    await until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    async with open_edge_vectors(tmp_path) as vectors:
        assert generations(tmp_path, collection) == before
        assert await vectors.count(collection) == LARGE


def test_a_copy_has_the_same_bytes_and_the_same_holes(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "inner").mkdir(parents=True)
    (source / "plain").write_bytes(bytes(range(256)) * 10_000)
    (source / "empty").touch()
    with (source / "inner" / "holes").open("wb") as file:
        file.seek(3 << 20)
        file.write(b"middle")
        file.truncate(32 << 20)
    with (source / "hole").open("wb") as file:
        file.truncate(32 << 20)
    copy_folder(source, target)
    for path in source.rglob("*"):
        copied = target / path.relative_to(source)
        if path.is_file():
            assert copied.read_bytes() == path.read_bytes()
            assert copied.stat().st_blocks <= path.stat().st_blocks


async def test_a_point_written_while_the_copy_waits_is_found_at_once(tmp_path: Path) -> None:
    async with open_edge_vectors(tmp_path) as vectors:
        collection = uuid4()
        await vectors.create(collection, DIMENSION)
        await vectors.upsert(collection, crowd(50))
        builds = [asyncio.create_task(vectors.build_index(collection)) for _ in range(2)]
        written = 0
        while not all(build.done() for build in builds):
            written += 1
            await vectors.upsert(collection, [point(f"unique{written}")])
            hits = await vectors.search(collection, ask(f"unique{written}", limit=3))
            assert f"unique{written}" in texts(hits)
        await asyncio.gather(*builds)
        assert await vectors.count(collection) == 50 + written
