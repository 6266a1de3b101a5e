"""Files that were stored and that nothing refers to: gone in time, and never one too many."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from sutazai.core.knowledge.orphans import OrphansSwept, sweep_orphans
from sutazai.core.knowledge.sweeper import Sweeper
from sutazai.records.leftovers import SqlLeftovers
from sutazai_contracts.errors import DatabaseUnavailable, FilesUnavailable, NotFound
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.tasks import Refused, Result, Succeeded
from sutazai_kit.files.local import LocalFiles
from sutazai_kit.files.port import StoredFile
from tests.integration.knowledge.world import World, stream

File = tuple[UUID, str]
TWO_HOURS = 7200.0


def paths(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "files").glob("*-*/*/*") if path.is_file()]


def kept(tmp_path: Path) -> set[File]:
    """List whose files are there."""
    return {(UUID(path.parent.parent.name), path.name) for path in paths(tmp_path)}


def referred(world: World) -> set[File]:
    """List the files that the record refers to, of all tenants."""
    rows = world.database.query(
        "SELECT tenant_id, unnest(ARRAY[sha256, text_sha256, chunks_sha256]) FROM document_versions"
    )
    return {(UUID(str(tenant)), str(sha256)) for tenant, sha256 in rows if sha256 is not None}


def grow_old(tmp_path: Path) -> None:
    """Let all files look as if they had been put two hours ago."""
    for path in paths(tmp_path):
        os.utime(path, (time.time() - TWO_HOURS,) * 2)


async def swept(world: World, older_than_s: float = 3600.0) -> OrphansSwept:
    return await sweep_orphans(SqlLeftovers(world.database.open), world.files, older_than_s)


async def put(world: World, data: bytes) -> File:
    """Store what nothing refers to."""
    return world.tenant, (await world.files.put(world.tenant, stream(data))).sha256


async def another(world: World) -> World:
    """Make another tenant over the same stores."""
    tenant = await world.database.new_tenant()
    other = World(world.database, tenant, world.files, world.vectors)
    await other.knowledge.create_collection(tenant, "default")
    return other


class CutOff(LocalFiles):
    """Files whose `put` stores all and never returns: the end of the process that called."""

    async def put(self, tenant: UUID, parts: AsyncIterator[bytes]) -> StoredFile:
        await super().put(tenant, parts)
        raise KeyboardInterrupt


async def upload_cut_off(world: World, tmp_path: Path, name: str, text: str) -> None:
    """Upload a text and end between its file and the commit."""
    knowledge = replace(world.knowledge, files=CutOff(tmp_path / "files"))
    with pytest.raises(KeyboardInterrupt):
        await knowledge.upload(world.tenant, "default", name, stream(text.encode()))


async def test_what_a_failed_run_stored_goes(world: World, tmp_path: Path) -> None:
    await world.add("a.txt", "kept")
    await world.upload("b.txt", "one\ntwo")
    await world.fail_all()
    await world.sweep()
    assert len(kept(tmp_path) - referred(world)) == 1  # the text is the source itself here
    grow_old(tmp_path)
    assert await swept(world) == OrphansSwept(removed=1)
    # The source of a failed version is referred to: it may be read again.
    assert kept(tmp_path) == referred(world)
    assert await swept(world) == OrphansSwept()
    assert await world.check_agreement() == 1


async def test_what_was_stored_for_a_collection_that_went_goes(
    world: World, tmp_path: Path
) -> None:
    await world.upload("a.txt", "one\ntwo")
    [claim] = await world.claim()
    await world.knowledge.delete_collection(world.tenant, "default")
    await world.index(claim)  # its worker has not heard yet
    await world.sweep()
    grow_old(tmp_path)
    assert await swept(world) == OrphansSwept(removed=1)  # its chunks
    assert kept(tmp_path) == referred(world) == set()


async def test_an_upload_cut_off_before_its_commit_goes(world: World, tmp_path: Path) -> None:
    await upload_cut_off(world, tmp_path, "a.txt", "cut off")
    assert len(kept(tmp_path)) == 1
    assert referred(world) == set()
    assert await swept(world) == OrphansSwept()  # young: it might be about to be referred to
    grow_old(tmp_path)
    assert await swept(world) == OrphansSwept(removed=1)
    assert kept(tmp_path) == set()
    await world.add("a.txt", "cut off")
    assert await world.check_agreement() == 1


async def test_what_is_put_again_is_young_again(world: World, tmp_path: Path) -> None:
    orphan = await put(world, b"known")
    grow_old(tmp_path)
    await put(world, b"known")
    assert await swept(world) == OrphansSwept()
    assert kept(tmp_path) == {orphan}


async def test_shared_content_stays(world: World, tmp_path: Path) -> None:
    await world.add("a.txt", "the same")
    await world.upload("b.txt", "the same")
    await world.fail_all()
    await upload_cut_off(world, tmp_path, "c.txt", "the same")
    await world.sweep()
    grow_old(tmp_path)
    assert (await swept(world)).removed == 1  # the chunks of the one that failed
    assert kept(tmp_path) == referred(world)
    assert [text for _, text in await world.found("same")] == ["the same"]


async def test_the_same_bytes_of_another_tenant_stay(world: World, tmp_path: Path) -> None:
    other = await another(world)
    await other.add("a.txt", "the same")
    theirs = kept(tmp_path)
    await upload_cut_off(world, tmp_path, "a.txt", "the same")
    assert len(kept(tmp_path)) == len(theirs) + 1
    grow_old(tmp_path)
    assert await swept(world) == OrphansSwept(removed=1)
    assert kept(tmp_path) == referred(world) == theirs


async def test_files_of_a_tenant_of_another_database_stay(world: World, tmp_path: Path) -> None:
    stranger = new_id()
    await world.files.put(stranger, stream(b"not ours"))
    grow_old(tmp_path)
    assert await swept(world) == OrphansSwept()
    assert {tenant for tenant, _ in kept(tmp_path)} == {stranger}


async def test_orphans_wait_while_a_version_is_on_its_way(world: World, tmp_path: Path) -> None:
    other = await another(world)
    await put(other, b"another tenant does not wait")
    await put(world, b"an orphan")
    await world.upload("a.txt", "one\ntwo")
    [claim] = await world.claim()
    output = await world.index(claim)
    grow_old(tmp_path)  # as if it had been at it for two hours
    swept_now = await swept(world)
    assert (swept_now.removed, swept_now.waiting) == (1, 2)  # the orphan, and what are chunks yet
    await world.end(claim, Succeeded(output=output))
    assert await swept(world) == OrphansSwept(removed=1)
    assert kept(tmp_path) == referred(world)
    assert await world.check_agreement() == 2


async def test_many_orphans_go_in_groups(world: World, tmp_path: Path) -> None:
    await world.add("a.txt", "kept")
    for number in range(1_203):
        path = tmp_path / "files" / str(world.tenant) / "ab" / f"ab{number:062}"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    grow_old(tmp_path)
    locked: list[int] = []

    class Counted(SqlLeftovers):
        @asynccontextmanager
        async def removing_orphans(
            self, tenant: UUID, files: Sequence[str]
        ) -> AsyncIterator[Sequence[str] | None]:
            locked.append(len(files))
            async with super().removing_orphans(tenant, files) as orphans:
                yield orphans

    records = Counted(world.database.open)
    assert await sweep_orphans(records, world.files, 3600) == OrphansSwept(removed=1_203)
    assert max(locked) == 100
    assert len(locked) <= 14
    assert kept(tmp_path) == referred(world)
    locked.clear()
    assert await sweep_orphans(records, world.files, 3600) == OrphansSwept()
    assert locked == []  # nothing is locked where nothing is to go


@pytest.mark.parametrize("error", [FilesUnavailable("broken"), KeyboardInterrupt("killed")])
async def test_a_crash_half_way_costs_a_repetition(
    world: World, tmp_path: Path, error: BaseException
) -> None:
    for number in range(5):
        await put(world, b"orphan %d" % number)
    await world.add("a.txt", "kept")
    grow_old(tmp_path)

    class Crashing(LocalFiles):
        deleted = 0

        async def delete(self, tenant: UUID, sha256: str) -> None:
            await super().delete(tenant, sha256)
            self.deleted += 1
            if self.deleted == 3:
                raise error

    records = SqlLeftovers(world.database.open)
    with pytest.raises(type(error)):
        await sweep_orphans(records, Crashing(tmp_path / "files"), 3600)
    assert len(kept(tmp_path) - referred(world)) == 2
    assert await swept(world) == OrphansSwept(removed=2)
    assert kept(tmp_path) == referred(world)


async def lock_awaited(world: World) -> None:
    """Wait until somebody stands before the lock on a tenant's files."""
    asked = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    async with asyncio.timeout(10):
        while world.database.query(asked) == [(0,)]:  # noqa: ASYNC110 - it is in the database
            await asyncio.sleep(0.01)


async def test_an_upload_of_an_orphan_s_bytes_is_not_passed_by(
    world: World, tmp_path: Path
) -> None:
    orphan = await put(world, b"the same")
    grow_old(tmp_path)
    stored, go_on = asyncio.Event(), asyncio.Event()

    class Slow(LocalFiles):
        async def put(self, tenant: UUID, parts: AsyncIterator[bytes]) -> StoredFile:
            answer = await super().put(tenant, parts)
            grow_old(tmp_path)  # age is not what keeps it
            stored.set()
            await go_on.wait()
            return answer

    knowledge = replace(world.knowledge, files=Slow(tmp_path / "files"))
    upload = asyncio.create_task(
        knowledge.upload(world.tenant, "default", "a.txt", stream(b"the same"))
    )
    await stored.wait()
    sweeping = asyncio.create_task(swept(world))
    await lock_awaited(world)
    go_on.set()
    await upload
    assert await sweeping == OrphansSwept(waiting=1)
    assert kept(tmp_path) == referred(world) == {orphan}
    await world.index_all()
    assert await swept(world) == OrphansSwept()
    assert await world.check_agreement() == 1


async def test_an_upload_waits_while_an_orphan_of_its_bytes_is_removed(
    world: World, tmp_path: Path
) -> None:
    _, sha256 = orphan = await put(world, b"the same")
    records = SqlLeftovers(world.database.open)
    await world.upload("known.txt", "so that the tenant is known")
    await world.index_all()
    async with records.removing_orphans(world.tenant, [sha256]) as held:
        assert held == [sha256]
        upload = asyncio.create_task(world.upload("a.txt", "the same"))
        await lock_awaited(world)
        await world.files.delete(world.tenant, sha256)
    await upload
    assert orphan in kept(tmp_path)
    await world.index_all()
    assert kept(tmp_path) == referred(world)
    assert await world.check_agreement() == 2


async def check_referred_are_there(world: World, tmp_path: Path) -> None:
    """See that no file that is referred to is missing, while others work."""
    missing = await asyncio.to_thread(lambda: referred(world) - kept(tmp_path))
    # What was removed in time between the two questions is no longer referred to now.
    assert not missing & await asyncio.to_thread(referred, world)


class Churn:
    """Do what tenants do, and what goes wrong with it; many share the same few texts."""

    def __init__(self, worlds: list[World], tmp_path: Path) -> None:
        self.worlds = {world.tenant: world for world in worlds}
        self.tmp_path = tmp_path

    async def live(self, world: World, dice: random.Random) -> None:
        """Do some things in a row as one user of a tenant."""
        for _ in range(12):
            name, text = f"{dice.randrange(3)}.txt", f"line {dice.randrange(3)}\nof all"
            match dice.randrange(6):
                case 0:
                    await self.remove(world, dice)
                case 1:
                    with suppress(KeyboardInterrupt):
                        files = CutOff(self.tmp_path / "files")
                        knowledge = replace(world.knowledge, files=files)
                        data = stream(text.encode())
                        await knowledge.upload(world.tenant, "default", name, data)
                case 2:
                    await self.index(dice)
                case _:
                    await world.upload(name, text)
                    await self.index(dice)

    async def index(self, dice: random.Random | None = None) -> None:
        """Index two that wait, of whatever tenant, or without dice all; by dice some fail."""
        for claim in await next(iter(self.worlds.values())).claim(2 if dice else 50):
            world = self.worlds[claim.tenant]
            result: Result = Refused(reason="fails")
            with suppress(NotFound):  # its document was deleted meanwhile
                output = await world.index(claim)
                if dice is None or dice.random() < 0.6:
                    result = Succeeded(output=output)
            await world.end(claim, result)

    async def remove(self, world: World, dice: random.Random) -> None:
        """Delete a document, if there is any."""
        page = await world.knowledge.documents(world.tenant, "default", 10)
        if page.items:
            with suppress(NotFound):
                chosen = dice.choice(page.items).id
                await world.knowledge.delete_document(world.tenant, "default", chosen)


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_referred_to_is_always_there(world: World, tmp_path: Path, seed: int) -> None:
    worlds = [world, await another(world)]
    churn = Churn(worlds, tmp_path)
    stop = asyncio.Event()
    removed: list[int] = []

    async def sweep_on() -> None:
        while not stop.is_set():
            await world.sweep()
            # No age keeps a file here: locks and order alone must.
            removed.append((await swept(world, older_than_s=-60)).removed)
            await check_referred_are_there(world, tmp_path)

    sweeping = asyncio.create_task(sweep_on())
    await asyncio.gather(
        *(
            churn.live(each, random.Random(f"{seed} {n} {user}"))
            for n, each in enumerate(worlds)
            for user in range(2)
        )
    )
    stop.set()
    await sweeping
    assert sum(removed) > 0
    await churn.index()
    await world.sweep()
    assert (await swept(world, older_than_s=-60)).waiting == 0
    assert kept(tmp_path) == referred(world)
    for each in worlds:
        await each.check_agreement()


async def gone(tmp_path: Path, file: File) -> None:
    async with asyncio.timeout(10):
        while file in kept(tmp_path):  # noqa: ASYNC110 - what is waited for is on the disk
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(sweeper: Sweeper) -> AsyncIterator[None]:
    task = asyncio.create_task(sweeper.run())
    try:
        yield
    finally:
        task.cancel()


async def test_the_sweeper_does_it_at_first_and_then_by_the_hour(
    world: World, tmp_path: Path
) -> None:
    first = await put(world, b"one")
    grow_old(tmp_path)
    sweeper = Sweeper(SqlLeftovers(world.database.open), world.vectors, world.files, every_s=0.01)
    async with running(sweeper):
        await gone(tmp_path, first)
        orphan = await put(world, b"two")
        grow_old(tmp_path)
        document = await world.add("a.txt", "one")
        await world.knowledge.delete_document(world.tenant, "default", document)
        async with asyncio.timeout(10):
            while world.database.query("SELECT id FROM leftovers"):  # noqa: ASYNC110 - likewise
                await asyncio.sleep(0.01)
        assert orphan in kept(tmp_path)  # the hour is not over
    sweeper = replace(sweeper, orphans_every_s=0.02, _orphans_due=float("-inf"))
    async with running(sweeper):
        await gone(tmp_path, orphan)
        third = await put(world, b"three")
        grow_old(tmp_path)
        await gone(tmp_path, third)


async def test_the_sweeper_comes_back_for_what_had_to_wait(world: World, tmp_path: Path) -> None:
    class AwayOnce(SqlLeftovers):
        asked: list[int] = []

        async def unreferred(self, tenant: UUID, files: Sequence[str]) -> list[str]:
            self.asked.append(len(files))
            if len(self.asked) == 1:
                raise DatabaseUnavailable
            return await super().unreferred(tenant, files)

    orphan = await put(world, b"one")
    await world.upload("a.txt", "pending")
    grow_old(tmp_path)
    records = AwayOnce(world.database.open)
    sweeper = Sweeper(records, world.vectors, world.files, every_s=0.01, orphans_again_s=0.02)
    async with running(sweeper):
        async with asyncio.timeout(10):
            while len(records.asked) < 3:  # noqa: ASYNC110 - the sweeper counts
                await asyncio.sleep(0.01)
        assert orphan in kept(tmp_path)
        await world.index_all()
        await gone(tmp_path, orphan)
    assert kept(tmp_path) == referred(world)
