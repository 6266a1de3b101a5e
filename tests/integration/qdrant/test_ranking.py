"""The server ranks as the engine in process does: a collection keeps its mind when it moves."""

from collections.abc import AsyncIterator
from pathlib import Path
from pydoc_data.topics import topics
from random import Random
from uuid import UUID

import pytest

from sutazai_kit.vectors.edge import open_edge_vectors
from sutazai_kit.vectors.port import Hit, Point, Query, Vectors
from sutazai_kit.vectors.qdrant.vectors import open_qdrant_vectors
from tests.integration.knowledge.bag_of_words import BAG, BagOfWords
from tests.support.qdrant import KEY, Qdrant

pytestmark = pytest.mark.stack
COLLECTION = UUID(int=1)
_WORDS_OF_A_CHUNK = 60
_STEP = 30
ALL = 3_000
_CHUNKS_OF_A_VERSION = 20


def texts() -> list[str]:
    """Cut Python's own language reference into chunks that overlap."""
    words = " ".join(topics.values()).split()
    return [
        " ".join(words[start : start + _WORDS_OF_A_CHUNK]) for start in range(0, len(words), _STEP)
    ]


def questions(chunks: list[str]) -> list[tuple[str, list[int]]]:
    """Draw a hundred questions of one to eight words, each with versions that are hidden."""
    random = Random(5)
    drawn = []
    for number in range(100):
        words = random.choice(chunks).split()
        length = min(len(words), 1 + number % 8)
        start = random.randrange(len(words) - length + 1)
        hidden = random.sample(range(len(chunks) // _CHUNKS_OF_A_VERSION), number % 3)
        drawn.append((" ".join(words[start : start + length]), hidden))
    return drawn


@pytest.fixture
async def both(
    server: Qdrant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Vectors, Vectors]]:
    """Give the engine in process and the server, with the same points, both searching exactly."""
    # Each engine chooses by itself among candidates that are equally near; here all are taken, and
    # the engine in process leaves its coarse vectors out.
    monkeypatch.setattr("sutazai_kit.vectors.shard._LEAST_CANDIDATES", ALL)
    monkeypatch.setattr("sutazai_kit.vectors.qdrant.wire._LEAST_CANDIDATES", ALL)
    monkeypatch.setattr("sutazai_kit.vectors.shard._QUANTIZED", None)
    monkeypatch.setattr("sutazai_kit.vectors.shard._RESCORED", None)
    chunks = texts()
    vectors = await BagOfWords().embed(chunks)
    points = [
        Point(
            UUID(int=number + 1),
            version(number // _CHUNKS_OF_A_VERSION),
            vectors[number],
            text,
            {"number": number},
        )
        for number, text in enumerate(chunks)
    ]
    async with (
        open_edge_vectors(tmp_path / "vectors") as twin,
        open_qdrant_vectors(server.url, KEY, exact=True) as remote,
    ):
        for store in (twin, remote):
            await store.create(COLLECTION, BAG.dimension)
            await store.upsert(COLLECTION, points)
        yield twin, remote


def version(number: int) -> UUID:
    """Name a version."""
    return UUID(int=1_000_000 + number)


async def test_the_same_points_in_the_same_order(both: tuple[Vectors, Vectors]) -> None:
    twin, remote = both
    chunks = texts()
    assert len(chunks) >= 2_000
    asked = questions(chunks)
    vectors = await BagOfWords().embed([text for text, _ in asked])
    for (text, hidden), vector in zip(asked, vectors, strict=True):
        query = Query(vector, text, 10, tuple(version(number) for number in hidden))
        expected = await twin.search(COLLECTION, query)
        found = await remote.search(COLLECTION, query)
        assert ranking(found) == ranking(expected), text
        for one, other in zip(found, expected, strict=True):
            assert one.score == pytest.approx(other.score, abs=2e-3), text
            assert one.similarity == pytest.approx(other.similarity, abs=2e-3), text


def test_the_questions_try_both_ways_of_fusion() -> None:
    chunks = texts()
    rare = sum(
        0 < sum(any(w in c.lower().split() for w in text.lower().split()) for c in chunks) < 10
        for text, _ in questions(chunks)
    )
    assert 5 <= rare <= 60, rare


def ranking(hits: list[Hit]) -> list[UUID]:
    """List what was found."""
    return [hit.id for hit in hits]
