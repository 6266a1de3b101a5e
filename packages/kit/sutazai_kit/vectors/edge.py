"""Vectors in Qdrant's engine inside this process (`qdrant-edge-py`), one folder a collection."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID
from weakref import WeakValueDictionary

import qdrant_edge as engine

from sutazai_kit.vectors.engine import EngineThread
from sutazai_kit.vectors.index import Indexer, IndexPolicy
from sutazai_kit.vectors.port import Hit, Point, Query
from sutazai_kit.vectors.store import LEAST_FREE, CollectionStore

# All else in the process stands still during an engine call: less than 10 ms for 64 points.
_BATCH = 64


class EdgeVectors:
    """Keep collections under a root folder that is this process's alone.

    Searches and writes go on while an index is built. Opening a collection stops the process for
    10 ms (empty), about 0.1 s (10 000 points) or up to 1 s (100 000, no index yet); the `max_open`
    used last stay open, which takes 75-105 MB of memory for 10 000 points and 10 MB for few.
    """

    def __init__(
        self, root: Path, policy: IndexPolicy, max_open: int, least_free: int = LEAST_FREE
    ) -> None:
        """Take the root folder, when to build indexes, how many collections stay open.

        Points are refused once fewer than `least_free` bytes of the disk are free: the engine does
        not survive a full one.
        """
        self._engine = EngineThread()
        self._store = CollectionStore(root, max_open, least_free)
        self._writers: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._indexer = Indexer(self._store, self._engine, self._writing, policy)

    async def start(self) -> None:
        """Take the root and remove what a crash left there.

        Raises `VectorsUnavailable` when another process holds it.
        """
        await self._engine.run(self._store.start)

    async def create(self, collection: UUID, dimension: int) -> None:
        """Create a collection; raises `ModelMismatch` for one of another dimension."""
        async with self._writing(collection):
            await self._engine.run(self._store.create, collection, dimension)

    async def drop(self, collection: UUID) -> None:
        """Remove a collection with all its points."""
        async with self._writing(collection):
            await self._indexer.forget(collection)
            await self._engine.run(self._store.drop, collection)

    async def upsert(self, collection: UUID, points: Sequence[Point]) -> None:
        """Write points, none of them if one is not valid."""
        async with self._writing(collection):
            await self._indexer.watch(collection)
            batches = [
                await self._engine.run(self._encode, collection, points[start : start + _BATCH])
                for start in range(0, len(points), _BATCH)
            ]
            self._indexer.writes(collection, (point.id for point in points))
            for batch in batches:
                await self._engine.run(self._write, collection, batch)
                self._indexer.wrote(collection, len(batch))

    async def delete_version(self, collection: UUID, version: UUID) -> None:
        """Remove all points of a document version."""
        async with self._writing(collection):
            await self._indexer.watch(collection)
            self._indexer.deletes(collection, version)
            await self._engine.run(self._delete, collection, version)
            self._indexer.wrote(collection, 0)

    async def search(self, collection: UUID, query: Query) -> list[Hit]:
        """Find the best points by meaning and words together, best first, ties by id.

        Fused by DBSF; by ranks (RRF, k = 2) where fewer than 10 points share a word with the
        question. `similarity` is the exact cosine.
        """
        await self._indexer.watch(collection)
        return await self._engine.run(lambda: self._store.shard(collection).search(query))

    async def count(self, collection: UUID, version: UUID | None = None) -> int:
        """Count points exactly, of one version or of all."""
        return await self._engine.run(lambda: self._store.shard(collection).count(version))

    async def ids(self, collection: UUID) -> set[UUID]:
        """List the ids of all points; what is written meanwhile may be in it or not."""
        found: set[UUID] = set()
        following: UUID | None = None
        while True:
            page, following = await self._engine.run(self._page, collection, following)
            found.update(page)
            if following is None:
                return found

    async def build_index(self, collection: UUID) -> None:
        """Build a collection's index now, in a child process; the policy does it unasked."""
        await self._indexer.build(collection)

    async def aclose(self) -> None:
        """Stop building, flush and close what is open."""
        await self._indexer.aclose()
        await self._engine.close(self._store.stop)

    def _writing(self, collection: UUID) -> asyncio.Lock:
        return self._writers.setdefault(collection, asyncio.Lock())

    def _encode(self, collection: UUID, points: Sequence[Point]) -> list[engine.Point]:
        return self._store.shard(collection).encode(points)

    def _write(self, collection: UUID, points: list[engine.Point]) -> None:
        self._store.check_room()
        with self._store.writable(collection) as shard:
            shard.write(points)

    def _delete(self, collection: UUID, version: UUID) -> None:
        self._store.check_room(to_remove=True)
        with self._store.writable(collection) as shard:
            shard.delete_version(version)

    def _page(self, collection: UUID, start: UUID | None) -> tuple[list[UUID], UUID | None]:
        return self._store.shard(collection).page(start)


@asynccontextmanager
async def open_edge_vectors(
    root: Path,
    *,
    policy: IndexPolicy | None = None,
    max_open: int = 4,
    least_free: int = LEAST_FREE,
) -> AsyncIterator[EdgeVectors]:
    """Open the collections under a root folder, which is made when it is not there.

    Raises `VectorsUnavailable` when another process holds it.
    """
    vectors = EdgeVectors(root, policy or IndexPolicy(), max_open, least_free)
    await vectors.start()
    try:
        yield vectors
    finally:
        await vectors.aclose()
