"""A question that asks the graph too: what is joined stands between what was found."""

from dataclasses import replace

from sutazai_contracts.joining import SEEDS, Joined
from sutazai_contracts.knowledge import Passages
from sutazai_contracts.tasks import Crashed
from tests.unit.researcher.collection import Collection

FACTS = {
    "zephyr.md": "The Zephyr 9 engine was built by Halden Works.",
    "engine.md": "Every engine was built with care, the Zephyr too.",
    "oil.md": "An engine needs oil.",
    "built.md": "The church was built of stone.",
    "coal.md": "Coal is burnt in an engine.",
    "gears.md": "The gears of an engine are made of brass.",
    "halden.md": "Halden Works has a yard in Trondheim.",
    "trondheim.md": "Trondheim has a cathedral.",
}
QUESTION = "Who built the Zephyr 9 engine?"


async def ask(collection: Collection, **more: object) -> Passages:
    done = await collection.ask(QUESTION, **more)
    assert isinstance(done.output, Passages), done.result
    return done.output


async def test_what_is_joined_takes_every_other_place_from_the_third_on(
    collection: Collection,
) -> None:
    await collection.fill(FACTS)
    plain = [one.document.name for one in (await ask(collection, limit=6)).passages]
    near, far = collection.version("halden.md"), collection.version("trondheim.md")
    collection.joining.joined_to = Joined(near={near: 0}, far={far: 0})
    found = await ask(collection, limit=6, graph=True)
    names = [one.document.name for one in found.passages]
    assert names == [*plain[:2], "halden.md", plain[2], "trondheim.md", plain[3]]
    assert [one.by_graph for one in found.passages] == [False, False, True, False, True, False]
    assert [one.score for one in found.passages] == [1 / place for place in range(1, 7)]
    assert found.without_graph == ""
    assert collection.joining.asked == [[collection.version(name) for name in plain[:SEEDS]]]


async def test_what_the_question_finds_itself_is_not_by_the_graph(collection: Collection) -> None:
    await collection.fill(FACTS)
    fourth = (await ask(collection, limit=6)).passages[3]
    collection.joining.joined_to = Joined(near={fourth.chunk: 0})
    found = (await ask(collection, limit=6, graph=True)).passages
    assert found[2].chunk == fourth.chunk
    assert not any(one.by_graph for one in found)
    assert len({one.chunk for one in found}) == len(found) == 6


async def test_the_graph_is_not_asked_where_it_is_not_to_be(collection: Collection) -> None:
    await collection.fill(FACTS)
    plain = await collection.ask(QUESTION)
    assert collection.joining.asked == []
    assert plain.usage["searches"] == 1
    # Nothing is asked about a collection that holds nothing.
    collection.grant = collection.grant.model_copy(update={"physical": collection.version("new")})
    assert collection.ports.vectors is not None
    await collection.ports.vectors.create(
        collection.grant.physical, collection.grant.model.dimension
    )
    assert (await ask(collection, graph=True)).passages == ()
    assert collection.joining.asked == []


async def test_where_the_graph_is_away_it_is_answered_without_and_said(
    collection: Collection,
) -> None:
    await collection.fill(FACTS)
    plain = await ask(collection)
    collection.joining.away = "The graph can't be asked: no database."
    done = await collection.ask(QUESTION, graph=True)
    assert done.output.passages == plain.passages
    assert done.output.without_graph == "The graph can't be asked: no database."
    assert done.progress[-1].message.endswith(
        "; without the graph: The graph can't be asked: no database."
    )


async def test_how_much_the_graph_found_is_said(collection: Collection) -> None:
    await collection.fill(FACTS)
    collection.joining.joined_to = Joined(near={collection.version("trondheim.md"): 0})
    done = await collection.ask(QUESTION, limit=4, graph=True)
    assert done.progress[-1].message.endswith("; 1 of them by the graph")
    assert done.usage["searches"] == 2


async def test_a_process_without_the_port_says_so(collection: Collection) -> None:
    await collection.fill(FACTS)
    collection.ports = replace(collection.ports, joining=None)
    done = await collection.ask(QUESTION, graph=True)
    assert isinstance(done.result, Crashed)
    assert "no port `joining`" in done.result.reason
    assert len((await ask(collection)).passages) == len(FACTS)
