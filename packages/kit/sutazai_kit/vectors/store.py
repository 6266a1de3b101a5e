"""The folders of collections on disk, and the few that are open.

    ROOT/.lock                         held while a process works here
    ROOT/<collection>/collection.json  what the collection is; it exists once this does
    ROOT/<collection>/<generation>/    the engine's files; collection.json names the one in force
    ROOT/.dropped-<id>                 on its way out

Each change becomes true by one rename. What a crash leaves beside is removed at the next opening.
Blocking, for the engine's thread.
"""

import fcntl
import json
import os
import shutil
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO
from uuid import UUID, uuid4

from sutazai_contracts.errors import ModelMismatch, NotFound, VectorsUnavailable
from sutazai_kit.vectors.engine import EngineErrors
from sutazai_kit.vectors.shard import Shard

_RECORD = "collection.json"
_DROPPED = ".dropped-"
# The engine writes into mapped files: where the disk has no room for one of their pages, the kernel
# ends the process (SIGBUS). The points of one call take about 1 MiB, what removes some less.
LEAST_FREE = 16 * 1024 * 1024
_LEAST_FREE_TO_REMOVE = 1024 * 1024


@dataclass(frozen=True)
class CollectionRecord:
    """What collection.json says; `indexed` counts the points the last index was built over."""

    dimension: int
    generation: str
    indexed: int = 0


class CollectionStore:
    """Create, open and drop collections under a root that is this process's alone."""

    def __init__(self, root: Path, max_open: int, least_free: int = LEAST_FREE) -> None:
        """Take the root folder, how many collections stay open at once, and bytes left free."""
        self._root = root
        self._max_open = max_open
        self._least_free = least_free
        self._open: OrderedDict[UUID, Shard] = OrderedDict()
        self._lock: IO[str] | None = None

    def start(self) -> None:
        """Take the root and remove what a crash left there."""
        with EngineErrors("open its folder"):
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = _locked(self._root / ".lock")
            for folder in self._root.iterdir():
                if folder.name.startswith(_DROPPED):
                    shutil.rmtree(folder)
                elif folder.is_dir():
                    # A damaged record is an error where its collection is asked for, not here.
                    with suppress(VectorsUnavailable):
                        self._sweep(folder)

    def stop(self) -> None:
        """Flush and close all collections and give the root free."""
        while self._open:
            self._open.popitem()[1].close()
        if self._lock:
            self._lock.close()
            self._lock = None

    def create(self, collection: UUID, dimension: int) -> None:
        """Create a collection, or leave the one of this dimension as it is."""
        record = self._read(collection)
        if record is None:
            self.check_room()
            self.sweep(collection)
            generation = self.new_generation()
            shard = Shard.create(self.folder(collection, generation), dimension)
            self._write(collection, CollectionRecord(dimension, generation))
            self._keep(collection, shard)
        elif record.dimension != dimension:
            raise ModelMismatch(
                f"The collection holds vectors of {record.dimension} dimensions, not {dimension}."
            )

    def drop(self, collection: UUID) -> None:
        """Remove a collection, if it is there."""
        shard = self._open.pop(collection, None)
        if shard:
            shard.close()
        folder = self._root / str(collection)
        with EngineErrors("drop a collection"):
            if folder.exists():
                dropped = self._root / f"{_DROPPED}{uuid4().hex}"
                folder.rename(dropped)
                _sync(self._root)
                shutil.rmtree(dropped)

    def check_room(self, *, to_remove: bool = False) -> None:
        """Refuse to write where the disk is all but full; raises `VectorsUnavailable`."""
        least = min(self._least_free, _LEAST_FREE_TO_REMOVE) if to_remove else self._least_free
        with EngineErrors("ask how full its disk is"):
            found = os.statvfs(self._root)
        if found.f_bavail * found.f_frsize < least:
            raise VectorsUnavailable(
                f"The disk that keeps the vectors is full: less than {least >> 20} MiB are free."
            )

    @contextmanager
    def writable(self, collection: UUID) -> Iterator[Shard]:
        """Give the open shard to write to; one whose write failed is opened anew for the next.

        The engine refuses every write after one that failed, until its folder is opened again.
        """
        shard = self.shard(collection)
        try:
            yield shard
        except VectorsUnavailable:
            if self._open.get(collection) is shard:
                del self._open[collection]
            with suppress(VectorsUnavailable):
                shard.close()
            raise

    def shard(self, collection: UUID) -> Shard:
        """Return the open shard of a collection, opening it and closing the least used."""
        shard = self._open.get(collection)
        if shard is None:
            record = self.record(collection)
            self.check_room(to_remove=True)  # what is replayed is written
            folder = self.folder(collection, record.generation)
            shard = Shard.load(folder, record.dimension)
        self._keep(collection, shard)
        return shard

    def record(self, collection: UUID) -> CollectionRecord:
        """Read what a collection is; raises `NotFound`."""
        record = self._read(collection)
        if record is None:
            raise NotFound("There is no such vector collection.")
        return record

    def unindexed(self, collection: UUID) -> int:
        """Count the points that came after the last index."""
        return max(0, self.shard(collection).count() - self.record(collection).indexed)

    def folder(self, collection: UUID, generation: str) -> Path:
        """Name the folder of a generation."""
        return self._root / str(collection) / generation

    @staticmethod
    def new_generation() -> str:
        """Make a name for a generation."""
        return f"generation-{uuid4().hex}"

    def load(self, collection: UUID, generation: str) -> Shard:
        """Open a generation that is not yet in force."""
        return Shard.load(self.folder(collection, generation), self.record(collection).dimension)

    def at_rest(self, collection: UUID) -> CollectionRecord:
        """Put all points in the files, so that they may be copied until the next write."""
        self.shard(collection).flush()
        return self.record(collection)

    def carry_over(self, collection: UUID, ids: Sequence[UUID], fresh: Shard) -> None:
        """Make points in a generation not yet in force what they are now."""
        self.check_room()
        self.shard(collection).copy(ids, fresh)

    def close_unless_in_force(self, collection: UUID, shard: Shard) -> None:
        """Close a generation that was not adopted."""
        if self._open.get(collection) is not shard:
            shard.close()

    def adopt(self, collection: UUID, generation: str, shard: Shard) -> None:
        """Put a generation in force in the place of the one that is."""
        present = self.shard(collection)
        indexed = shard.count()
        if indexed != present.count():
            raise VectorsUnavailable("An index was built over other points; it is not used.")
        shard.flush()
        dimension = self.record(collection).dimension
        self._write(collection, CollectionRecord(dimension, generation, indexed))
        self._open[collection] = shard
        present.close()

    def sweep(self, collection: UUID) -> None:
        """Remove what is in a collection's folder and not in force."""
        with EngineErrors("remove old files"):
            self._sweep(self._root / str(collection))

    def _sweep(self, folder: Path) -> None:
        record = _parsed(folder / _RECORD)
        if record is None:
            shutil.rmtree(folder, ignore_errors=not folder.exists())
            return
        for one in folder.iterdir():
            if one.is_dir() and one.name != record.generation:
                shutil.rmtree(one)

    def _keep(self, collection: UUID, shard: Shard) -> None:
        self._open[collection] = shard
        self._open.move_to_end(collection)
        while len(self._open) > self._max_open:
            self._open.popitem(last=False)[1].close()

    def _read(self, collection: UUID) -> CollectionRecord | None:
        with EngineErrors("read a collection's record"):
            return _parsed(self._root / str(collection) / _RECORD)

    def _write(self, collection: UUID, record: CollectionRecord) -> None:
        folder = self._root / str(collection)
        fresh = folder / f"{_RECORD}.new"
        with EngineErrors("write a collection's record"):
            with fresh.open("w") as file:
                json.dump(asdict(record), file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(folder / _RECORD)
            _sync(folder)


def _parsed(path: Path) -> CollectionRecord | None:
    try:
        return CollectionRecord(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise VectorsUnavailable(f"{path.name} of {path.parent.name} is damaged.") from error


def _locked(path: Path) -> IO[str]:
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise VectorsUnavailable(
            f"The vector store is in use by another process (pid {holder})."
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def stored_collections(root: Path) -> set[UUID]:
    """Name the collections that are under a root folder, opening none."""
    found: set[UUID] = set()
    for record in root.glob(f"*/{_RECORD}"):
        with suppress(ValueError):
            found.add(UUID(record.parent.name))
    return found
