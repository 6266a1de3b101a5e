"""The sweeper over everything real: afterwards points = chunks = lines, and no file is left."""

import asyncio
from collections.abc import Callable, Set
from pathlib import Path
from uuid import UUID

import pytest

from sutazai.core.knowledge.ports import Leftover
from sutazai.core.knowledge.sweeper import Sweeper
from sutazai.records.leftovers import SqlLeftovers
from sutazai_contracts.errors import (
    DatabaseUnavailable,
    FilesUnavailable,
    NotFound,
    VectorsUnavailable,
)
from sutazai_contracts.tasks import Refused, Result, Succeeded
from tests.integration.knowledge.world import World


def kept(tmp_path: Path) -> set[str]:
    """List the addresses of all files."""
    return {path.name for path in (tmp_path / "files").rglob("*") if path.is_file()}


def referred(world: World) -> set[str]:
    """List the addresses that the record refers to."""
    return {
        str(row[0])
        for row in world.database.query(
            "SELECT unnest(ARRAY[sha256, text_sha256, chunks_sha256]) FROM document_versions"
        )
        if row[0] is not None
    }


def leftovers(world: World) -> list[tuple[object, ...]]:
    return world.database.query("SELECT id FROM leftovers")


async def test_a_replaced_version_leaves_nothing(world: World, tmp_path: Path) -> None:
    await world.add("a.txt", "one\ntwo\nthree")
    await world.add("a.txt", "one\ntwo")
    assert await world.sweeper.sweep_once() == 1
    assert await world.check_agreement() == 2
    assert world.database.query("SELECT number, state FROM document_versions") == [(2, "indexed")]
    assert kept(tmp_path) == referred(world)
    assert leftovers(world) == []
    assert await world.sweeper.sweep_once() == 0


async def test_a_deleted_document_leaves_nothing(world: World, tmp_path: Path) -> None:
    document = await world.add("a.txt", "one\ntwo\nthree")
    await world.add("a.txt", "one\ntwo")
    await world.add("b.txt", "four")
    await world.knowledge.delete_document(world.tenant, "default", document)
    await world.sweeper.sweep_once()
    assert await world.check_agreement() == 1
    assert kept(tmp_path) == referred(world)
    assert leftovers(world) == []


async def test_a_failed_version_is_marked_once_its_points_are_gone(world: World) -> None:
    await world.add("a.txt", "one")
    await world.upload("a.txt", "one\ntwo")
    await world.fail_all()
    # Not at once: the worker may still be writing.
    assert await world.sweeper.sweep_once() == 0
    assert len(leftovers(world)) == 1
    assert await world.sweep() == 1
    assert await world.check_agreement() == 1
    assert world.database.query(
        "SELECT number, state, swept FROM document_versions ORDER BY number"
    ) == [(1, "indexed", False), (2, "failed", True)]
    assert leftovers(world) == []


async def test_a_version_that_ended_late_leaves_nothing(world: World, tmp_path: Path) -> None:
    await world.upload("a.txt", "one\ntwo\nthree")
    await world.upload("a.txt", "one\ntwo")
    older, newer = sorted(await world.claim(), key=lambda claim: claim.run)
    for claim in (newer, older):
        await world.end(claim, Succeeded(output=await world.index(claim)))
    await world.sweep()
    assert await world.check_agreement() == 2
    assert kept(tmp_path) == referred(world)


async def test_files_that_others_refer_to_stay(world: World, tmp_path: Path) -> None:
    first = await world.add("a.txt", "the same")
    await world.add("b.txt", "the same")
    other = World(world.database, await world.database.new_tenant(), world.files, world.vectors)
    await other.knowledge.create_collection(other.tenant, "default")
    await other.add("c.txt", "the same")
    await world.knowledge.delete_document(world.tenant, "default", first)
    await world.sweep()
    assert await world.check_agreement() == 1
    assert await other.check_agreement() == 1
    for each in (world, other):
        assert [text for _, text in await each.found("same")] == ["the same"]
        [document] = (await each.knowledge.documents(each.tenant, "default", 10)).items
        text = await each.knowledge.text(each.tenant, "default", document.id)
        assert text.text == "the same"
    assert kept(tmp_path) == referred(world)


async def test_files_wait_for_versions_that_may_share_them(world: World, tmp_path: Path) -> None:
    document = await world.add("a.txt", "the same")
    before = kept(tmp_path)
    await world.knowledge.delete_document(world.tenant, "default", document)
    again = await world.upload("a.txt", "the same")
    [claim] = await world.claim()
    output = await world.index(claim)
    # The new version's text is stored, and nothing refers to it yet.
    await world.sweep()
    assert before <= kept(tmp_path)
    assert len(leftovers(world)) == 1
    await world.end(claim, Succeeded(output=output))
    await world.sweep()
    assert leftovers(world) == []
    assert await world.check_agreement() == 1
    assert (await world.knowledge.text(world.tenant, "default", again)).text == "the same"
    assert kept(tmp_path) == referred(world)


async def test_many_files_go_in_several_turns(world: World, tmp_path: Path) -> None:
    for number in range(3):
        await world.upload(f"{number}.txt", f"text {number}")
    await world.index_all()
    await world.knowledge.delete_collection(world.tenant, "default")
    records = SqlLeftovers(world.database.open)
    [leftover] = await records.due(10, frozenset())
    turns = 0
    while True:
        async with records.removing_files(leftover, 2) as files:
            for file in files or ():
                await world.files.delete(world.tenant, file)
        if files is None:
            break
        turns += 1
    assert turns == 3  # each text is both the source and what was read of it
    assert kept(tmp_path) == set()


class Broken:
    """A store one of whose methods fails when it has done its work: a crash before the commit."""

    def __init__(self, real: object, method: str, error: BaseException) -> None:
        self.real, self.method, self.error = real, method, error

    def __getattr__(self, name: str) -> object:
        real: Callable[..., object] = getattr(self.real, name)
        if name != self.method:
            return real

        async def failing(*arguments: object) -> None:
            await real(*arguments)  # type: ignore[misc]
            raise self.error

        return failing


@pytest.mark.parametrize(
    ("store", "method", "error"),
    [
        ("vectors", "delete_version", VectorsUnavailable("broken")),
        ("vectors", "delete_version", KeyboardInterrupt("killed")),
        ("files", "delete", FilesUnavailable("broken")),
        ("files", "delete", KeyboardInterrupt("killed")),
    ],
    ids=lambda value: repr(value),
)
async def test_a_crash_after_each_step_costs_a_repetition(
    world: World, tmp_path: Path, store: str, method: str, error: BaseException
) -> None:
    await world.add("a.txt", "one\ntwo\nthree")
    document = await world.add("a.txt", "one\ntwo")
    await world.add("b.txt", "four")
    await world.knowledge.delete_document(world.tenant, "default", document)
    stores = {"vectors": world.vectors, "files": world.files}
    broken = {**stores, store: Broken(stores[store], method, error)}
    sweeper = Sweeper(SqlLeftovers(world.database.open), **broken)  # type: ignore[arg-type]
    if isinstance(error, VectorsUnavailable | FilesUnavailable):
        assert await sweeper.sweep_once() == 0
    else:
        with pytest.raises(KeyboardInterrupt):
            await sweeper.sweep_once()
    assert leftovers(world) != []
    assert await world.sweep() > 0
    assert leftovers(world) == []
    assert await world.check_agreement() == 1
    assert kept(tmp_path) == referred(world)


async def test_two_sweepers_at_once_do_no_harm(world: World, tmp_path: Path) -> None:
    documents = [await world.upload(f"{n}.txt", f"text {n}") for n in range(8)]
    await world.index_all()
    for document in documents[:6]:
        await world.knowledge.delete_document(world.tenant, "default", document)
    other = Sweeper(SqlLeftovers(world.database.open), world.vectors, world.files)
    swept = await asyncio.gather(world.sweeper.sweep_once(), other.sweep_once())
    assert sum(swept) >= 6
    # Where one met the other's locks half given back, it put the files off.
    world.database.query("UPDATE leftovers SET not_before = clock_timestamp() RETURNING id")
    await world.sweep()
    assert leftovers(world) == []
    assert await world.check_agreement() == 2
    assert kept(tmp_path) == referred(world)


async def test_points_in_use_are_never_swept(world: World) -> None:
    await world.add("a.txt", "one\ntwo")
    world.database.query(
        "INSERT INTO leftovers (id, tenant_id, physical, version_id)"
        " SELECT v.id, v.tenant_id, c.physical, v.id FROM document_versions v"
        " JOIN collections c ON c.id = v.collection_id RETURNING id"
    )
    assert await world.sweeper.sweep_once() == 0
    assert leftovers(world) == []
    assert await world.check_agreement() == 2


async def test_uploads_deletions_and_sweeps_together_end_in_agreement(
    world: World, tmp_path: Path
) -> None:
    stop = asyncio.Event()

    async def sweep_on() -> None:
        while not stop.is_set():
            await world.sweeper.sweep_once()
            await asyncio.sleep(0)

    async def index_some() -> None:
        for claim in await world.claim(3):
            try:
                result: Result = Succeeded(output=await world.index(claim))
            except NotFound:  # its document was deleted meanwhile
                result = Refused(reason="gone")
            await world.end(claim, result)

    async def churn(name: str) -> None:
        for number in range(6):
            text = f"text {number % 3}\nof {name}\nshared by all"
            document = await world.upload(name, text)
            await index_some()
            if number % 3 == 2:
                await world.knowledge.delete_document(world.tenant, "default", document)

    sweeping = asyncio.create_task(sweep_on())
    await asyncio.gather(*(churn(f"{n}.txt") for n in range(3)))
    left = await world.upload("left.txt", "shared by all")
    await world.index_all()
    stop.set()
    await sweeping
    await world.sweep()
    assert leftovers(world) == []
    assert await world.check_agreement() == 1
    assert kept(tmp_path) >= referred(world)
    assert (await world.knowledge.text(world.tenant, "default", left)).text == "shared by all"


async def all_swept(world: World) -> None:
    async with asyncio.timeout(10):
        while leftovers(world):  # noqa: ASYNC110 - what is waited for is in the database
            await asyncio.sleep(0.01)


async def test_it_runs_when_nudged(world: World) -> None:
    document = await world.add("a.txt", "one")
    world.sweeper.every_s = 3600
    running = asyncio.create_task(world.sweeper.run())
    try:
        await world.knowledge.delete_document(world.tenant, "default", document)
        await all_swept(world)
    finally:
        running.cancel()


class AwayOnce(SqlLeftovers):
    """A record that does not answer the first time."""

    asked = 0

    async def due(self, limit: int, passed_over: Set[UUID]) -> list[Leftover]:
        AwayOnce.asked += 1
        if AwayOnce.asked == 1:
            raise DatabaseUnavailable
        return await super().due(limit, passed_over)


async def test_it_goes_on_by_itself_when_the_database_was_away(world: World) -> None:
    document = await world.add("a.txt", "one")
    await world.knowledge.delete_document(world.tenant, "default", document)
    records = AwayOnce(world.database.open)
    running = asyncio.create_task(Sweeper(records, world.vectors, world.files, every_s=0.01).run())
    try:
        await all_swept(world)
    finally:
        running.cancel()
    assert AwayOnce.asked > 1
