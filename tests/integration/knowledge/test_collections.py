"""Collections over a real PostgreSQL and Qdrant's engine."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from sutazai.core.runs.model import RunStatus
from sutazai.core.runs.service import NewRun
from sutazai_contracts.errors import (
    AlreadyExists,
    InvalidInput,
    NotFound,
    QuotaReached,
    VectorsUnavailable,
)
from tests.integration.knowledge.bag_of_words import BAG
from tests.integration.knowledge.world import World


async def test_a_collection_keeps_its_model_and_has_a_place_for_points(world: World) -> None:
    made = await world.knowledge.create_collection(world.tenant, "notes")
    assert made.model == BAG
    assert await world.vectors.count(made.physical) == 0
    assert await world.knowledge.collection(world.tenant, "notes") == made


async def test_a_name_is_taken_once_in_each_tenant(world: World) -> None:
    await world.knowledge.create_collection(world.tenant, "notes")
    with pytest.raises(AlreadyExists, match="notes") as refused:
        await world.knowledge.create_collection(world.tenant, "notes")
    assert refused.value.field == "name"
    other = await world.database.new_tenant()
    assert (await world.knowledge.create_collection(other, "notes")).name == "notes"
    assert [c.name for c in (await world.knowledge.collections(other, 10)).items] == ["notes"]


async def test_of_many_at_once_one_is_made(world: World) -> None:
    calls = [world.knowledge.create_collection(world.tenant, "notes") for _ in range(5)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(result, AlreadyExists) for result in results) == 4
    ensured = [world.knowledge.ensure_collection(world.tenant, "more") for _ in range(5)]
    assert len({c.id for c in await asyncio.gather(*ensured)}) == 1


async def test_no_more_collections_than_a_tenant_may_have(world: World) -> None:
    knowledge = replace(world.knowledge, max_collections=3)  # `default` is the first
    calls = [knowledge.create_collection(world.tenant, f"notes-{n}") for n in range(8)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    refused = [result for result in results if isinstance(result, QuotaReached)]
    assert len(refused) == 6
    assert "as many as there may be (SUTAZAI_KNOWLEDGE_MAX_COLLECTIONS)" in refused[0].message
    there = (await knowledge.collections(world.tenant, 10)).items
    assert len(there) == 3
    with pytest.raises(AlreadyExists):
        await knowledge.create_collection(world.tenant, "default")
    other = await world.database.new_tenant()
    await knowledge.create_collection(other, "notes")
    await knowledge.delete_collection(world.tenant, there[-1].name)
    await knowledge.create_collection(world.tenant, "again")


async def test_a_name_that_is_none_is_refused(world: World) -> None:
    with pytest.raises(InvalidInput) as refused:
        await world.knowledge.create_collection(world.tenant, "../notes")
    assert refused.value.field == "name"


async def test_without_a_place_for_points_there_is_no_collection(world: World) -> None:
    await world.vectors.aclose()
    with pytest.raises(VectorsUnavailable):
        await world.knowledge.create_collection(world.tenant, "notes")
    with pytest.raises(NotFound):
        await world.knowledge.collection(world.tenant, "notes")


async def test_pages_follow_one_another_by_name(world: World) -> None:
    names = ["alpha", "beta-1", "beta_2", "default", "gamma", "zeta"]
    for name in reversed(names):
        await world.knowledge.ensure_collection(world.tenant, name)
    seen: list[str] = []
    cursor = None
    while True:
        page = await world.knowledge.collections(world.tenant, 2, cursor)
        seen += [collection.name for collection in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert sorted(seen) == sorted(names)
    assert len(seen) == len(names)
    with pytest.raises(InvalidInput) as refused:
        await world.knowledge.collections(world.tenant, 2, "%")
    assert refused.value.field == "cursor"


async def test_counts_are_of_documents_and_their_searchable_chunks(world: World) -> None:
    await world.add("a.txt", "one\ntwo\nthree")
    await world.add("a.txt", "one\ntwo")
    await world.upload("b.txt", "four")
    found = await world.knowledge.collection(world.tenant, "default")
    assert (found.documents, found.chunks) == (2, 2)
    assert [found] == (await world.knowledge.collections(world.tenant, 10)).items


async def test_what_is_not_there_is_not_found(world: World) -> None:
    other = await world.database.new_tenant()
    for tenant, name in ((world.tenant, "nothing"), (other, "default")):
        with pytest.raises(NotFound, match=f"there is no collection {name}"):
            await world.knowledge.collection(tenant, name)
        with pytest.raises(NotFound, match=f"there is no collection {name}"):
            await world.knowledge.delete_collection(tenant, name)
        with pytest.raises(NotFound, match=f"there is no collection {name}"):
            await world.knowledge.documents(tenant, name, 10)
        with pytest.raises(NotFound, match=f"there is no collection {name}"):
            await world.knowledge.document(tenant, name, uuid4())
        with pytest.raises(NotFound, match=f"there is no collection {name}"):
            await world.knowledge.delete_document(tenant, name, uuid4())


async def test_a_deleted_collection_is_gone_with_its_runs_points_and_files(world: World) -> None:
    await world.add("a.txt", "one\ntwo")
    unfinished = await world.upload("b.txt", "three")
    collection = await world.knowledge.collection(world.tenant, "default")
    asked = await world.runs.start(
        world.tenant,
        NewRun("ask", "why?", collection=collection.id, collection_name="default"),
    )
    run = (await world.knowledge.document(world.tenant, "default", unfinished)).run
    addresses = [
        str(row[0])
        for row in world.database.query(
            "SELECT unnest(ARRAY[sha256, text_sha256, chunks_sha256]) FROM document_versions"
        )
        if row[0] is not None
    ]
    assert len(addresses) == 4

    await world.knowledge.delete_collection(world.tenant, "default")

    for ended in (run, asked.id):
        assert (await world.runs.get(world.tenant, ended)).status is RunStatus.CANCELLED
    with pytest.raises(NotFound):
        await world.knowledge.collection(world.tenant, "default")
    await world.sweep()
    with pytest.raises(NotFound):
        await world.vectors.count(collection.physical)
    assert not [a for a in addresses if await world.files.exists(world.tenant, a)]
    assert world.database.query("SELECT id FROM leftovers") == []
    # The name is free again, and what was there does not come back.
    await world.knowledge.create_collection(world.tenant, "default")
    assert await world.found("one") == []


async def test_uploads_meanwhile_keep_no_collection_alive(world: World) -> None:
    begun = asyncio.Semaphore(0)

    async def keep_uploading(number: int) -> None:
        for text in range(1000):
            try:
                await world.upload(f"{number}.txt", f"text {text}")
            except NotFound:
                return
            begun.release()

    uploads = [asyncio.create_task(keep_uploading(number)) for number in range(3)]
    for _ in uploads:
        await begun.acquire()
    await world.knowledge.delete_collection(world.tenant, "default")
    await asyncio.gather(*uploads)
    statuses = world.database.query("SELECT DISTINCT status FROM runs")
    assert statuses == [("cancelled",)]
    assert world.database.query("SELECT id FROM documents") == []
