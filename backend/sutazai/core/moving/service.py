"""Export all of a tenant as one stream; import such a stream, all of it or nothing."""

import asyncio
import hashlib
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO
from uuid import UUID

from sutazai.core.identity.audit import Audit, Event
from sutazai.core.identity.audit import Entry as Logged
from sutazai.core.identity.model import Caller
from sutazai.core.knowledge.content import no_room
from sutazai.core.moving import manifest
from sutazai.core.moving.archive import END, Archive, header, padding
from sutazai.core.moving.manifest import Entry, Manifest, read_manifest
from sutazai.core.moving.ports import FileRef, Imported, MovingRecords, Reading
from sutazai_contracts.errors import FilesUnavailable, Forbidden, InvalidInput
from sutazai_kit.files.port import Files

# Each holds a connection of the database for as long as it takes.
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Import:
    """What an import came to: objects by folder, files, and the runs that embed them anew."""

    objects: dict[str, int]
    files: int
    rebuilds: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Moving:
    """Move tenants out and in; for their administrators alone.

    `embed_anew` starts the run that embeds what a collection holds; until it has ended, nothing
    is found in it. `on_leftovers` is told when something may have been left over.
    """

    records: MovingRecords
    files: Files
    audit: Audit
    embed_anew: Callable[[UUID, str], Awaitable[UUID]]
    on_leftovers: Callable[[], None]
    product: str
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def export(self, caller: Caller) -> AsyncIterator[bytes]:
        """Stream all of the caller's tenant as a tar archive; the first part comes once it can.

        It stands in the audit log before that.

        Raises:
            Forbidden: the caller does not administer the tenant.
            FilesUnavailable: a file is missing in the store; names its address.
        """
        await self._check_admin(caller)
        async with self._turn, AsyncExitStack() as stack:
            # It holds a connection and wants another for the log. If two did, a pool of two would
            # have none left for either.
            async with self._opening:
                reading = await stack.enter_async_context(
                    self.records.exporting(caller.tenant, caller.user)
                )
                files = await self._files_of(caller.tenant, reading)
                # Committed by itself: what has left can't be taken back, whatever comes after.
                await self.audit.append(
                    caller.tenant,
                    self._entry(caller, Event.DATA_EXPORTED, await reading.count(), len(files)),
                )
            listed: dict[str, Entry] = {}
            async for item in reading.objects():
                data = item.text.encode()
                listed[item.name] = Entry(sha256=hashlib.sha256(data).hexdigest(), size=len(data))
                yield header(item.name, len(data)) + data + padding(len(data))
            for ref in files:
                async for part in self._file(caller.tenant, ref, listed):
                    yield part
            yield self._last(reading, listed)

    async def _files_of(self, tenant: UUID, reading: Reading) -> Sequence[FileRef]:
        files = await reading.files()
        for ref in files:
            if not await self.files.exists(tenant, ref.sha256):
                raise FilesUnavailable(f"{ref.name} is missing in the file store")
        return files

    def _entry(self, caller: Caller, event: Event, objects: int, files: int) -> Logged:
        tenant = str(caller.tenant)
        return self.audit.by(caller, event, tenant, objects=objects, files=files)

    async def _file(
        self, tenant: UUID, ref: FileRef, listed: dict[str, Entry]
    ) -> AsyncIterator[bytes]:
        # Read twice: its size stands before it, and it is to be what its address says.
        size, digest = 0, hashlib.sha256()
        async for part in self.files.open(tenant, ref.sha256):
            size += len(part)
            digest.update(part)
        if digest.hexdigest() != ref.sha256:
            raise FilesUnavailable(f"{ref.name} is damaged in the file store")
        listed[ref.name] = Entry(sha256=ref.sha256, size=size)
        yield header(ref.name, size)
        async for part in self.files.open(tenant, ref.sha256):
            yield part
        yield padding(size)

    def _last(self, reading: Reading, listed: dict[str, Entry]) -> bytes:
        made = Manifest(
            format=manifest.FORMAT,
            version=manifest.VERSION,
            product=self.product,
            records=self.records.version,
            tenant=reading.tenant_name,
            made_at=datetime.now(UTC).replace(microsecond=0),
            left_out={what: count for what, count in reading.left_out.items() if count},
            files=dict(sorted(listed.items())),
        )
        data = (json.dumps(made.model_dump(mode="json"), indent=2) + "\n").encode()
        return header(manifest.NAME, len(data)) + data + padding(len(data)) + END

    async def take_in(self, caller: Caller, parts: AsyncIterator[bytes]) -> Import:
        """Import an export into the caller's tenant, which holds no documents and runs yet.

        It is taken in aside and checked first, and written in one transaction.

        Raises:
            Forbidden: the caller does not administer the tenant.
            InvalidInput: it is damaged, foreign or newer than this SutazAI.
            Conflict: the tenant holds something, or this installation something of the same id.
        """
        await self._check_admin(caller)
        async with self._turn, _aside(parts) as file:
            archive = await asyncio.to_thread(Archive[Manifest], file, self._manifest)
            counts, collections = await self._write(caller, archive)
        self.on_leftovers()
        rebuilds = [
            await self.embed_anew(caller.tenant, collection.name) for collection in collections
        ]
        stored = len(archive.names) - sum(counts.values())
        return Import(counts, stored, tuple(rebuilds))

    def _manifest(self, data: bytes) -> Manifest:
        return read_manifest(data, self.records.version)

    async def _write(
        self, caller: Caller, archive: Archive[Manifest]
    ) -> tuple[dict[str, int], list[Imported]]:
        counts = dict.fromkeys(self.records.folders, 0)
        objects: dict[str, list[str]] = {folder: [] for folder in counts}
        stored: set[str] = set()
        for name in archive.names:
            folder = name.partition("/")[0]
            if folder in objects:
                objects[folder].append(name)
            else:
                stored.add(name)
        async with self.records.importing(caller.tenant, caller.user) as writing:
            for folder, names in objects.items():
                for name in names:
                    await writing.add(name, await asyncio.to_thread(archive.text, name))
                    counts[folder] += 1
            wanted = {ref.name: ref.sha256 for ref in await writing.files()}
            _check_files(stored, wanted, archive)
            # Within the transaction, under which no file is swept.
            for name in sorted(stored):
                await self.files.put(caller.tenant, _parts(archive, name))
            collections = list(await writing.collections())
            await writing.note(
                self._entry(caller, Event.DATA_IMPORTED, sum(counts.values()), len(stored))
            )
        return counts, collections

    async def _check_admin(self, caller: Caller) -> None:
        if not await self.records.is_admin(caller.tenant, caller.user):
            raise Forbidden("exports and imports are for administrators of the tenant")


def _check_files(stored: set[str], wanted: dict[str, str], archive: Archive[Manifest]) -> None:
    for name in sorted(stored - wanted.keys()):
        raise InvalidInput(f"the export holds {name!r}, which nothing in it refers to")
    for name in sorted(wanted.keys() - stored):
        raise InvalidInput(f"the archive is not whole: {name} is missing")
    for name, sha256 in wanted.items():
        if archive.manifest.files[name].sha256 != sha256:
            raise InvalidInput(f"{name} is not what its name says")


async def _parts(archive: Archive[Manifest], name: str) -> AsyncIterator[bytes]:
    parts = archive.parts(name)
    while (part := await asyncio.to_thread(next, parts, None)) is not None:
        yield part


@asynccontextmanager
async def _aside(parts: AsyncIterator[bytes]) -> AsyncIterator[IO[bytes]]:
    """Keep a stream in a file that is gone afterwards."""
    with tempfile.TemporaryFile() as file:
        try:
            async for part in parts:
                await asyncio.to_thread(file.write, part)
        except OSError as exc:
            raise FilesUnavailable(no_room(exc)) from exc
        yield file
