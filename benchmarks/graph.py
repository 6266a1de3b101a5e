"""Two hops in a graph of 100 000 relations.

    python -m benchmarks.graph
    python -m benchmarks.graph --relations 10000
    python -m benchmarks.graph --neo4j

Documents about made-up names, some of which are named much more than others, are written as an
index run writes them. Then `around` with two hops and 50 entities, a way of at most four links, and
what joins five chunks to others are asked for names at random, weighed by how often they are named.
With `--neo4j`, where Docker is, the facts are projected into one, and both are asked in turn.
"""

import argparse
import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

import numpy as np

from sutazai.adapters.graph.sql import SqlGraph
from sutazai.bootstrap.processes.server import EmbeddedPostgres
from sutazai.core.graph.expanding import joined
from sutazai.core.graph.model import Scope
from sutazai.core.graph.port import AskedGraph, Graph
from sutazai.core.graph.walking import around, way
from sutazai.records.database import open_database
from sutazai.records.migrate import migrate
from sutazai.records.roles import prepare_database
from tests.contract.graph.documents import TOGETHER, Document, document, name_id, new_scope
from tests.contract.graph.projecting import twins
from tests.contract.graph.writing import write
from tests.support.database import PASSWORDS, TestDatabase
from tests.support.neo4j import neo4j_server
from tests.support.postgres import fresh_database, private_folder, start_test_postgres

BUDGET_MS = 50.0
_OF_A_CHUNK = 5
_CHUNKS_OF_A_DOCUMENT = 20
# Neo4j's machine compiles what it runs often.
_WARM_UP = 100


Question = Callable[[Graph], Awaitable[object]]


@dataclass(frozen=True)
class Asked:
    """What is asked for: names by id, and chunks."""

    scope: Scope
    names: Sequence[UUID]
    chunks: Sequence[UUID]


def made(relations: int, seed: int = 1) -> tuple[list[Document], Asked]:
    """Make up documents with so many relations, and what is asked of them."""
    chance = random.Random(seed)
    scope, names = new_scope(), relations // 10
    documents: list[Document] = []
    asked: list[UUID] = []
    while len(documents) * _OF_A_CHUNK * _CHUNKS_OF_A_DOCUMENT < relations:
        chunks = []
        for _ in range(_CHUNKS_OF_A_DOCUMENT):
            # As in language: few are named often, most seldom.
            some = {f"Name {int(names * chance.random() ** 3)}" for _ in range(_OF_A_CHUNK + 3)}
            few = sorted(some)[: _OF_A_CHUNK + 1]
            chunks.append([(one, TOGETHER, other) for one, other in pairwise(few)])
            asked.append(name_id(scope, few[0]))
        documents.append(document(scope, *chunks))
    ids = [chunk.id for one in documents for chunk in one.chunks]
    return documents, Asked(scope, asked, ids)


async def ask(graphs: Mapping[str, AskedGraph], asked: Asked, times: int) -> dict[str, float]:
    """Ask each kind of question so often, the graphs in turn; gives p50 and p95 in ms, by name."""
    chance = random.Random(2)
    scope = asked.scope

    def two_hops() -> Question:
        start = chance.choice(asked.names)
        return lambda graph: around(graph, scope, start, 2, 50)

    def a_way() -> Question:
        start, end = chance.sample(asked.names, 2)
        return lambda graph: way(graph, scope, start, end, 4)

    def what_is_joined() -> Question:
        chunks = chance.sample(asked.chunks, 5)
        return lambda graph: joined(graph, scope, chunks)

    figures: dict[str, float] = {}
    kinds = {"two_hops": two_hops, "way": a_way, "joined": what_is_joined}
    for kind, made_up in kinds.items():
        took: dict[str, list[float]] = {name: [] for name in graphs}
        for number in range(_WARM_UP + times):
            question = made_up()
            for name, graph in graphs.items():
                began = time.perf_counter()
                await graph.ask(scope, question)
                if number >= _WARM_UP:
                    took[name].append(1000 * (time.perf_counter() - began))
        for name, graph_took in took.items():
            for share in (50, 95):
                figures[f"{name}_{kind}_p{share}_ms"] = float(np.percentile(graph_took, share))
    return figures


@asynccontextmanager
async def _records(server: EmbeddedPostgres, name: str) -> AsyncIterator[TestDatabase]:
    admin = server.dsn(database=name)
    urls = prepare_database(admin, PASSWORDS)
    await asyncio.to_thread(migrate, urls.owner)
    async with open_database(urls) as opened:
        yield TestDatabase(urls=urls, admin=admin, open=opened)


async def _measure(
    server: EmbeddedPostgres,
    name: str,
    documents: Sequence[Document],
    asked: Asked,
    times: int,
    neo4j_url: str | None,
) -> dict[str, float]:
    async with _records(server, name) as database:
        began = time.perf_counter()
        await write(database, documents)
        figures = {"written_s": time.perf_counter() - began}
        if neo4j_url is None:
            return figures | await ask({"sql": SqlGraph(database.open)}, asked, times)
        async with twins(database, neo4j_url) as both:
            began = time.perf_counter()
            await both.projector.look()
            figures["projected_s"] = time.perf_counter() - began
            figures |= await ask({"sql": both.sql, "neo4j": both.graph}, asked, times)
            assert all(both.asked), "the facts were asked where the projection was to be"
        return figures


def _tell(figures: dict[str, float]) -> None:
    for name, figure in figures.items():
        late = name.endswith("p95_ms") and figure > BUDGET_MS
        print(f"{name:22} {figure:8.1f}{'  over the budget' if late else ''}", flush=True)


def main() -> None:
    """Measure what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--relations", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--neo4j", action="store_true", help="a Neo4j beside the facts")
    chosen = parser.parse_args()
    documents, asked = made(chosen.relations)
    said = sum(len(one.facts.relations) for one in documents)
    print(f"{len(documents)} documents, {len(asked.chunks)} chunks, {said} relations", flush=True)
    with ExitStack() as life:
        # As much memory as compose gives it.
        neo4j = life.enter_context(neo4j_server("384m", "128m")) if chosen.neo4j else None
        server = start_test_postgres(life.enter_context(private_folder()))
        life.callback(lambda: asyncio.run(server.stop("immediate")))
        name = life.enter_context(fresh_database(server))
        url = None if neo4j is None else neo4j.url
        _tell(asyncio.run(_measure(server, name, documents, asked, chosen.times, url)))


if __name__ == "__main__":
    main()
