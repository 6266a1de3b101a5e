"""The graph in a real Neo4j under the contract: what is projected, and while it is away."""

from collections.abc import AsyncIterator, Iterator, Sequence
from uuid import uuid4

import pytest

from sutazai.adapters.graph.neo4j import Neo4jGraph, open_neo4j
from sutazai.core.graph.model import Scope
from sutazai_contracts.errors import GraphUnavailable
from tests.contract.graph.documents import (
    TOGETHER,
    Document,
    Expected,
    document,
    made_up,
    new_scope,
)
from tests.contract.graph.suite import GraphContract
from tests.support.neo4j import PASSWORD, USER, Neo4j, neo4j_server

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
COUNT = """
OPTIONAL MATCH (n {tenant: $tenant}) WITH count(n) AS nodes
OPTIONAL MATCH ({tenant: $tenant})-[r]->() RETURN nodes, count(r) AS joined
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Neo4j]:
    with neo4j_server() as server:
        yield server


@pytest.fixture
async def graph(server: Neo4j) -> AsyncIterator[Neo4jGraph]:
    async with open_neo4j(server.url, USER, PASSWORD, timeout_s=20.0) as graph:
        await graph.prepare()
        yield graph


class TestNeo4jGraph(GraphContract):
    @pytest.fixture(autouse=True)
    def _given(self, graph: Neo4jGraph) -> None:
        self.graph = graph

    async def holding(self, documents: Sequence[Document]) -> Neo4jGraph:
        for one in documents:
            await self.graph.add(one.facts)
        return self.graph

    async def test_what_is_added_again_is_there_once(self, scope: Scope) -> None:
        documents = made_up(scope, 5)
        for _ in range(2):
            await self.holding(documents)
        assert await self.graph.all_links(scope, 10_000) == Expected(documents).links()
        there = {(scope.tenant, one.version) for one in documents}
        assert there <= await self.graph.versions()

    async def test_what_is_removed_leaves_the_rest(self, scope: Scope, server: Neo4j) -> None:
        documents = made_up(scope, 6)
        await self.holding(documents)
        for one in documents[1::2]:
            await self.graph.remove(scope.tenant, one.version)
            await self.graph.remove(scope.tenant, one.version)
        left = documents[::2]
        expected = Expected(left)
        assert await self.graph.all_links(scope, 10_000) == expected.links()
        everything = [row.entity for one in documents for row in one.facts.entities]
        assert await self.graph.entities(scope, everything) == expected.entities
        for one in left:
            # Another tenant removes nothing of it.
            await self.graph.remove(uuid4(), one.version)
        assert await self.graph.all_links(scope, 10_000) == expected.links()
        for one in left:
            await self.graph.remove(scope.tenant, one.version)
        found = server.ask(COUNT, tenant=str(scope.tenant))
        assert found == [{"nodes": 0, "joined": 0}]


async def test_a_server_that_does_not_answer_is_given_up_in_time(server: Neo4j) -> None:
    scope = new_scope()
    async with open_neo4j(server.url, USER, PASSWORD, timeout_s=1.0) as graph:
        one = document(scope, [("A", TOGETHER, "B")])
        await graph.add(one.facts)
        with server.held_up(), pytest.raises(GraphUnavailable, match="Neo4j can't be asked"):
            await graph.all_links(scope, 10)
        assert len(await graph.all_links(scope, 10)) == 1


async def test_a_server_that_refuses_the_password_is_said_in_words(server: Neo4j) -> None:
    async with open_neo4j(server.url, USER, "another password") as graph:
        with pytest.raises(GraphUnavailable, match="unauthorized"):
            await graph.all_links(new_scope(), 10)
