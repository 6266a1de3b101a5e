"""Uploads over a real PostgreSQL: one version and one run for new bytes, nothing for known ones."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from sutazai.core.knowledge.model import IndexingStatus, Upload
from sutazai.core.runs.model import RunStatus
from sutazai_contracts.errors import InvalidInput, InvalidWorkflow, NotFound, UnreadableDocument
from sutazai_contracts.tasks import Refused, Succeeded
from tests.integration.knowledge.world import World, stream


async def upload(world: World, name: str, data: bytes, collection: str = "default") -> Upload:
    return await world.knowledge.upload(world.tenant, collection, name, stream(data))


def stored(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "files").rglob("*") if path.is_file()]


async def test_an_upload_starts_a_run_that_indexes_it(world: World) -> None:
    made = await upload(world, "a.txt", b"one\ntwo")
    document = made.document
    assert made.created
    assert (document.name, document.collection, document.size) == ("a.txt", "default", 7)
    assert (document.version, document.status) == (1, IndexingStatus.PENDING)
    assert await world.files.read(world.tenant, document.sha256) == b"one\ntwo"
    assert await world.knowledge.document(world.tenant, "default", document.id) == document
    run = await world.runs.get(world.tenant, document.run)
    assert (run.workflow, run.goal, run.collection) == ("index", "Index a.txt", "default")
    [claim] = await world.claim()
    assert claim.run == document.run
    assert claim.grant is not None
    assert claim.grant.access == "write"
    assert claim.input["document"] == {
        "document": str(document.id),
        "version": str(document.version_id),
        "number": 1,
        "name": "a.txt",
        "sha256": document.sha256,
        "size": 7,
    }


async def test_the_same_bytes_again_cost_nothing(world: World) -> None:
    first = await upload(world, "a.txt", b"one")
    while_pending = await upload(world, "a.txt", b"one")
    assert while_pending == Upload(first.document, created=False)
    await world.index_all()
    again = await upload(world, "a.txt", b"one")
    assert not again.created
    assert again.document.id == first.document.id
    assert again.document.status is IndexingStatus.INDEXED
    assert world.database.query("SELECT count(*) FROM runs") == [(1,)]


async def test_other_bytes_are_a_new_version(world: World) -> None:
    first = await upload(world, "a.txt", b"one")
    second = await upload(world, "a.txt", b"two")
    assert second.created
    assert second.document.id == first.document.id
    assert second.document.version == 2
    assert second.document.run != first.document.run
    third = await upload(world, "a.txt", b"one")
    assert third.document.version == 3


async def test_bytes_whose_indexing_failed_are_tried_again(world: World) -> None:
    first = await upload(world, "a.txt", b"one")
    await world.fail_all()
    again = await upload(world, "a.txt", b"one")
    assert again.created
    assert (again.document.version, again.document.id) == (2, first.document.id)


async def test_the_same_bytes_under_another_name_are_another_document(world: World) -> None:
    first = await upload(world, "a.txt", b"one")
    second = await upload(world, "b.txt", b"one")
    await world.knowledge.create_collection(world.tenant, "notes")
    third = await upload(world, "a.txt", b"one", "notes")
    assert len({up.document.id for up in (first, second, third)}) == 3
    assert second.created
    assert third.created


async def test_many_uploads_of_the_same_at_once_make_one_version_and_one_run(world: World) -> None:
    uploads = await asyncio.gather(*(upload(world, "a.txt", b"one") for _ in range(12)))
    assert sum(up.created for up in uploads) == 1
    assert len({(up.document.id, up.document.version_id, up.document.run) for up in uploads}) == 1
    for table in ("documents", "document_versions", "runs", "tasks"):
        assert world.database.query(f"SELECT count(*) FROM {table}") == [(1,)]


async def test_many_uploads_of_one_name_at_once_are_numbered_without_gaps(world: World) -> None:
    calls = (upload(world, "a.txt", f"text {number}".encode()) for number in range(12))
    uploads = await asyncio.gather(*calls)
    assert sorted(up.document.version for up in uploads) == list(range(1, 13))
    assert len({up.document.id for up in uploads}) == 1
    await world.index_all()
    # Whatever order they were indexed in, the newest is the one that is found.
    [(number,)] = world.database.query(
        "SELECT number FROM document_versions WHERE state = 'indexed'"
    )
    assert number == 12


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("../a.txt", b"text", InvalidInput),
        ("", b"text", InvalidInput),
        ("a.txt", b"", InvalidInput),
        ("a.txt", b"\x7fELF\x02", UnreadableDocument),
        ("a.txt", b"te\x00xt", UnreadableDocument),
    ],
)
async def test_what_is_refused_leaves_nothing(
    world: World, tmp_path: Path, name: str, data: bytes, error: type[InvalidInput]
) -> None:
    with pytest.raises(error) as refused:
        await upload(world, name, data)
    assert refused.value.field == "file"
    assert stored(tmp_path) == []
    assert world.database.query("SELECT id FROM documents") == []
    assert world.database.query("SELECT id FROM runs") == []


async def test_an_unknown_collection_stores_nothing(world: World, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no collection nothing"):
        await upload(world, "a.txt", b"text", "nothing")
    assert stored(tmp_path) == []


async def test_without_a_librarian_nothing_is_stored(world: World, tmp_path: Path) -> None:
    world.runs.agents = lambda: frozenset()
    with pytest.raises(InvalidWorkflow, match="librarian"):
        await upload(world, "a.txt", b"text")
    assert stored(tmp_path) == []
    assert world.database.query("SELECT id FROM documents") == []


async def test_an_upload_that_is_cut_off_leaves_nothing(world: World, tmp_path: Path) -> None:
    cut_off = ConnectionResetError("the client went away")

    async def parts() -> AsyncIterator[bytes]:
        yield b"text"
        raise cut_off

    with pytest.raises(ConnectionResetError):
        await world.knowledge.upload(world.tenant, "default", "a.txt", parts())
    assert stored(tmp_path) == []
    assert world.database.query("SELECT id FROM documents") == []


async def test_watchers_and_the_relay_hear_of_an_upload(world: World) -> None:
    told: list[str] = []
    world.runs.on_wake_ups = lambda _: told.append("wake-ups")
    await upload(world, "a.txt", b"one")
    await upload(world, "a.txt", b"one")
    assert told == ["wake-ups"]


async def test_chunks_that_do_not_fit_fail_the_attempt_and_publish_nothing(world: World) -> None:
    made = await upload(world, "a.txt", b"one\ntwo")
    [claim] = await world.claim()
    output = await world.index(claim)
    await world.end(claim, Succeeded(output={**output, "chunks": 3}))
    document = await world.knowledge.document(world.tenant, "default", made.document.id)
    assert document.status is IndexingStatus.INDEXING
    [step] = (await world.runs.get(world.tenant, made.document.run)).steps
    assert "2 chunks, and 3 were announced" in (step.error or "")
    assert world.database.query("SELECT id FROM chunks") == []


async def test_a_refusal_fails_the_run_and_says_why(world: World) -> None:
    made = await upload(world, "a.txt", b"one")
    [claim] = await world.claim()
    await world.end(claim, Refused(reason="no text in it"))
    run = await world.runs.get(world.tenant, made.document.run)
    assert run.status is RunStatus.FAILED
    document = await world.knowledge.document(world.tenant, "default", made.document.id)
    assert document.status is IndexingStatus.FAILED
    assert document.error == "step index: no text in it"


async def test_a_cancelled_upload_leaves_nothing(world: World) -> None:
    other = await asyncpg.connect(world.database.admin)
    try:
        async with other.transaction():
            await other.execute("LOCK TABLE sutazai.outbox IN ACCESS EXCLUSIVE MODE")
            task = asyncio.create_task(upload(world, "a.txt", b"text"))
            async with asyncio.timeout(10):
                while not await other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    finally:
        await other.close()
    assert world.database.query("SELECT id FROM documents") == []
    again = await asyncio.gather(*(upload(world, "a.txt", b"text") for _ in range(8)))
    assert sum(up.created for up in again) == 1
