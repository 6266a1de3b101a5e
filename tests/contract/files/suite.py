"""What every file store does, whoever keeps the bytes."""

import asyncio
import hashlib
import tracemalloc
from collections.abc import AsyncIterator, Iterable
from uuid import UUID, uuid4

import pytest

from sutazai_contracts.errors import NotFound
from sutazai_kit.files.port import Files

MIB = 1024 * 1024
NO_ADDRESSES = [
    "",
    "a" * 63,
    "A" * 64,
    "g" * 64,
    "../" * 20 + "etc",
    "/etc/passwd",
    "a" * 64 + "\n",
]


async def stream(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Send parts as a client does, one at a time."""
    for part in parts:
        await asyncio.sleep(0)
        yield part


async def endless() -> AsyncIterator[bytes]:
    """Send until cancelled."""
    while True:
        await asyncio.sleep(0)
        yield b"x" * MIB


def address(data: bytes) -> str:
    """Name bytes by their content."""
    return hashlib.sha256(data).hexdigest()


async def lying(files: Files) -> list[tuple[UUID, str]]:
    """List what lies in the store, in order."""
    return sorted([(stored.tenant, stored.sha256) async for stored in files.addresses()])


class FilesContract:
    """Subclasses give the fixture `files`: an empty store."""

    @pytest.fixture
    def tenant(self) -> UUID:
        return uuid4()

    async def test_what_is_put_is_read(self, files: Files, tenant: UUID) -> None:
        stored = await files.put(tenant, stream([b"one ", b"", b"two"]))
        assert (stored.sha256, stored.size) == (address(b"one two"), 7)
        assert await files.read(tenant, stored.sha256) == b"one two"
        assert await files.exists(tenant, stored.sha256)

    async def test_an_empty_stream_is_a_file_of_no_bytes(self, files: Files, tenant: UUID) -> None:
        stored = await files.put(tenant, stream([]))
        assert (stored.sha256, stored.size) == (address(b""), 0)
        assert await files.read(tenant, stored.sha256) == b""
        assert [part async for part in files.open(tenant, stored.sha256)] == []

    async def test_the_same_bytes_have_one_address(self, files: Files, tenant: UUID) -> None:
        data = bytes(range(256)) * 16_384
        first = await files.put(tenant, stream([data]))
        again = await files.put(tenant, stream([data[:5], data[5:3_000_000], data[3_000_000:]]))
        assert first == again
        assert await files.read(tenant, again.sha256) == data

    async def test_tenants_are_apart(self, files: Files, tenant: UUID) -> None:
        other = uuid4()
        stored = await files.put(tenant, stream([b"mine"]))
        assert not await files.exists(other, stored.sha256)
        with pytest.raises(NotFound):
            await files.read(other, stored.sha256)
        await files.put(other, stream([b"mine"]))
        await files.delete(other, stored.sha256)
        assert await files.read(tenant, stored.sha256) == b"mine"

    async def test_many_put_the_same_bytes_at_once(self, files: Files, tenant: UUID) -> None:
        data = b"abc" * MIB
        puts = [files.put(tenant, stream([data[:MIB], data[MIB:]])) for _ in range(8)]
        assert {stored.sha256 for stored in await asyncio.gather(*puts)} == {address(data)}
        assert await files.read(tenant, address(data)) == data

    async def test_a_stream_that_breaks_leaves_nothing(self, files: Files, tenant: UUID) -> None:
        async def breaks() -> AsyncIterator[bytes]:
            yield b"half"
            yield b"x" * 2 * MIB
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            await files.put(tenant, breaks())
        assert not await files.exists(tenant, address(b"half" + b"x" * 2 * MIB))

    async def test_a_cancelled_put_ends_and_the_store_goes_on(
        self, files: Files, tenant: UUID
    ) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(files.put(tenant, endless()), 0.05)
        stored = await files.put(tenant, stream([b"after"]))
        assert await files.read(tenant, stored.sha256) == b"after"

    async def test_a_large_stream_needs_little_memory(self, files: Files, tenant: UUID) -> None:
        part = bytes(range(256)) * 256
        tracemalloc.start()
        try:
            stored = await files.put(tenant, stream(part for _ in range(512)))
            size, longest = 0, 0
            async for read in files.open(tenant, stored.sha256):
                size, longest = size + len(read), max(longest, len(read))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert stored.size == size == 32 * MIB
        assert longest <= 4 * MIB
        assert peak < 12 * MIB

    async def test_parts_come_in_order(self, files: Files, tenant: UUID) -> None:
        data = b"".join(number.to_bytes(4, "big") for number in range(MIB))
        stored = await files.put(tenant, stream([data]))
        parts = [part async for part in files.open(tenant, stored.sha256)]
        assert len(parts) > 1
        assert b"".join(parts) == data

    async def test_a_reader_may_stop_early(self, files: Files, tenant: UUID) -> None:
        stored = await files.put(tenant, stream([b"x" * 3 * MIB]))
        async for part in files.open(tenant, stored.sha256):
            assert part
            break
        await files.delete(tenant, stored.sha256)
        assert not await files.exists(tenant, stored.sha256)

    async def test_an_unknown_address_is_not_found(self, files: Files, tenant: UUID) -> None:
        with pytest.raises(NotFound):
            await files.read(tenant, "0" * 64)
        with pytest.raises(NotFound):
            await anext(aiter(files.open(tenant, "0" * 64)))
        assert not await files.exists(tenant, "0" * 64)

    @pytest.mark.parametrize("wrong", NO_ADDRESSES)
    async def test_what_is_no_address_is_not_found(
        self, files: Files, tenant: UUID, wrong: str
    ) -> None:
        with pytest.raises(NotFound):
            await files.read(tenant, wrong)
        with pytest.raises(NotFound):
            await anext(aiter(files.open(tenant, wrong)))
        assert not await files.exists(tenant, wrong)
        await files.delete(tenant, wrong)

    async def test_a_deleted_file_is_gone_and_may_come_again(
        self, files: Files, tenant: UUID
    ) -> None:
        stored = await files.put(tenant, stream([b"once"]))
        await files.delete(tenant, stored.sha256)
        await files.delete(tenant, stored.sha256)
        assert not await files.exists(tenant, stored.sha256)
        assert await files.put(tenant, stream([b"once"])) == stored
        assert await files.read(tenant, stored.sha256) == b"once"

    async def test_what_lies_in_the_store_is_listed(self, files: Files, tenant: UUID) -> None:
        assert await lying(files) == []
        other = uuid4()
        puts = [(tenant, b"one"), (tenant, b"two"), (other, b"one"), (tenant, b"one")]
        stored = [(whose, (await files.put(whose, stream([data]))).sha256) for whose, data in puts]
        assert await lying(files) == sorted(set(stored))
        await files.delete(tenant, address(b"one"))
        assert await lying(files) == sorted([(tenant, address(b"two")), (other, address(b"one"))])

    async def test_age_begins_with_the_last_put(self, files: Files, tenant: UUID) -> None:
        async def age() -> float:
            [stored] = [stored async for stored in files.addresses()]
            return stored.age_s

        clock = asyncio.get_running_loop().time
        await files.put(tenant, stream([b"known"]))
        async with asyncio.timeout(10):
            while await age() < 0.3:  # noqa: ASYNC110 - time itself is waited for
                await asyncio.sleep(0.01)
        again = clock()
        await files.put(tenant, stream([b"known"]))
        # Clocks of files are coarse: half a tenth of a second is much to them.
        assert -0.05 <= await age() <= clock() - again + 0.05

    async def test_a_listing_may_stop_early(self, files: Files, tenant: UUID) -> None:
        for data in (b"one", b"two"):
            await files.put(tenant, stream([data]))
        async for stored in files.addresses():
            await files.delete(stored.tenant, stored.sha256)
            break
        assert len(await lying(files)) == 1

    async def test_listing_goes_on_while_files_come_and_go(
        self, files: Files, tenant: UUID
    ) -> None:
        kept = [(await files.put(tenant, stream([b"kept %d" % n]))).sha256 for n in range(40)]
        gone = [(await files.put(tenant, stream([b"gone %d" % n]))).sha256 for n in range(40)]

        async def churn() -> None:
            for number, sha256 in enumerate(gone):
                await files.delete(tenant, sha256)
                await files.put(tenant, stream([b"new %d" % number]))

        churning = asyncio.create_task(churn())
        listed = [stored.sha256 async for stored in files.addresses()]
        await churning
        assert len(set(listed)) == len(listed)
        assert set(listed) >= set(kept)
        assert {sha256 for _, sha256 in await lying(files)} >= set(kept)
