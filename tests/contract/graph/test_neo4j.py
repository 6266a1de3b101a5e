"""The graph in a real Neo4j under the contract: what is projected, and while it is away."""

from collections.abc import AsyncIterator, Iterator, Sequence
from uuid import uuid4

import pytest

from sutazai.adapters.graph.neo4j import Neo4jGraph
from sutazai.adapters.graph.neo4j_client import Neo4jLink, open_neo4j
from sutazai.adapters.graph.neo4j_writing import Neo4jProjection
from sutazai.core.graph.facts import VersionFacts
from sutazai.core.graph.model import Scope
from sutazai.core.graph.standing import Standing
from sutazai_contracts.errors import GraphUnavailable
from tests.contract.graph.documents import (
    TOGETHER,
    Document,
    Expected,
    document,
    made_up,
    name_id,
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
async def link(server: Neo4j) -> AsyncIterator[Neo4jLink]:
    async with open_neo4j(server.url, USER, PASSWORD, timeout_s=20.0) as link:
        yield link


async def add(projection: Neo4jProjection, documents: Sequence[Document]) -> None:
    """Project documents, those of one collection in one go."""
    by_scope: dict[Scope, list[VersionFacts]] = {}
    for one in documents:
        by_scope.setdefault(one.scope, []).append(one.facts)
    for scope, facts in by_scope.items():
        await projection.add(scope, facts)


class TestNeo4jGraph(GraphContract):
    @pytest.fixture(autouse=True)
    async def _given(self, link: Neo4jLink) -> None:
        self.graph, self.projection = Neo4jGraph(link), Neo4jProjection(link)
        await self.projection.prepare()

    async def holding(self, documents: Sequence[Document]) -> Neo4jGraph:
        await add(self.projection, documents)
        return self.graph

    async def test_what_is_added_again_is_there_once(self, scope: Scope) -> None:
        documents = made_up(scope, 5)
        await self.holding(documents[:4])
        for _ in range(2):
            await self.holding(documents)
        assert await self.graph.all_links(scope, 10_000) == Expected(documents).links()
        assert await self.projection.versions(scope) == {one.version for one in documents}

    async def test_what_is_removed_leaves_the_rest(self, scope: Scope, server: Neo4j) -> None:
        documents = made_up(scope, 6)
        await self.holding(documents)
        for _ in range(2):
            await self.projection.remove(scope, [one.version for one in documents[1::2]])
        left = documents[::2]
        expected = Expected(left)
        assert await self.graph.all_links(scope, 10_000) == expected.links()
        everything = [row.entity for one in documents for row in one.facts.entities]
        assert await self.graph.entities(scope, everything) == expected.entities
        await self.projection.remove(scope, [one.version for one in left])
        # What a collection stands for is left, and says that it is nothing.
        assert server.ask(COUNT, tenant=scope.tenant.hex) == [{"nodes": 1, "joined": 0}]

    @pytest.mark.requirement("B9", part="what is projected into Neo4j")
    async def test_another_tenant_changes_nothing_of_it(self, scope: Scope) -> None:
        documents = made_up(scope, 7)
        await self.holding(documents)
        await self.projection.settle(scope)
        before = await self.projection.held_of(scope)
        versions = [one.version for one in documents]
        for foreign in (Scope(uuid4(), uuid4()), new_scope(scope.tenant)):
            assert await self.projection.versions(foreign) == set()
            assert await self.projection.held_of(foreign) is None
            await self.projection.remove(foreign, versions)
            await self.projection.forget(foreign)
        # Even where it says the collection's own id.
        stolen = Scope(uuid4(), scope.collection)
        assert await self.projection.held_of(stolen) is None
        with pytest.raises(GraphUnavailable, match="already exists"):
            await self.projection.remove(stolen, versions)
        assert await self.graph.all_links(scope, 10_000) == Expected(documents).links()
        assert await self.projection.held_of(scope) == before

    async def test_a_collection_says_which_versions_it_holds_whole(self, scope: Scope) -> None:
        documents = made_up(scope, 8)
        await self.holding(documents)
        held = await self.projection.held_of(scope)
        assert held is not None
        assert held.standing is None
        await self.projection.settle(scope)
        settled = await self.projection.held_of(scope)
        assert settled is not None
        assert settled.standing == Standing.of(one.version for one in documents)
        assert settled.changes > held.changes
        assert (await self.projection.held())[scope] == settled
        await self.projection.remove(scope, [documents[0].version])
        changed = await self.projection.held_of(scope)
        assert changed is not None
        assert changed.standing is None
        await self.projection.distrust(scope)
        distrusted = await self.projection.held_of(scope)
        assert distrusted is not None
        assert distrusted.distrusted

    async def test_all_of_a_collection_goes_whatever_is_of_it(
        self, scope: Scope, server: Neo4j
    ) -> None:
        beside = new_scope(scope.tenant)
        documents = made_up(scope, 9)
        other = document(beside, [("A", TOGETHER, "B")])
        await self.holding([*documents, other])
        # Somebody took the versions away, and left what they said.
        mine = {"tenant": scope.tenant.hex, "collection": scope.collection.hex}
        server.ask(
            "MATCH (v:Version {tenant: $tenant, collection: $collection}) DETACH DELETE v", **mine
        )
        await self.projection.forget(scope)
        left = "MATCH (n {tenant: $tenant, collection: $collection}) RETURN count(n) AS nodes"
        assert server.ask(left, **mine) == [{"nodes": 0}]
        assert await self.graph.all_links(beside, 10) == Expected([other]).links()


async def test_a_server_that_does_not_answer_is_given_up_in_time(server: Neo4j) -> None:
    scope = new_scope()
    async with open_neo4j(server.url, USER, PASSWORD, timeout_s=1.0) as link:
        one = document(scope, [("A", TOGETHER, "B")])
        await Neo4jProjection(link).add(scope, [one.facts])
        graph = Neo4jGraph(link)
        with server.held_up(), pytest.raises(GraphUnavailable, match="Neo4j can't be asked"):
            await graph.all_links(scope, 10)
        assert [link.subject for link in await graph.all_links(scope, 10)] == [
            min(name_id(scope, "A"), name_id(scope, "B"))
        ]


async def test_a_server_that_refuses_the_password_is_said_in_words(server: Neo4j) -> None:
    async with open_neo4j(server.url, USER, "another password") as link:
        with pytest.raises(GraphUnavailable, match="unauthorized"):
            await Neo4jGraph(link).all_links(new_scope(), 10)
