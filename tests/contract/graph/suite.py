"""What every graph has to give. An adapter's test subclasses `GraphContract` and opens it."""

from collections.abc import Sequence
from uuid import uuid4

import pytest

from sutazai.core.graph.model import Scope
from sutazai.core.graph.port import Graph
from sutazai.core.graph.walking import around, communities, way
from sutazai_contracts.graph import EntityKind
from tests.contract.graph.documents import (
    IS_A,
    TOGETHER,
    Document,
    Expected,
    Said,
    document,
    made_up,
    name_id,
    new_scope,
)


class GraphContract:
    """The contract; see `sutazai.core.graph.port`."""

    async def holding(self, documents: Sequence[Document]) -> Graph:
        """Give the graph of these documents, and of those that were given before."""
        raise NotImplementedError

    @pytest.fixture
    def scope(self) -> Scope:
        return new_scope()

    async def test_an_entity_is_one_whatever_documents_call_it(self, scope: Scope) -> None:
        one = document(scope, ["Anna Berg", "Oslo"], ["Anna Berg"])
        other = document(scope, ["ANNA BERG"])
        graph = await self.holding([one, other])
        anna, oslo = name_id(scope, "Anna Berg"), name_id(scope, "Oslo")
        found = await graph.entities(scope, [oslo, uuid4(), anna, anna])
        assert [entity.id for entity in found] == sorted([anna, oslo])
        (berg,) = [entity for entity in found if entity.id == anna]
        assert (berg.kind, berg.key, berg.name) == (EntityKind.NAME, "anna berg", "ANNA BERG")
        assert berg.chunks == 3
        assert await graph.entities(scope, []) == []

    async def test_entities_are_found_by_how_they_begin(self, scope: Scope) -> None:
        chunks = [["Oslo", "Oslo Harbour", "Oslo Works", "Bergen"], ["Oslo Works"], ["Oslo Works"]]
        graph = await self.holding([document(scope, *chunks)])
        keys = [entity.key for entity in await graph.find(scope, ["oslo"], 10)]
        assert keys == ["oslo", "oslo works", "oslo harbour"]
        assert [e.key for e in await graph.find(scope, ["oslo", "oslo"], 2)] == [
            "oslo",
            "oslo works",
        ]
        assert [e.key for e in await graph.find(scope, ["oslo h"], 2)] == ["oslo harbour"]
        several = await graph.find(scope, ["bergen", "oslo w", "oslo works", "x"], 10)
        assert [entity.key for entity in several] == ["oslo works", "bergen"]
        # Starts that begin with each other count what both find once.
        assert await graph.find(scope, ["oslo", "osl"], 10) == await graph.find(scope, ["oslo"], 10)
        assert await graph.find(scope, [], 10) == []
        for words in ("slo", "o%", "_", "nothing"):
            assert await graph.find(scope, [words], 10) == []
        assert len(await graph.find(scope, [""], 10)) == 4

    async def test_links_are_weighed_by_the_chunks_that_say_so(self, scope: Scope) -> None:
        documents = [
            document(scope, [("A", TOGETHER, "B"), ("A", IS_A, "C")], [("B", TOGETHER, "A")]),
            document(scope, [("A", TOGETHER, "B")], [("C", TOGETHER, "D")]),
        ]
        graph = await self.holding(documents)
        a, b = name_id(scope, "A"), name_id(scope, "B")
        links = await graph.links(scope, [a], 10)
        assert links == Expected(documents).links(ends=[a])
        assert [(link.kind, link.weight) for link in links] == [(TOGETHER, 3), (IS_A, 1)]
        assert (links[0].other(a), links[0].other(b)) == (b, a)
        # A link of both is one.
        assert await graph.links(scope, [a, b], 1) == links[:1]
        assert await graph.links(scope, [uuid4()], 10) == []
        assert await graph.links(scope, [], 10) == []

    async def test_what_chunks_say_is_weighed_by_them_alone(self, scope: Scope) -> None:
        one = document(scope, [("A", TOGETHER, "B")], [("A", TOGETHER, "B"), "C"])
        graph = await self.holding([one])
        first, second = (chunk.id for chunk in one.chunks)
        (link,) = await graph.links_said(scope, [first], 10)
        assert link.weight == 1
        (link,) = await graph.links_said(scope, [first, second, uuid4()], 10)
        assert link.weight == 2
        expected = [place for place in Expected([one]).places if place.chunk == second]
        assert await graph.named(scope, [second, uuid4()]) == expected
        c = name_id(scope, "C")
        assert [place.chunk for place in await graph.naming(scope, [c, uuid4()], 10)] == [second]

    @pytest.mark.requirement("B9", part="the graph")
    async def test_another_tenant_or_collection_has_nothing_of_it(self, scope: Scope) -> None:
        mine = document(scope, [("A", TOGETHER, "B")])
        theirs = new_scope()
        beside = new_scope(scope.tenant)
        others = [document(theirs, [("A", TOGETHER, "C")]), document(beside, [("A", IS_A, "D")])]
        graph = await self.holding([mine, *others])
        a, chunks = name_id(scope, "A"), [chunk.id for chunk in mine.chunks]
        stolen = Scope(theirs.tenant, scope.collection)
        for foreign in (theirs, beside, stolen, Scope(uuid4(), uuid4())):
            assert await graph.entities(foreign, [a]) == []
            assert await graph.links(foreign, [a], 10) == []
            assert await graph.links_said(foreign, chunks, 10) == []
            assert await graph.named(foreign, chunks) == []
            assert await graph.naming(foreign, [a], 10) == []
        for foreign in (stolen, Scope(uuid4(), uuid4())):
            assert await graph.find(foreign, ["a"], 10) == []
            assert await graph.all_links(foreign, 10) == []
        assert await graph.all_links(scope, 10) == Expected([mine]).links()
        assert [entity.id for entity in await graph.find(scope, [""], 10)] == sorted(
            [a, name_id(scope, "B")]
        )

    @pytest.mark.parametrize("seed", [1, 2, 3])
    async def test_a_larger_graph_is_what_its_documents_say(self, scope: Scope, seed: int) -> None:
        documents = made_up(scope, seed)
        graph = await self.holding(documents)
        expected = Expected(documents)
        ids = [entity.id for entity in expected.entities]
        assert await graph.entities(scope, ids[::-1]) == expected.entities
        assert await graph.all_links(scope, 10_000) == expected.links()
        assert await graph.all_links(scope, 7) == expected.links()[:7]
        some = ids[::5]
        assert await graph.links(scope, some, 10_000) == expected.links(ends=some)
        assert await graph.links(scope, some, 5) == expected.links(ends=some)[:5]
        chunks = [chunk.id for one in documents[::2] for chunk in one.chunks]
        assert await graph.links_said(scope, chunks, 10_000) == expected.links(chunks=chunks)
        assert await graph.named(scope, chunks) == [p for p in expected.places if p.chunk in chunks]
        naming = sorted((p.entity, p.chunk) for p in expected.places if p.entity in some)
        found = await graph.naming(scope, some, 10)
        assert [(place.entity, place.chunk) for place in found] == naming[:10]

    async def test_what_is_around_an_entity(self, scope: Scope) -> None:
        chunks: list[list[Said | str]] = [
            [("A", TOGETHER, "B"), ("B", TOGETHER, "C"), ("C", TOGETHER, "D")],
            [("A", TOGETHER, "E"), ("B", TOGETHER, "E")],
            [("A", TOGETHER, "E")],
        ]
        graph = await self.holding([document(scope, *chunks)])
        a = name_id(scope, "A")
        near = await around(graph, scope, a, 1, 10)
        assert {entity.name for entity in near.entities} == {"A", "B", "E"}
        assert (len(near.links), near.links[0].weight, near.cut) == (2, 2, False)
        far = await around(graph, scope, a, 2, 10)
        assert {entity.name for entity in far.entities} == {"A", "B", "C", "E"}
        assert len(far.links) == 4
        few = await around(graph, scope, a, 2, 2)
        assert ({entity.name for entity in few.entities}, few.cut) == ({"A", "E"}, True)
        nothing = await around(graph, scope, uuid4(), 2, 10)
        assert (list(nothing.entities), list(nothing.links)) == ([], [])

    async def test_a_shortest_way_between_two(self, scope: Scope) -> None:
        line: list[Said | str] = [(f"N{number}", TOGETHER, f"N{number + 1}") for number in range(6)]
        detour: list[Said | str] = [
            ("N0", TOGETHER, "X"),
            ("X", IS_A, "Y"),
            ("Y", TOGETHER, "N4"),
            "Lone",
        ]
        graph = await self.holding([document(scope, line, detour)])
        first, last = name_id(scope, "N0"), name_id(scope, "N6")
        found = await way(graph, scope, first, last, 6)
        assert [entity.name for entity in found.entities] == ["N0", "X", "Y", "N4", "N5", "N6"]
        assert [link.kind for link in found.links] == [TOGETHER, IS_A, TOGETHER, TOGETHER, TOGETHER]
        back = await way(graph, scope, last, first, 5)
        assert [entity.name for entity in back.entities] == ["N6", "N5", "N4", "Y", "X", "N0"]
        assert (await way(graph, scope, first, last, 4)).entities == ()
        assert (await way(graph, scope, first, name_id(scope, "Lone"), 6)).entities == ()
        assert (await way(graph, scope, first, uuid4(), 6)).entities == ()
        (same,) = (await way(graph, scope, first, first, 6)).entities
        assert same.name == "N0"

    async def test_communities_are_what_is_joined_most(self, scope: Scope) -> None:
        left = [(f"L{one}", TOGETHER, f"L{two}") for one in range(4) for two in range(one)]
        right = [(f"R{one}", TOGETHER, f"R{two}") for one in range(5) for two in range(one)]
        graph = await self.holding([document(scope, left, right, [("L0", TOGETHER, "R0")])])
        found = await communities(graph, scope, 10, 3)
        assert [group.size for group in found] == [5, 4]
        assert [{entity.name[0] for entity in group.entities} for group in found] == [{"R"}, {"L"}]
        assert [len(group.entities) for group in found] == [3, 3]
        assert found[0].entities[0].name == "R0"
        assert await communities(graph, scope, 10, 3) == found
        assert len(await communities(graph, scope, 1, 3)) == 1
        assert await communities(graph, new_scope(), 10, 3) == []
