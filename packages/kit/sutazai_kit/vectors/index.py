"""Indexes built in the background, while searches and writes go on.

A collection is scanned until it has grown past a threshold; then a child process builds the index
in a copy, what was written meanwhile is carried over, and the copy takes the original's place.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from loguru import logger

from sutazai_contracts.errors import SutazaiError, VectorsUnavailable
from sutazai_kit.vectors.engine import EngineThread
from sutazai_kit.vectors.store import CollectionStore

_BATCH = 64


@dataclass(frozen=True)
class IndexPolicy:
    """When to build: after `after` new points and `quiet_s` without a write.

    Under writes that never rest a build starts after `patience_s` all the same.
    """

    after: int = 20_000
    quiet_s: float = 5.0
    patience_s: float = 60.0


@dataclass
class _Changes:
    """What was written since the copy was made."""

    ids: set[UUID] = field(default_factory=set)
    versions: set[UUID] = field(default_factory=set)


@dataclass
class _Watched:
    """A collection's growth since its last index."""

    unindexed: int
    last_write: float
    building: asyncio.Task[None] | None = None
    changes: _Changes | None = None


class Indexer:
    """Watch collections grow and build their indexes, one at a time."""

    def __init__(
        self,
        store: CollectionStore,
        engine: EngineThread,
        writing: Callable[[UUID], asyncio.Lock],
        policy: IndexPolicy,
    ) -> None:
        """Take the store, its thread, and the lock that a writer of a collection holds."""
        self._store = store
        self._engine = engine
        self._writing = writing
        self._policy = policy
        self._watched: dict[UUID, _Watched] = {}
        self._turn = asyncio.Lock()
        self._closing = False
        self._builders: set[Process] = set()

    async def watch(self, collection: UUID) -> None:
        """Learn how far a collection is indexed, once per process."""
        if collection not in self._watched:
            unindexed = await self._engine.run(self._store.unindexed, collection)
            now = asyncio.get_running_loop().time()
            watched = self._watched.setdefault(collection, _Watched(unindexed, now))
            self._consider(collection, watched)

    def writes(self, collection: UUID, ids: Iterable[UUID]) -> None:
        """Note points about to be written."""
        watched = self._watched.get(collection)
        if watched and watched.changes:
            watched.changes.ids.update(ids)

    def deletes(self, collection: UUID, version: UUID) -> None:
        """Note a version about to be deleted."""
        watched = self._watched.get(collection)
        if watched and watched.changes:
            watched.changes.versions.add(version)

    def wrote(self, collection: UUID, points: int) -> None:
        """Note that points were written, and plan a build when they are many."""
        watched = self._watched.get(collection)
        if watched:
            watched.unindexed += points
            watched.last_write = asyncio.get_running_loop().time()
            self._consider(collection, watched)

    async def forget(self, collection: UUID) -> None:
        """Stop a build that runs and watch no longer."""
        watched = self._watched.pop(collection, None)
        if watched and watched.building:
            watched.building.cancel()
            await asyncio.wait([watched.building])

    async def aclose(self) -> None:
        """Stop all builds; their collections stay as they were."""
        self._closing = True
        for collection in list(self._watched):
            await self.forget(collection)
        # What is left was asked for by a caller, who is told by an error.
        for builder in self._builders:
            builder.kill()

    async def build(self, collection: UUID) -> None:
        """Build a collection's index now; searches and writes go on.

        Raises `VectorsUnavailable` when it can't be built; the collection stays as it was.
        """
        await self.watch(collection)
        watched = self._watched[collection]
        generation = self._store.new_generation()
        async with self._turn:
            try:
                builder = await self._copied(collection, generation, watched)
                self._builders.add(builder)
                try:
                    await _finished(builder)
                finally:
                    self._builders.remove(builder)
                    await _ended(builder)
                await self._take_over(collection, generation, watched)
            finally:
                watched.changes = None
                await asyncio.shield(self._engine.run(self._store.sweep, collection))

    def _consider(self, collection: UUID, watched: _Watched) -> None:
        if self._closing or watched.building:
            return
        if watched.unindexed >= self._policy.after:
            watched.building = asyncio.create_task(self._build_when_quiet(collection, watched))

    async def _build_when_quiet(self, collection: UUID, watched: _Watched) -> None:
        now = asyncio.get_running_loop().time
        latest = now() + self._policy.patience_s
        while (rest := min(watched.last_write + self._policy.quiet_s, latest) - now()) > 0:  # noqa: ASYNC110 - time itself is awaited
            await asyncio.sleep(rest)
        try:
            await self.build(collection)
        except (SutazaiError, OSError) as error:
            # Scanning goes on; the next try comes after as many points again.
            watched.unindexed = 0
            logger.warning("No index was built for collection {}: {}", collection, error)
        finally:
            watched.building = None

    async def _copied(self, collection: UUID, generation: str, watched: _Watched) -> Process:
        """Start the child and hold writers off until it has its copy."""
        async with self._writing(collection):
            record = await self._engine.run(self._store.at_rest, collection)
            builder = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "sutazai_kit.vectors.build",
                str(self._store.folder(collection, record.generation)),
                str(self._store.folder(collection, generation)),
                str(os.getpid()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=PIPE,
                stderr=PIPE,
                start_new_session=True,
            )
            try:
                await _said(builder, b"copied\n")
            except BaseException:
                await _ended(builder)
                raise
            watched.changes = _Changes()
            watched.unindexed = 0
        return builder

    async def _take_over(self, collection: UUID, generation: str, watched: _Watched) -> None:
        """Carry the changes over and put the copy in force."""
        async with self._writing(collection):
            run, store = self._engine.run, self._store
            changes = watched.changes or _Changes()
            fresh = await run(store.load, collection, generation)
            try:
                for version in changes.versions:
                    await run(fresh.delete_version, version)
                ids = list(changes.ids)
                for start in range(0, len(ids), _BATCH):
                    await run(store.carry_over, collection, ids[start : start + _BATCH], fresh)
                await run(store.adopt, collection, generation, fresh)
            finally:
                # Also right when a cancellation met an adoption that was under way.
                await asyncio.shield(run(store.close_unless_in_force, collection, fresh))


async def _said(builder: Process, line: bytes) -> None:
    assert builder.stdout is not None  # noqa: S101 - a pipe was asked for
    if await builder.stdout.readline() != line:
        await _finished(builder)
        raise VectorsUnavailable("The index builder ended before it had a copy.")


async def _finished(builder: Process) -> None:
    _, errors = await builder.communicate()
    if builder.returncode != 0:
        words = errors.decode(errors="replace").strip().splitlines()
        raise VectorsUnavailable(
            f"The index builder ended with {builder.returncode}: {words[-1] if words else ''}"
        )


async def _ended(builder: Process) -> None:
    if builder.returncode is None:
        builder.kill()
        await builder.wait()
