"""Search over Qdrant's engine, held against the record."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from sutazai.core.knowledge.model import SearchHit
from sutazai.core.knowledge.search import Search
from sutazai_contracts.errors import InvalidInput, ModelMismatch, NotFound
from sutazai_kit.vectors.port import Hit, Query, Vectors
from tests.integration.knowledge.bag_of_words import BAG, BagOfWords
from tests.integration.knowledge.world import World


async def search(world: World, query: str, limit: int = 10) -> list[SearchHit]:
    return await world.knowledge.search(world.tenant, query, "default", limit)


async def test_a_hit_says_where_it_stands(world: World) -> None:
    text = "red apples\ngreen pears\n你好 blue plums"
    document = await world.add("fruit.txt", text)
    world.embeddings.interactive.clear()
    best = (await search(world, "blue plums"))[0]
    assert (best.document.id, best.document.name) == (document, "fruit.txt")
    assert best.text == "你好 blue plums"
    assert text[best.start : best.end] == best.text
    assert best.heading_path == ("Lines", "Line 2")
    assert -1 <= best.similarity <= 1.0001
    assert world.embeddings.interactive == [True]


async def test_a_limit_is_kept_and_the_best_come_first(world: World) -> None:
    await world.add("fruit.txt", "\n".join(f"apples number {n}" for n in range(20)))
    hits = await search(world, "apples", 5)
    assert len(hits) == 5
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


async def test_only_the_newest_indexed_version_is_found(world: World) -> None:
    await world.add("a.txt", "red apples")
    await world.add("a.txt", "green apples")
    assert await world.found("apples") == [("a.txt", "green apples")]
    await world.upload("a.txt", "blue apples")
    for claim in await world.claim():
        await world.index(claim)
    # Points without a commit are not found, and take no place of others.
    assert await world.found("blue apples") == [("a.txt", "green apples")]
    assert len(await search(world, "blue apples", 1)) == 1


async def test_a_failed_version_is_not_found(world: World) -> None:
    await world.add("a.txt", "red apples")
    await world.upload("b.txt", "blue apples")
    await world.fail_all()
    assert await world.found("apples") == [("a.txt", "red apples")]


async def test_another_tenant_finds_nothing_of_it(world: World) -> None:
    await world.add("a.txt", "red apples")
    other = await world.database.new_tenant()
    with pytest.raises(NotFound):
        await world.knowledge.search(other, "apples", "default", 10)
    await world.knowledge.create_collection(other, "default")
    assert await world.knowledge.search(other, "apples", "default", 10) == []


class RemovedMeanwhile:
    """A vector store below which a document is removed while the first search is under way."""

    def __init__(self, world: World, document: UUID) -> None:
        self.world = world
        self.document = document
        self.queries: list[Query] = []

    async def search(self, collection: UUID, query: Query) -> Sequence[Hit]:
        self.queries.append(query)
        hits = await self.world.vectors.search(collection, query)
        if len(self.queries) == 1:
            await self.world.knowledge.delete_document(self.world.tenant, "default", self.document)
        return hits


async def test_what_is_removed_during_a_search_gives_its_place_to_others(world: World) -> None:
    document = await world.add("a.txt", "apples\napples")
    await world.add("b.txt", "apples and pears\napples and plums")
    vectors = RemovedMeanwhile(world, document)
    finder = replace(
        Search(world.knowledge.records, world.vectors, world.embeddings, world.knowledge.graph),
        vectors=vectors,  # type: ignore[arg-type]
    )
    hits = await finder.find(world.tenant, "apples", "default", 2)
    assert [hit.document.name for hit in hits] == ["b.txt", "b.txt"]
    assert len(vectors.queries) == 2


async def test_a_collection_of_another_model_is_refused(world: World) -> None:
    newer = BagOfWords(BAG.model_copy(update={"revision": "2"}))
    knowledge = replace(world.knowledge, embeddings=newer)
    with pytest.raises(ModelMismatch, match=r"bag-of-words \(1\).*bag-of-words \(2\)"):
        await knowledge.search(world.tenant, "apples", "default", 10)


@pytest.mark.parametrize(
    ("query", "limit", "field"),
    [
        ("", 10, "query"),
        (" \n", 10, "query"),
        ("x" * 2001, 10, "query"),
        ("x", 0, "limit"),
        ("x", 101, "limit"),
    ],
)
async def test_bad_questions_name_the_field(
    world: World, query: str, limit: int, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await search(world, query, limit)
    assert refused.value.field == field


async def test_the_longest_question_is_answered(world: World) -> None:
    vectors: Vectors = world.vectors
    assert (
        await vectors.count((await world.knowledge.collection(world.tenant, "default")).physical)
        == 0
    )
    assert await search(world, "x" * 2000, 100) == []
