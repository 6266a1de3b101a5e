"""Files in a local folder: `<root>/<tenant>/<first two of the address>/<address>`."""

import asyncio
import errno
import hashlib
import os
import re
import threading
import time
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

from sutazai_contracts.errors import FilesUnavailable, NotFound
from sutazai_kit.files.port import StoredAt, StoredFile

PART = 1024 * 1024
_LISTED_AT_ONCE = 256
_ADDRESS = re.compile(r"[0-9a-f]{64}")
_PARTIAL = ".partial"
_UNKNOWN = "There is no file at this address."
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


class LocalFiles:
    """Keep files in a folder of this machine, readable by its owner alone.

    A file is written beside the others, flushed to the disk and renamed, so an address either
    holds all of its bytes or does not exist. What a crash leaves unfinished lies apart, in
    `.partial`, until `sweep_partial`.
    """

    def __init__(self, root: Path) -> None:
        """Take the folder; it is made by the first `put`."""
        self._root = root

    async def put(self, tenant: UUID, parts: AsyncIterator[bytes]) -> StoredFile:
        """Store a stream in constant memory; up to 1 MiB known already is not written at all.

        A known file is touched instead, so that its age begins anew.
        """
        upload = _Upload(self._root, tenant)
        waiting = bytearray()
        try:
            async for part in parts:
                waiting += part
                if len(waiting) >= PART:
                    await asyncio.to_thread(upload.write, waiting)
                    waiting = bytearray()
            return await asyncio.to_thread(upload.finish, waiting)
        finally:
            if not upload.over:
                await asyncio.to_thread(upload.discard)

    async def open(self, tenant: UUID, sha256: str) -> AsyncIterator[bytes]:
        """Stream a file in parts of at most 1 MiB."""
        file = await asyncio.to_thread(_open, self._existing(tenant, sha256))
        try:
            while part := await asyncio.to_thread(_read, file, PART):
                yield part
        finally:
            # In a thread: closing waits for a read whose task was cancelled meanwhile.
            await asyncio.to_thread(file.close)

    async def read(self, tenant: UUID, sha256: str) -> bytes:
        """Give a whole file."""
        return await asyncio.to_thread(_read_all, self._existing(tenant, sha256))

    async def delete(self, tenant: UUID, sha256: str) -> None:
        """Remove a file; one that is not there, or an address that is none, is no error."""
        if _ADDRESS.fullmatch(sha256):
            await asyncio.to_thread(_remove, _path(self._root, tenant, sha256))

    async def exists(self, tenant: UUID, sha256: str) -> bool:
        """Tell whether a file is there; an address that is none never is."""
        if not _ADDRESS.fullmatch(sha256):
            return False
        with _mapped():
            return await asyncio.to_thread(_path(self._root, tenant, sha256).is_file)

    async def addresses(self) -> AsyncIterator[StoredAt]:
        """Stream what lies in the folder; what was put there by others is left out."""
        walk = _Walk(self._root)
        try:
            while some := await asyncio.to_thread(walk.some):
                for stored in some:
                    yield stored
        finally:
            await asyncio.to_thread(walk.close)

    async def sweep_partial(self, older_than_s: float) -> int:
        """Remove what interrupted writes left, last touched `older_than_s` seconds ago or more.

        Returns:
            How many files were removed.
        """
        return await asyncio.to_thread(_sweep, self._root / _PARTIAL, time.time() - older_than_s)

    def _existing(self, tenant: UUID, sha256: str) -> Path:
        # Only an address makes a path, so no argument can lead out of the tenant's folder.
        if not _ADDRESS.fullmatch(sha256):
            raise NotFound(_UNKNOWN)
        return _path(self._root, tenant, sha256)


class _Upload:
    """One file on its way in.

    The lock keeps `discard` off a write that still runs in a thread after its task was cancelled.
    """

    def __init__(self, root: Path, tenant: UUID) -> None:
        self._root = root
        self._tenant = tenant
        self._partial = root / _PARTIAL / uuid4().hex
        self._hash = hashlib.sha256()
        self._size = 0
        self._descriptor: int | None = None
        self._lock = threading.Lock()
        self.over = False

    def write(self, data: bytes | bytearray) -> None:
        """Append to the partial file, which the first write makes."""
        with self._lock, _mapped():
            if self.over:
                return
            self._hash.update(data)
            self._append(data)

    def finish(self, rest: bytes | bytearray) -> StoredFile:
        """Flush all to the disk under its address, or nothing where the address is known."""
        with self._lock, _mapped():
            self._hash.update(rest)
            stored = StoredFile(self._hash.hexdigest(), self._size + len(rest))
            target = _path(self._root, self._tenant, stored.sha256)
            if not _touched(target, stored.size):
                self._append(rest)
                self._keep(target)
            # Also for a known one: whoever wrote it may not have come to this line yet.
            _sync_folder(target.parent)
            self._close()
            return stored

    def discard(self) -> None:
        """Remove what was written, unless it was kept."""
        with self._lock, _mapped():
            self._close()

    def _append(self, data: bytes | bytearray) -> None:
        if self._descriptor is None:
            _make_folder(self._partial.parent)
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
            self._descriptor = os.open(self._partial, flags, 0o600)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self._size += len(data)

    def _keep(self, target: Path) -> None:
        if self._descriptor is not None:
            os.fsync(self._descriptor)
        _make_folder(target.parent)
        self._partial.rename(target)

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            self._partial.unlink(missing_ok=True)
        self.over = True


class _Walk:
    """A walk through all files.

    The lock keeps `close` off a step that still runs in a thread after its task was cancelled.
    """

    def __init__(self, root: Path) -> None:
        self._files = _walk(root)
        self._lock = threading.Lock()

    def some(self) -> list[StoredAt]:
        """Give the next files; none when there are no more."""
        with self._lock, _mapped():
            return list(islice(self._files, _LISTED_AT_ONCE))

    def close(self) -> None:
        """Close the folders that are open."""
        with self._lock:
            self._files.close()


@contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if exc.errno in _FULL:
            raise FilesUnavailable("The disk that keeps the files is full.") from exc
        if exc.errno in _FORBIDDEN:
            raise FilesUnavailable("The folder that keeps the files can't be used.") from exc
        raise FilesUnavailable(f"The file store failed: {exc.strerror or exc}.") from exc


def _open(path: Path) -> BinaryIO:
    with _mapped():
        try:
            return path.open("rb")
        except FileNotFoundError as exc:
            raise NotFound(_UNKNOWN) from exc


def _read(file: BinaryIO, size: int) -> bytes:
    with _mapped():
        return file.read(size)


def _read_all(path: Path) -> bytes:
    with _open(path) as file:
        return _read(file, -1)


def _path(root: Path, tenant: UUID, sha256: str) -> Path:
    return root / str(tenant) / sha256[:2] / sha256


def _touched(path: Path, size: int) -> bool:
    """Begin a file's age anew; false where it is not there, or was cut short."""
    with suppress(FileNotFoundError):
        if path.stat().st_size == size:
            os.utime(path)
            return True
    return False


def _make_folder(folder: Path) -> None:
    """Make a folder that survives a crash: each new one is flushed in its parent."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    with _mapped():
        path.unlink(missing_ok=True)


def _sweep(folder: Path, before: float) -> int:
    removed = 0
    with _mapped():
        for entry in os.scandir(folder) if folder.is_dir() else ():
            with suppress(FileNotFoundError):
                if entry.stat().st_mtime <= before:
                    os.unlink(entry.path)
                    removed += 1
    return removed


def _walk(root: Path) -> Generator[StoredAt, None, None]:
    """Go through what `put` may have made; other names, and links, are passed over."""
    for folder in _folders(root):
        if (tenant := _tenant(folder.name)) is not None:
            for part in _folders(folder.path):
                for entry in _entries(part.path):
                    if _ADDRESS.fullmatch(entry.name) and entry.name[:2] == part.name:
                        yield from _stored(tenant, entry)


def _folders(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    return (entry for entry in _entries(folder) if entry.is_dir(follow_symlinks=False))


def _entries(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    # A folder that went meanwhile, or was never made, has no entries.
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        yield from entries


def _tenant(name: str) -> UUID | None:
    with suppress(ValueError):
        tenant = UUID(name)
        return tenant if str(tenant) == name else None
    return None


def _stored(tenant: UUID, entry: os.DirEntry[str]) -> Iterator[StoredAt]:
    with suppress(FileNotFoundError):
        if entry.is_file(follow_symlinks=False):
            written = entry.stat(follow_symlinks=False).st_mtime
            yield StoredAt(tenant, entry.name, time.time() - written)
