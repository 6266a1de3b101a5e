"""The local folder keeps the contract, and leaves nothing lying about."""

import asyncio
import os
import resource
import stat
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from sutazai_contracts.errors import FilesUnavailable
from sutazai_kit.files.local import LocalFiles
from sutazai_kit.files.port import Files
from tests.contract.files.suite import MIB, FilesContract, address, endless, stream


def files_below(root: Path) -> list[Path]:
    """List every file of the store, finished or not."""
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "not" / "there yet"


@pytest.fixture
def store(root: Path) -> LocalFiles:
    return LocalFiles(root)


@pytest.fixture
def tenant() -> UUID:
    return uuid4()


class TestLocalFiles(FilesContract):
    """The contract."""

    @pytest.fixture
    def files(self, store: LocalFiles) -> Files:
        return store


async def test_only_the_owner_may_look(store: LocalFiles, root: Path, tenant: UUID) -> None:
    stored = await store.put(tenant, stream([b"x" * 2 * MIB]))
    path = root / str(tenant) / stored.sha256[:2] / stored.sha256
    assert files_below(root) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (root, root / str(tenant), path.parent, root / ".partial"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_known_bytes_are_not_written_again(
    store: LocalFiles, root: Path, tenant: UUID
) -> None:
    await store.put(tenant, stream([b"known"]))
    (path,) = files_below(root)
    os.utime(path, (time.time() - 7200,) * 2)
    before = path.stat()
    await store.put(tenant, stream([b"known"]))
    after = path.stat()
    assert (before.st_ino, before.st_ctime_ns <= after.st_ctime_ns) == (after.st_ino, True)
    assert after.st_mtime > before.st_mtime + 7000
    assert files_below(root) == [path]


async def test_a_file_cut_short_is_mended_by_the_next_put(
    store: LocalFiles, root: Path, tenant: UUID
) -> None:
    stored = await store.put(tenant, stream([b"whole"]))
    (path,) = files_below(root)
    os.truncate(path, 2)
    await store.put(tenant, stream([b"whole"]))
    assert await store.read(tenant, stored.sha256) == b"whole"


async def test_a_cancelled_put_leaves_no_partial_file(
    store: LocalFiles, root: Path, tenant: UUID
) -> None:
    written = asyncio.Event()

    async def until_written() -> AsyncIterator[bytes]:
        async for part in endless():
            yield part
            if files_below(root):
                written.set()

    put = asyncio.create_task(store.put(tenant, until_written()))
    await asyncio.wait_for(written.wait(), 10)
    put.cancel()
    with pytest.raises(asyncio.CancelledError):
        await put
    assert files_below(root) == []


@pytest.fixture
def files_of_one_mib_at_most() -> Iterator[None]:
    """Let the kernel refuse longer writes, as a full disk does; it binds root too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("files_of_one_mib_at_most")
async def test_no_room_is_said_and_leaves_nothing(
    store: LocalFiles, root: Path, tenant: UUID
) -> None:
    with pytest.raises(FilesUnavailable, match="full") as failed:
        await store.put(tenant, stream([b"x" * MIB] * 3))
    assert isinstance(failed.value.__cause__, OSError)
    assert files_below(root) == []


async def test_a_root_that_is_no_folder_is_unavailable(tmp_path: Path, tenant: UUID) -> None:
    (tmp_path / "file").write_text("in the way")
    store = LocalFiles(tmp_path / "file")
    with pytest.raises(FilesUnavailable, match="failed"):
        await store.put(tenant, stream([b"data"]))
    with pytest.raises(FilesUnavailable):
        await store.read(tenant, address(b"data"))
    with pytest.raises(FilesUnavailable):
        await store.delete(tenant, address(b"data"))
    with pytest.raises(FilesUnavailable):
        await anext(aiter(store.addresses()))


async def test_a_forbidden_folder_is_unavailable(tenant: UUID) -> None:
    store = LocalFiles(Path("/sys/sutazai"))  # where root may make no folder either
    with pytest.raises(FilesUnavailable, match="can't be used"):
        await store.put(tenant, stream([b"data"]))


async def test_old_partial_files_are_swept(store: LocalFiles, root: Path, tenant: UUID) -> None:
    assert await store.sweep_partial(0) == 0
    stored = await store.put(tenant, stream([b"x" * 2 * MIB]))
    stale, fresh = root / ".partial" / "stale", root / ".partial" / "fresh"
    for path in (stale, fresh):
        path.write_bytes(b"half")
    os.utime(stale, (time.time() - 7200,) * 2)
    assert await store.sweep_partial(3600) == 1
    assert fresh.exists()
    assert not stale.exists()
    assert await store.exists(tenant, stored.sha256)


async def test_only_what_was_put_is_listed(store: LocalFiles, root: Path, tenant: UUID) -> None:
    stored = await store.put(tenant, stream([b"put"]))
    home, other = root / str(tenant), "ab" + "0" * 62
    for path in (
        root / "a file",
        root / "a folder" / "ab" / other,
        root / str(tenant).upper() / "ab" / other,
        root / ".partial" / "half",
        home / other,
        home / "cd" / other,
        home / "ab" / "other",
        home / "ab" / other / "below",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"not put")
    link = home / "cd" / ("cd" + "0" * 62)
    link.symlink_to(root / "a file")
    os.utime(home / stored.sha256[:2] / stored.sha256, (time.time() - 7200,) * 2)
    [listed] = [each async for each in store.addresses()]
    assert (listed.tenant, listed.sha256) == (tenant, stored.sha256)
    assert 7200 <= listed.age_s < 7300


def lay_down(root: Path, tenant: UUID, count: int) -> None:
    """Lay files down as `put` does, but not through to the disk, which takes its time."""
    for number in range(count):
        sha256 = address(b"%d" % number)
        path = root / str(tenant) / sha256[:2] / sha256
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


async def test_a_listing_needs_little_memory(store: LocalFiles, root: Path, tenant: UUID) -> None:
    lay_down(root, tenant, 4_000)
    count, peak = 0, 0
    tracemalloc.start()
    try:
        async for _ in store.addresses():
            count += 1
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 4_000
    assert peak < 256 * 1024  # a list of them would take four times as much


async def test_a_listing_that_is_cancelled_closes_its_folders(
    store: LocalFiles, root: Path, tenant: UUID
) -> None:
    lay_down(root, tenant, 600)

    async def listing() -> int:
        return len([stored async for stored in store.addresses()])

    assert await listing() == 600
    before = len(os.listdir("/proc/self/fd"))
    for turns in range(12):
        task = asyncio.create_task(listing())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await listing() == 600
    assert len(os.listdir("/proc/self/fd")) == before
