"""Hybrid search through the vector port: how long it takes, without the embedding call.

    python -m benchmarks.search --points 10000
    python -m benchmarks.search --points 100000 --index  # as `python -m benchmarks search` does

The vectors are seeded and clustered, as chunks of documents are; the texts are of 150 words drawn
from a seeded vocabulary by the Zipf-Mandelbrot law. Questions are near a cluster and hold six words
of one of its chunks. Each figure is the median over rounds. With an index the platform is started
on the collection too, and asked through its API, which embeds the question.
"""

import argparse
import asyncio
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import psutil
import psycopg

from benchmarks.platform import Running, running
from sutazai_kit.vectors.edge import EdgeVectors, open_edge_vectors
from sutazai_kit.vectors.index import IndexPolicy
from sutazai_kit.vectors.port import Point, Query, Vector

DIMENSION = 384
BUDGET_MS = 30.0  # p95 at 100 000 chunks
_CLUSTERS = 200
_VOCABULARY = 30_000
_WORDS_OF_A_CHUNK = 150
_WORDS_OF_A_QUESTION = 6
_CHUNKS_OF_A_VERSION = 20
_BATCH = 500
_NEVER = IndexPolicy(after=1 << 60)
_TICK_S = 0.005
_PAYLOAD = {
    "document": str(UUID(int=1)),
    "name": "a document",
    "heading_path": ["Chapter", "Section"],
    "start": 0,
    "end": 900,
}


class Corpus:
    """Chunks and questions, the same for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        """Draw the vocabulary and the clusters."""
        self._random = np.random.default_rng(seed)
        syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "ar", "en")]
        drawn = self._random.integers(0, len(syllables), size=(_VOCABULARY, 4))
        lengths = self._random.integers(1, 5, size=_VOCABULARY)
        self._words = [
            "".join(syllables[i] for i in row[:length])
            for row, length in zip(drawn, lengths, strict=True)
        ]
        frequencies = 1.0 / (np.arange(_VOCABULARY) + 2.7)
        self._cumulative = np.cumsum(frequencies / frequencies.sum())
        self._clusters = self._random.normal(size=(_CLUSTERS, DIMENSION)).astype(np.float32)

    def chunks(self, count: int) -> Iterator[list[Point]]:
        """Draw chunks in batches."""
        for start in range(0, count, _BATCH):
            size = min(_BATCH, count - start)
            vectors = self._near_clusters(size)
            yield [
                Point(
                    id=UUID(int=start + n + 1),
                    version=UUID(int=(start + n) // _CHUNKS_OF_A_VERSION + 1),
                    vector=vectors[n],
                    text=self._text(_WORDS_OF_A_CHUNK),
                    payload=_PAYLOAD,
                )
                for n in range(size)
            ]

    def questions(self, count: int, hidden: int) -> list[Query]:
        """Draw questions; the first `hidden` versions are hidden from them."""
        vectors = self._near_clusters(count)
        concealed = tuple(UUID(int=n + 1) for n in range(hidden))
        return [Query(v, self._text(_WORDS_OF_A_QUESTION), 10, concealed) for v in vectors]

    def _near_clusters(self, count: int) -> Vector:
        centres = self._clusters[self._random.integers(0, _CLUSTERS, count)]
        spread = self._random.normal(size=(count, DIMENSION)).astype(np.float32)
        vectors = centres + 0.6 * spread
        unit: Vector = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def _text(self, words: int) -> str:
        ranks = np.searchsorted(self._cumulative, self._random.random(words))
        return " ".join(self._words[min(rank, _VOCABULARY - 1)] for rank in ranks)


def measure(
    points: int = 10_000, *, rounds: int = 5, searches: int = 100, index: bool = False
) -> dict[str, float]:
    """Measure one collection in a temporary folder.

    Args:
        points: How many chunks it holds.
        rounds: How many rounds are taken.
        searches: How many searches a round has.
        index: Whether an index is built, and measured during and after, and with a platform that
            is started on it.

    Returns:
        Figures by name; the unit ends the name (`_ms`, `_s`, `_mb`, `_per_s`).
    """
    with tempfile.TemporaryDirectory(prefix="sutazai-bench-") as folder:
        root, collection = Path(folder), uuid4()
        figures = asyncio.run(_measure(root, collection, points, rounds, searches, index))
        if index:
            figures |= _started(root / "home", root / str(collection), rounds)
        return figures


async def _measure(
    root: Path, collection: UUID, points: int, rounds: int, searches: int, index: bool
) -> dict[str, float]:
    corpus = Corpus()
    figures: dict[str, float] = {"points": points}
    async with open_edge_vectors(root, policy=_NEVER) as vectors:
        await vectors.create(collection, DIMENSION)
        figures["insert_per_s"] = await _insert(vectors, collection, corpus.chunks(points))
    figures |= await _opening(root, collection, corpus)
    async with open_edge_vectors(root, policy=_NEVER) as vectors:
        plain, hiding = corpus.questions(searches, 0), corpus.questions(searches, 300)
        figures |= await _rounds(vectors, collection, plain, rounds, "search")
        figures |= await _rounds(vectors, collection, hiding, rounds, "search_300_hidden")
        if index:
            figures |= await _while_building(vectors, collection, plain)
            figures |= await _rounds(vectors, collection, plain, rounds, "search_indexed")
            figures |= await _rounds(
                vectors, collection, hiding, rounds, "search_indexed_300_hidden"
            )
    return figures


async def _insert(vectors: EdgeVectors, collection: UUID, batches: Iterator[list[Point]]) -> float:
    seconds, written = 0.0, 0
    for batch in batches:
        started = time.perf_counter()
        await vectors.upsert(collection, batch)
        seconds += time.perf_counter() - started
        written += len(batch)
    return written / seconds


async def _opening(root: Path, collection: UUID, corpus: Corpus) -> dict[str, float]:
    """Measure the first search after opening, and how far it makes this process grow.

    The process has freed memory to reuse by now: a fresh one grows somewhat more.
    """
    process = psutil.Process()
    (question,) = corpus.questions(1, 0)
    async with open_edge_vectors(root, policy=_NEVER) as vectors:
        before = process.memory_full_info().pss
        started = time.perf_counter()
        await vectors.search(collection, question)
        opened = time.perf_counter() - started
        held = process.memory_full_info().pss - before
    return {"open_and_first_search_ms": opened * 1e3, "open_pss_mb": held / 1e6}


async def _rounds(
    vectors: EdgeVectors, collection: UUID, questions: list[Query], rounds: int, name: str
) -> dict[str, float]:
    taken = []
    for _ in range(rounds):
        times = [await _timed(vectors, collection, question) for question in questions]
        taken.append(_percentiles(times))
    return {
        f"{name}_p50_ms": statistics.median(p50 for p50, _ in taken),
        f"{name}_p95_ms": statistics.median(p95 for _, p95 in taken),
    }


async def _while_building(
    vectors: EdgeVectors, collection: UUID, questions: list[Query]
) -> dict[str, float]:
    """Build the index, searching and writing all the time; watch how long the loop stands still."""
    times, writes, stood = [], [], [0.0]
    started = time.perf_counter()
    ticking = asyncio.create_task(_tick(stood))
    build = asyncio.create_task(vectors.build_index(collection))
    for number in range(1 << 30):
        if build.done():
            break
        times.append(await _timed(vectors, collection, questions[number % len(questions)]))
        if number % 50 == 0:
            vector = questions[number % len(questions)].vector
            written = time.perf_counter()
            await vectors.upsert(collection, [Point(uuid4(), uuid4(), vector, "written meanwhile")])
            writes.append(time.perf_counter() - written)
        await asyncio.sleep(0.02)
    await build
    ticking.cancel()
    p50, p95 = _percentiles(times)
    return {
        "build_s": time.perf_counter() - started,
        "search_while_building_p50_ms": p50,
        "search_while_building_p95_ms": p95,
        "search_while_building_worst_ms": max(times) * 1e3,
        "write_while_building_worst_ms": max(writes) * 1e3,
        "loop_stood_still_worst_ms": max(stood) * 1e3,
        "builder_peak_rss_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }


async def _tick(stood: list[float]) -> None:
    """Note how much later than planned the event loop came back, again and again."""
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(_TICK_S)
        stood.append(time.perf_counter() - begun - _TICK_S)


def _started(home: Path, collection: Path, rounds: int) -> dict[str, float]:
    """Start the platform on a collection that was made before, and ask it at once.

    Its record does not know the chunks, so that they are searched twice, and none is shown.
    """
    with running(home) as first:
        place = home / "vectors" / str(_physical(first))
    shutil.rmtree(place, ignore_errors=True)
    shutil.move(collection, place)
    ready, asked = [], []
    for _ in range(rounds):
        with running(home) as platform:
            ready.append(platform.ready_s)
            begun = time.perf_counter()
            answer = platform.client.post("/api/v1/search", json={"query": "bade kar", "limit": 10})
            asked.append(time.perf_counter() - begun)
            answer.raise_for_status()
    return {
        "ready_with_the_collection_s": statistics.median(ready),
        "first_search_by_api_ms": statistics.median(asked) * 1e3,
    }


def _physical(platform: Running) -> UUID:
    """Give the name under which the vector store knows the first collection."""
    server = str(platform.home / "run" / "postgres")
    with psycopg.connect(host=server, dbname="postgres", user="postgres") as connection:
        row = connection.execute("SELECT physical FROM sutazai.collections").fetchone()
    if row is None:
        raise RuntimeError("the platform has no collection")
    return UUID(str(row[0]))


async def _timed(vectors: EdgeVectors, collection: UUID, question: Query) -> float:
    started = time.perf_counter()
    hits = await vectors.search(collection, question)
    taken = time.perf_counter() - started
    if len(hits) != question.limit:
        raise RuntimeError(f"a search found {len(hits)} chunks, not {question.limit}")
    return taken


def _percentiles(times: list[float]) -> tuple[float, float]:
    ordered = sorted(times)
    return ordered[len(ordered) // 2] * 1e3, ordered[int(len(ordered) * 0.95)] * 1e3


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--index", action="store_true", help="build the index too (minutes)")
    options = parser.parse_args()
    figures = measure(options.points, rounds=options.rounds, index=options.index)
    for name, figure in figures.items():
        over = name.endswith("_p95_ms") and figure > BUDGET_MS
        print(f"{name:36} {figure:12,.2f}{'  over the budget' if over else ''}")
    print(f"{'budget of p95 at 100 000 chunks':36} {BUDGET_MS:12,.2f}")


if __name__ == "__main__":
    main()
