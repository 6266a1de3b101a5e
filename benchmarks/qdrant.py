"""A Qdrant server through the vector port: many collections, and one large one.

    python -m benchmarks.qdrant
    python -m benchmarks.qdrant --collections 50 --points 10000

Starts the server of the stack's image in Docker. First many small collections: how fast they are
created, ten at once, what memory the server holds then, how long a search in one of them takes.
Then a large one, with the chunks and questions of `benchmarks.search`: how fast points are written,
and how long searches take. Writing stops after `--seconds`, whatever is written by then.
"""

import argparse
import asyncio
import json
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from uuid import UUID, uuid4

from benchmarks.search import BUDGET_MS, DIMENSION, Corpus
from sutazai_kit.vectors.port import Query, Vectors
from sutazai_kit.vectors.qdrant.vectors import open_qdrant_vectors
from tests.support.qdrant import KEY, Qdrant, qdrant

# Longer than the product's: an index is built meanwhile, and here it is the figure that counts.
_TIMEOUT_S = 150.0
_POINTS_OF_A_SMALL_ONE = 100
_SEARCHES = 200
_WARM_UP = 20
_AT_ONCE = 10

Tell = Callable[[str, float], None]
Figures = AsyncIterator[tuple[str, float]]


def measure(
    collections: int = 500,
    points: int = 100_000,
    seconds: float = 75.0,
    tell: Tell = lambda name, figure: None,
) -> dict[str, float]:
    """Measure a server that is started for it.

    Args:
        collections: How many small collections are made.
        points: How many points are written to the large one.
        seconds: After which no more are written to it.
        tell: Hears of each figure as soon as it is known.

    Returns:
        Figures by name; the unit ends the name (`_ms`, `_mb`, `_per_s`).
    """
    with qdrant() as server:
        print(_engine(server), flush=True)
        return asyncio.run(_measure(server, collections, points, seconds, tell))


async def _measure(
    server: Qdrant, collections: int, points: int, seconds: float, tell: Tell
) -> dict[str, float]:
    corpus = Corpus()
    figures: dict[str, float] = {}
    async with open_qdrant_vectors(server.url, KEY, timeout_s=_TIMEOUT_S) as vectors:
        parts = (
            _empty(server),
            _many(server, vectors, corpus, collections),
            _large(server, vectors, corpus, points, seconds),
        )
        for part in parts:
            async for name, figure in part:
                figures[name] = figure
                tell(name, figure)
    return figures


async def _empty(server: Qdrant) -> Figures:
    yield "memory_empty_mb", _memory_mb(server)


async def _many(server: Qdrant, vectors: Vectors, corpus: Corpus, collections: int) -> Figures:
    names = [uuid4() for _ in range(collections)]
    started = time.perf_counter()
    for first in range(0, collections, _AT_ONCE):
        some = names[first : first + _AT_ONCE]
        await asyncio.gather(*(vectors.create(name, DIMENSION) for name in some))
    yield "collections", float(collections)
    yield "create_per_s", collections / (time.perf_counter() - started)
    yield "memory_with_collections_mb", _memory_mb(server)
    chosen = names[collections // 2]
    for batch in corpus.chunks(_POINTS_OF_A_SMALL_ONE):
        await vectors.upsert(chosen, batch)
    found = await _searches(vectors, chosen, corpus.questions(_SEARCHES, 0))
    for figure in _percentiles("search_in_one_of_them", found):
        yield figure


async def _large(
    server: Qdrant, vectors: Vectors, corpus: Corpus, points: int, seconds: float
) -> Figures:
    name, written, spent = uuid4(), 0, 0.0
    await vectors.create(name, DIMENSION)
    for batch in corpus.chunks(points):
        spent += await _seconds(vectors.upsert(name, batch))
        written += len(batch)
        if spent > seconds:
            break
    yield "points", float(written)
    yield "insert_per_s", written / spent
    # The first answer after the last write may wait for what the server does with it.
    (question,) = corpus.questions(1, 0)
    yield "first_search_ms", await _seconds(vectors.search(name, question)) * 1e3
    for kind, hidden in (("search", 0), ("search_300_hidden", 300)):
        times = await _searches(vectors, name, corpus.questions(_SEARCHES, hidden))
        for figure in _percentiles(kind, times):
            yield figure
    yield "memory_at_the_end_mb", _memory_mb(server)


async def _searches(vectors: Vectors, name: UUID, questions: list[Query]) -> list[float]:
    for question in questions[:_WARM_UP]:
        await vectors.search(name, question)
    times = []
    for question in questions:
        times.append(await _seconds(vectors.search(name, question)))
    return times


async def _seconds(call: Awaitable[object]) -> float:
    started = time.perf_counter()
    await call
    return time.perf_counter() - started


def _percentiles(name: str, times: list[float]) -> Iterator[tuple[str, float]]:
    ordered = sorted(times)
    yield f"{name}_p50_ms", ordered[len(ordered) // 2] * 1e3
    yield f"{name}_p95_ms", ordered[int(len(ordered) * 0.95)] * 1e3


def _memory_mb(server: Qdrant) -> float:
    """Give the container's memory without the kernel's file cache."""
    running = server.server.running.get_wrapped_container()
    memory = running.stats(stream=False)["memory_stats"]
    cached = memory.get("stats", {}).get("inactive_file", 0)
    return float(memory["usage"] - cached) / 1e6


def _engine(server: Qdrant) -> str:
    with urllib.request.urlopen(server.url, timeout=10) as answer:
        told = json.load(answer)
    return f"{answer.headers.get('Server') or told['title']}, version {told['version']}"


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--collections", type=int, default=500)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=75.0)
    options = parser.parse_args()
    measure(options.collections, options.points, options.seconds, _print)


def _print(name: str, figure: float) -> None:
    over = name == "search_p95_ms" and figure > BUDGET_MS
    print(f"{name:36} {figure:12,.2f}{'  over the budget' if over else ''}", flush=True)


if __name__ == "__main__":
    main()
