"""The server goes away and comes back: nothing acknowledged is lost, nobody waits for long."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from sutazai_contracts.errors import VectorsUnavailable
from sutazai_kit.vectors.port import Vectors
from sutazai_kit.vectors.qdrant.vectors import open_qdrant_vectors
from tests.contract.vectors.suite import DIMENSION, OPERATIONS, ask, crowd
from tests.support.qdrant import KEY, Qdrant, Way, way_to

pytestmark = pytest.mark.stack
TIMEOUT_S = 2.0


@pytest.fixture
async def way(server: Qdrant) -> AsyncIterator[Way]:
    """Give a way that outlives the server's own port."""
    async with way_to(server) as way:
        yield way


@pytest.fixture
async def vectors(way: Way) -> AsyncIterator[Vectors]:
    """Give the store at the end of the way."""
    async with open_qdrant_vectors(way.url, KEY, timeout_s=TIMEOUT_S) as vectors:
        yield vectors


@pytest.mark.requirement("B6", part="persistent: a write that returned outlives a killed server")
async def test_a_write_that_returned_outlives_a_server_killed_in_the_middle(
    server: Qdrant, vectors: Vectors
) -> None:
    collection = uuid4()
    await vectors.create(collection, DIMENSION)
    written: set[UUID] = set()
    enough = asyncio.Event()

    async def write() -> None:
        while True:
            points = crowd(100)
            await vectors.upsert(collection, points)
            written.update(point.id for point in points)
            if len(written) >= 1_000:
                enough.set()

    writing = asyncio.create_task(write())
    await enough.wait()
    await asyncio.to_thread(server.kill)
    with pytest.raises(VectorsUnavailable):
        await writing

    started = time.monotonic()
    with pytest.raises(VectorsUnavailable, match="can't search"):
        await vectors.search(collection, ask("plain"))
    assert time.monotonic() - started <= TIMEOUT_S + 0.5

    await asyncio.to_thread(server.start)
    assert written <= await vectors.ids(collection)
    assert len(await vectors.search(collection, ask("plain chunk"))) == 10
    await vectors.create(collection, DIMENSION)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
async def test_a_server_that_does_not_answer_is_given_up_in_time(
    vectors: Vectors, way: Way, operation: str
) -> None:
    way.silent = True
    started = time.monotonic()
    with pytest.raises(VectorsUnavailable, match="no answer within 2 s"):
        await OPERATIONS[operation](vectors, uuid4())
    assert TIMEOUT_S - 0.1 <= time.monotonic() - started <= TIMEOUT_S + 1


async def test_nobody_at_the_address_is_told_at_once() -> None:
    async with open_qdrant_vectors("http://127.0.0.1:9", KEY) as vectors:
        with pytest.raises(VectorsUnavailable):
            await asyncio.wait_for(vectors.search(uuid4(), ask("text")), 2)
