"""The facts of PostgreSQL projected into a real Neo4j: the same graph, or it is not asked."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from sutazai.core.graph.facts import VersionFacts
from sutazai.core.graph.model import Scope
from sutazai.core.graph.port import Graph
from sutazai.core.graph.projected import ProjectedGraph
from sutazai.core.graph.walking import around, communities, way
from sutazai_contracts.errors import GraphUnavailable
from tests.contract.graph.documents import TOGETHER, Document, document, made_up, new_scope
from tests.contract.graph.projecting import EachStep, Twins, twins
from tests.contract.graph.suite import GraphContract
from tests.contract.graph.writing import write
from tests.support.database import TestDatabase
from tests.support.neo4j import Neo4j, neo4j_server

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
EVERYTHING = "MATCH (n) DETACH DELETE n"


@pytest.fixture(scope="module")
def server() -> Iterator[Neo4j]:
    with neo4j_server() as server:
        yield server


@pytest.fixture
async def both(database: TestDatabase, server: Neo4j) -> AsyncIterator[Twins]:
    async with twins(database, server.url) as opened:
        yield opened


class TestProjectedGraph(GraphContract):
    """All that is asked here of what documents say is answered by Neo4j."""

    @pytest.fixture(autouse=True)
    async def _given(self, both: Twins) -> AsyncIterator[None]:
        self.both = both
        yield
        assert any(both.asked)

    async def holding(self, documents: Sequence[Document]) -> Graph:
        await write(self.both.database, documents)
        await self.both.projector.look()
        for scope in {one.scope for one in documents}:
            assert (await self.both.graph.state(scope)).whole
        asked: ProjectedGraph = self.both.graph
        return EachStep(asked)


async def assert_same(both: Twins, scope: Scope, documents: Sequence[Document]) -> None:
    """Compare neighbours, ways and communities of both, and that Neo4j is whom questions go to."""
    ids = sorted({row.entity for one in documents for row in one.facts.entities})
    neo4j, sql = both.neo4j, both.sql
    assert await neo4j.entities(scope, ids) == await sql.entities(scope, ids)
    assert await neo4j.all_links(scope, 10_000) == await sql.all_links(scope, 10_000)
    for one in ids[::4]:
        assert await around(neo4j, scope, one, 2, 20) == await around(sql, scope, one, 2, 20)
        there = await way(neo4j, scope, ids[0], one, 6)
        assert there == await way(sql, scope, ids[0], one, 6)
    assert await communities(neo4j, scope, 50, 12) == await communities(sql, scope, 50, 12)
    both.asked.clear()
    await both.graph.ask(scope, lambda graph: graph.all_links(scope, 1))
    assert both.asked == [True]


async def asked_of_facts(both: Twins, scope: Scope) -> None:
    """Ask, and see that the facts themselves answer."""
    both.asked.clear()
    found = await both.graph.ask(scope, lambda graph: graph.all_links(scope, 10_000))
    assert found == await both.sql.all_links(scope, 10_000)
    assert both.asked == [False]


async def test_what_another_layout_left_is_made_anew(both: Twins, server: Neo4j) -> None:
    scope = new_scope()
    documents = made_up(scope, 23)
    await write(both.database, documents)
    assert await both.projector.look() == 1
    # As an older release would have it: the same collection, other names for things.
    server.ask("MATCH (p:Projection) SET p.layout = 1")
    server.ask("MATCH (e:Entity {tenant: $tenant}) REMOVE e.ordinal", tenant=scope.tenant.hex)
    server.ask("CREATE (:Word {tenant: 'x'})-[:OF]->(:Word)")
    later = both.another_projector()
    assert await later.look() == 1
    await assert_same(both, scope, documents)
    assert server.ask("MATCH (w:Word) RETURN count(w) AS left") == [{"left": 0}]
    # Whoever looks next finds nothing to throw away.
    assert await both.another_projector().look() == 0
    await assert_same(both, scope, documents)


async def test_what_is_rebuilt_is_what_the_facts_are(both: Twins, server: Neo4j) -> None:
    scope, beside = new_scope(), new_scope()
    documents, others = made_up(scope, 21), made_up(beside, 22)
    await write(both.database, [*documents, *others])
    assert await both.projector.look() == 2
    await assert_same(both, scope, documents)
    # Somebody does what nobody should: it is not seen, and a rebuild mends it.
    server.ask("MATCH (e:Entity {tenant: $tenant})-[r:SAYS|JOINED]->() DELETE r",
               tenant=scope.tenant.hex)  # fmt: skip
    server.ask("CREATE (:Entity {id: 'x', tenant: $tenant, collection: $collection, key: 'x'})",
               tenant=scope.tenant.hex, collection=scope.collection.hex)  # fmt: skip
    assert await both.neo4j.all_links(scope, 10) == []
    await both.graph.rebuild(scope)
    await asked_of_facts(both, scope)
    state = await both.graph.state(scope)
    assert (state.whole, state.versions, state.of) == (False, 0, len(documents))
    assert await both.projector.look() == 1
    await assert_same(both, scope, documents)
    await assert_same(both, beside, others)
    left = server.ask("MATCH (e:Entity {id: 'x'}) RETURN count(e) AS left")
    assert left == [{"left": 0}]
    state = await both.graph.state(scope)
    assert (state.whole, state.versions, state.of) == (True, len(documents), len(documents))


async def test_what_comes_and_goes_is_followed(both: Twins) -> None:
    scope = new_scope()
    documents = made_up(scope, 23)
    await write(both.database, documents[:6])
    await asked_of_facts(both, scope)
    await both.projector.look()
    await assert_same(both, scope, documents[:6])
    await write(both.database, documents[6:])
    for one in documents[::3]:
        both.delete_document(one.version)
    await asked_of_facts(both, scope)
    await both.projector.look()
    left = [one for number, one in enumerate(documents) if number % 3]
    await assert_same(both, scope, left)
    for one in left:
        both.delete_document(one.version)
    await asked_of_facts(both, scope)
    assert await both.projector.look() == 1
    assert scope not in await both.projector.projection.held()
    assert await both.neo4j.all_links(scope, 10) == []
    assert await both.projector.look() == 0


async def test_a_projection_that_is_lost_is_made_again(both: Twins, server: Neo4j) -> None:
    scope = new_scope()
    documents = made_up(scope, 24)
    await write(both.database, documents)
    await both.projector.look()
    server.ask(EVERYTHING)
    await asked_of_facts(both, scope)
    await both.projector.look()
    await assert_same(both, scope, documents)


async def test_two_projectors_do_it_once(both: Twins) -> None:
    scope = new_scope()
    documents = made_up(scope, 25)
    await write(both.database, documents)
    both.delete_document(documents[0].version)
    await asyncio.gather(both.projector.look(), both.another_projector().look())
    await both.projector.look()
    await assert_same(both, scope, documents[1:])


async def test_one_that_stopped_half_way_is_gone_on_with(
    both: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = new_scope()
    documents = made_up(scope, 26)
    await write(both.database, documents[:4])
    await both.projector.look()
    await write(both.database, documents[4:])
    both.delete_document(documents[0].version)
    stopping = both.another_projector()

    async def stops(self: object, scope: Scope, facts: Sequence[VersionFacts]) -> None:
        raise GraphUnavailable("it stopped")

    monkeypatch.setattr(type(stopping.projection), "add", stops)
    with pytest.raises(GraphUnavailable, match="it stopped"):
        await stopping.look()
    monkeypatch.undo()
    await asked_of_facts(both, scope)
    await both.projector.look()
    await assert_same(both, scope, documents[1:])


async def test_what_changes_while_it_is_asked_is_asked_of_the_facts(both: Twins) -> None:
    scope = new_scope()
    documents = made_up(scope, 27)
    await write(both.database, documents)
    await both.projector.look()

    async def question(graph: Graph) -> object:
        if graph is both.neo4j:
            both.delete_document(documents[0].version)
            await both.projector.look()
        return await graph.all_links(scope, 10_000)

    both.asked.clear()
    assert await both.graph.ask(scope, question) == await both.sql.all_links(scope, 10_000)
    assert both.asked == [False]


async def test_one_that_is_away_is_missed_by_no_answer(both: Twins, server: Neo4j) -> None:
    scope = new_scope()
    documents = made_up(scope, 28)
    await write(both.database, documents)
    async with twins(both.database, server.url, timeout_s=2.0) as hasty:
        with pytest.raises(GraphUnavailable, match="not looked at yet"):
            await hasty.projector.check()
        await hasty.projector.look()
        await hasty.projector.check()
        with server.held_up():
            await asked_of_facts(hasty, scope)
            with pytest.raises(GraphUnavailable, match="Neo4j can't be asked"):
                await hasty.projector.check()
            # Nobody waits for it a second time.
            async with asyncio.timeout(1.0):
                await asked_of_facts(hasty, scope)
            with pytest.raises(GraphUnavailable):
                await hasty.projector.look()
        await hasty.projector.look()
        await hasty.projector.check()
        await assert_same(hasty, scope, documents)


async def test_it_runs_until_it_is_told_to_stop(both: Twins, server: Neo4j) -> None:
    scope = new_scope()
    await write(both.database, [document(scope, [("A", TOGETHER, "B")])])
    running = asyncio.create_task(both.projector.run())
    try:
        await until_whole(both, scope)
        server.ask(EVERYTHING)
        both.projector.nudge()
        await until_whole(both, scope)
    finally:
        running.cancel()


async def until_whole(both: Twins, scope: Scope) -> None:
    """Wait until all of a collection is projected."""
    async with asyncio.timeout(60):
        while not (await both.graph.state(scope)).whole:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
