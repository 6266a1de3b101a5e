"""Documents over a real PostgreSQL: how they stand, their text, their removal."""

from uuid import UUID, uuid4

import pytest

from sutazai.core.knowledge.model import Document, IndexingStatus
from sutazai.core.runs.model import RunStatus
from sutazai_contracts.errors import InvalidInput, NotFound
from sutazai_contracts.tasks import Succeeded
from tests.integration.knowledge.world import World


async def read(world: World, name: str) -> Document:
    page = await world.knowledge.documents(world.tenant, "default", 200)
    [document] = [document for document in page.items if document.name == name]
    assert await world.knowledge.document(world.tenant, "default", document.id) == document
    return document


async def test_a_document_is_pending_then_indexing_then_indexed(world: World) -> None:
    await world.upload("a.txt", "one\ntwo")
    assert (await read(world, "a.txt")).status is IndexingStatus.PENDING
    [claim] = await world.claim()
    document = await read(world, "a.txt")
    assert (document.status, document.chunks, document.error) == (
        IndexingStatus.INDEXING,
        None,
        None,
    )
    await world.end(claim, Succeeded(output=await world.index(claim)))
    document = await read(world, "a.txt")
    assert document.status is IndexingStatus.INDEXED
    assert (document.chunks, document.characters) == (2, 7)
    assert (document.title, document.media_type) == ("About a.txt", "text/plain")
    assert document.indexed_at is not None
    assert document.indexed_at >= document.created_at


async def test_a_cancelled_run_is_no_failure(world: World) -> None:
    await world.upload("a.txt", "one")
    await world.runs.cancel(world.tenant, (await read(world, "a.txt")).run)
    document = await read(world, "a.txt")
    assert document.status is IndexingStatus.CANCELLED
    assert document.error == "its indexing was cancelled"


async def test_the_newest_version_is_shown_though_an_older_one_is_found(world: World) -> None:
    await world.add("a.txt", "apples")
    await world.upload("a.txt", "pears")
    await world.fail_all("too hard")
    document = await read(world, "a.txt")
    assert (document.version, document.status) == (2, IndexingStatus.FAILED)
    assert document.error == "step index: too hard"
    assert await world.found("apples pears") == [("a.txt", "apples")]
    text = await world.knowledge.text(world.tenant, "default", document.id)
    assert text.text == "apples"


async def test_pages_follow_one_another_by_name(world: World) -> None:
    names = ["A.txt", "a b.txt", "a-b.txt", "a.txt", "b.txt", "ä.txt", "10.txt", "9.txt"]
    for name in names:
        await world.upload(name, name)
    seen: list[str] = []
    cursor = None
    while True:
        page = await world.knowledge.documents(world.tenant, "default", 3, cursor)
        assert len(page.items) <= 3
        seen += [document.name for document in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert sorted(seen) == sorted(names)
    with pytest.raises(InvalidInput, match="cursor"):
        await world.knowledge.documents(world.tenant, "default", 3, "ü")


async def test_an_empty_collection_has_an_empty_page(world: World) -> None:
    page = await world.knowledge.documents(world.tenant, "default", 10)
    assert (list(page.items), page.next) == ([], None)


async def test_what_is_not_there_is_not_found(world: World) -> None:
    document = await world.add("a.txt", "one")
    await world.knowledge.create_collection(world.tenant, "notes")
    other = await world.database.new_tenant()
    await world.knowledge.create_collection(other, "default")
    places = ((world.tenant, "notes", document), (other, "default", document))
    for tenant, collection, wanted in (*places, (world.tenant, "default", uuid4())):
        with pytest.raises(NotFound, match=f"there is no document {wanted}"):
            await world.knowledge.document(tenant, collection, wanted)
        with pytest.raises(NotFound, match=f"there is no document {wanted}"):
            await world.knowledge.delete_document(tenant, collection, wanted)
        with pytest.raises(NotFound, match=f"there is no document {wanted}"):
            await world.knowledge.text(tenant, collection, wanted)
    with pytest.raises(NotFound, match="there is no collection nothing"):
        await world.knowledge.text(world.tenant, "nothing", document)


async def test_text_is_cut_by_code_points(world: World) -> None:
    document = await world.add("a.txt", "é你😀!\nnext")
    part = await world.knowledge.text(world.tenant, "default", document, 1, 4)
    assert (part.text, part.start, part.end, part.characters) == ("你😀!", 1, 4, 9)
    assert part.document.name == "a.txt"
    whole = await world.knowledge.text(world.tenant, "default", document)
    assert (whole.text, whole.end) == ("é你😀!\nnext", 9)
    for start, end, field in ((10, None, "start"), (4, 3, "end")):
        with pytest.raises(InvalidInput) as refused:
            await world.knowledge.text(world.tenant, "default", document, start, end)
        assert refused.value.field == field


async def test_there_is_no_text_while_nothing_is_indexed(world: World) -> None:
    document = await world.upload("a.txt", "one")
    with pytest.raises(NotFound, match=r"a\.txt is not indexed"):
        await world.knowledge.text(world.tenant, "default", document)


async def test_a_deleted_document_is_gone_at_once(world: World) -> None:
    document = await world.add("a.txt", "apples")
    await world.add("b.txt", "apples too")
    await world.knowledge.delete_document(world.tenant, "default", document)
    with pytest.raises(NotFound):
        await world.knowledge.document(world.tenant, "default", document)
    # Its points are still there, and are not found.
    assert await world.found("apples") == [("b.txt", "apples too")]


async def test_deleting_cancels_the_run_that_indexes_it(world: World) -> None:
    document = await world.add("a.txt", "apples")
    await world.upload("a.txt", "pears")
    [claim] = await world.claim()
    output = await world.index(claim)
    await world.knowledge.delete_document(world.tenant, "default", document)
    assert (await world.runs.get(world.tenant, claim.run)).status is RunStatus.CANCELLED
    assert await world.end(claim, Succeeded(output=output)) == 0
    assert await world.found("apples pears") == []
    # The points of the unfinished one stay until its worker has surely let go.
    assert await world.sweeper.sweep_once() == 1
    waiting = UUID(str(output["version"]))
    assert world.database.query("SELECT version_id FROM leftovers") == [(waiting,)]
    await world.sweep()
    assert world.database.query("SELECT version_id FROM leftovers") == []
    assert await world.check_agreement() == 0
