"""The researcher through the runner's own code: Qdrant's engine, the real embedder."""

from uuid import uuid4

import pytest

from sutazai_agents.researcher import MOST_BYTES, researcher
from sutazai_contracts.knowledge import Passages
from sutazai_contracts.tasks import Refused
from sutazai_kit.execution import MAX_OUTPUT
from sutazai_kit.testing import run_agent
from tests.unit.researcher.collection import Collection

FACTS = {
    "bees.md": "Honey is ripe when it holds less than eighteen percent of water.",
    "bus.md": "The bus to the harbour leaves every ten minutes.",
    "lease.md": "The rent of the flat is due on the third working day.",
    "soup.md": "Simmer the lentils for twenty minutes before you add salt.",
}


async def test_the_passage_that_fits_comes_first_with_its_place(collection: Collection) -> None:
    await collection.fill(FACTS)
    done = await collection.ask("  When is honey ripe? ")
    found = done.output
    assert found.question == "When is honey ripe?"
    assert found.searched == 4
    first = found.passages[0]
    assert (first.document.id, first.document.name) == (collection.version("bees.md"), "bees.md")
    assert (first.start, first.end, first.text) == (0, len(first.text), FACTS["bees.md"])
    assert 0.5 < first.similarity <= 1
    assert [each.message for each in done.progress] == [
        "Looking for “When is honey ripe?”",
        "Found 4 passages in 4 documents, of 4 passages in all",
    ]
    assert done.usage == {"searches": 1, "passages": 4}


async def test_each_part_of_a_question_is_looked_for(collection: Collection) -> None:
    await collection.fill(FACTS)
    question = "When is honey ripe? How often does the bus leave? When is the rent due?"
    done = await collection.ask(question, limit=3)
    assert {each.document.name for each in done.output.passages} == {
        "bees.md", "bus.md", "lease.md"
    }  # fmt: skip
    assert done.usage["searches"] == 4
    assert "“How often does the bus leave?”" in done.progress[0].message


async def test_the_limit_is_kept(collection: Collection) -> None:
    await collection.fill(FACTS)
    assert await collection.names("When is honey ripe?", limit=1) == ["bees.md"]


async def test_hidden_versions_are_not_found(collection: Collection) -> None:
    await collection.fill(FACTS)
    hidden = (collection.version("bees.md"),)
    collection.grant = collection.grant.model_copy(update={"hidden_versions": hidden})
    assert "bees.md" not in await collection.names("When is honey ripe?")


async def test_an_empty_collection_gives_no_passages(collection: Collection) -> None:
    done = await collection.ask("When is honey ripe?")
    assert done.output == Passages(question="When is honey ripe?")
    assert done.progress[-1].message == "The collection is empty: there is nothing to search"
    assert done.usage == {"passages": 0}


async def test_the_longest_question_is_taken(collection: Collection) -> None:
    await collection.fill(FACTS)
    question = "When is honey ripe? " + "And what about the rent? " * 399
    assert "bees.md" in await collection.names(question[:10_000])


@pytest.mark.untraced
async def test_many_large_passages_stay_below_what_an_output_may_have(
    collection: Collection,
) -> None:
    await collection.fill({f"{number}.md": f"{number} " + "蜂" * 2000 for number in range(50)})
    done = await collection.ask("蜂", limit=50)
    size = len(done.output.model_dump_json().encode())
    assert MOST_BYTES * 0.9 < size < MAX_OUTPUT * 0.8


async def test_a_collection_that_is_gone_is_refused(collection: Collection) -> None:
    alone = await run_agent(researcher, {"question": "x"}, ports=collection.ports)
    assert alone.result == Refused(reason="the collection is gone")
    collection.grant = collection.grant.model_copy(update={"physical": uuid4()})
    assert (await collection.ask("x")).result == Refused(reason="the collection is gone")


async def test_a_collection_of_another_model_is_refused(collection: Collection) -> None:
    other = collection.grant.model.model_copy(update={"name": "bge-m3", "revision": "r9"})
    collection.grant = collection.grant.model_copy(update={"model": other})
    result = (await collection.ask("x")).result
    assert isinstance(result, Refused)
    for part in ("bge-m3 (r9)", "all-MiniLM-L6-v2", "`reindex`"):
        assert part in result.reason


@pytest.mark.parametrize(
    ("task", "field"),
    [
        ({"question": " \n"}, "question"),
        ({"question": "x" * 10_001}, "question"),
        ({"question": "x", "limit": 0}, "limit"),
        ({"question": "x", "limit": 51}, "limit"),
        ({"question": "x", "extra": 1}, "extra"),
    ],
)
async def test_a_bad_input_is_refused_by_name(task: dict[str, object], field: str) -> None:
    done = await run_agent(researcher, task)
    assert isinstance(done.result, Refused)
    assert field in done.result.reason
