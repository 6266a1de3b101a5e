"""What each operation costs in requests, and what a server's refusals become."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from sutazai_contracts.errors import VectorsRefused, VectorsUnavailable
from sutazai_kit.vectors.port import Vectors
from sutazai_kit.vectors.qdrant.vectors import open_qdrant_vectors
from tests.contract.vectors.suite import DIMENSION, ask, axis, crowd, point, texts
from tests.support.qdrant import KEY, Qdrant, Way, way_to

pytestmark = pytest.mark.stack


@pytest.fixture
async def way(server: Qdrant) -> AsyncIterator[Way]:
    """Give a way to the server on which requests are seen."""
    async with way_to(server) as way:
        yield way


@pytest.fixture
async def vectors(way: Way) -> AsyncIterator[Vectors]:
    """Give the store at the end of the way."""
    async with open_qdrant_vectors(way.url, KEY, timeout_s=5) as vectors:
        yield vectors


@pytest.fixture
async def collection(vectors: Vectors, way: Way) -> UUID:
    """Give a collection of 200 points; requests are counted from here on."""
    collection = uuid4()
    await vectors.create(collection, DIMENSION)
    await vectors.upsert(collection, crowd(200))
    way.requests.clear()
    return collection


async def test_opening_asks_nothing_and_a_collection_takes_two_requests(
    vectors: Vectors, way: Way
) -> None:
    assert way.requests == []
    collection = uuid4()
    await vectors.create(collection, DIMENSION)
    assert way.requests == [
        f"PUT /collections/{collection}",
        f"PUT /collections/{collection}/index?wait=true",
    ]


@pytest.mark.parametrize("text", ["plain words", "chunk 7", "unheard", "", "?!"])
async def test_a_search_is_one_round_trip(
    vectors: Vectors, collection: UUID, way: Way, text: str
) -> None:
    hidden = [uuid4() for _ in range(300)]
    assert len(await vectors.search(collection, ask(text, limit=5, hidden=hidden))) == 5
    assert way.requests == [f"POST /collections/{collection}/points/query/batch"]


async def test_a_search_whose_last_hits_are_equal_asks_once_more(
    vectors: Vectors, collection: UUID, way: Way
) -> None:
    await vectors.upsert(collection, [point("equal", axis(1)) for _ in range(20)])
    way.requests.clear()
    assert texts(await vectors.search(collection, ask("equal", axis(1), 5))) == ["equal"] * 5
    assert len(way.requests) == 2


async def test_the_other_operations_take_one_request_a_batch(
    vectors: Vectors, collection: UUID, way: Way
) -> None:
    at = f"/collections/{collection}"
    await vectors.upsert(collection, crowd(65))
    await vectors.delete_version(collection, uuid4())
    await vectors.count(collection)
    await vectors.ids(collection)
    await vectors.drop(collection)
    assert way.requests == [
        *[f"PUT {at}/points?wait=true"] * 2,
        f"POST {at}/points/delete?wait=true",
        f"POST {at}/points/count",
        f"POST {at}/points/scroll",
        f"DELETE {at}",
    ]


@pytest.mark.parametrize("key", ["", "another key"])
async def test_a_wrong_key_is_refused_in_words(server: Qdrant, key: str) -> None:
    async with open_qdrant_vectors(server.url, key) as vectors:
        with pytest.raises(VectorsRefused, match="does not let this key or token search: "):
            await vectors.search(uuid4(), ask("text"))


async def test_a_closed_store_says_so_and_may_be_closed_again(server: Qdrant) -> None:
    async with open_qdrant_vectors(server.url, KEY) as vectors:
        await vectors.aclose()
        with pytest.raises(VectorsUnavailable, match="closed"):
            await vectors.count(uuid4())
