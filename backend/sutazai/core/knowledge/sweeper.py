"""The sweeper: removes points and files that belong to nothing any more."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from loguru import logger

from sutazai.core.knowledge.orphans import sweep_orphans
from sutazai.core.knowledge.ports import Leftover, LeftoverRecords
from sutazai_contracts.errors import FilesUnavailable, NotFound, Unavailable, VectorsUnavailable
from sutazai_kit.files.port import Files
from sutazai_kit.vectors.port import Vectors

# Uploads of the tenant wait while so many files are unlinked.
_FILES_AT_ONCE = 100
_LEFTOVERS_AT_ONCE = 50


@dataclass(slots=True)
class Sweeper:
    """Remove what is left over, as soon as it is told to and every `every_s` seconds.

    Files that were stored and never referred to are looked for at the first sweep, and then every
    `orphans_every_s` seconds: those last put `orphans_older_than_s` seconds ago or more. Where some
    had to wait, or a store failed, it is done again after `orphans_again_s` seconds.

    What it did is kept after it was done, and each removal may be done twice, so a crash at any
    point costs a repetition and no more.
    """

    records: LeftoverRecords
    vectors: Vectors
    files: Files
    every_s: float = 5.0
    orphans_every_s: float = 3600.0
    orphans_again_s: float = 300.0
    orphans_older_than_s: float = 3600.0
    _nudged: asyncio.Event = field(default_factory=asyncio.Event)
    _orphans_due: float = float("-inf")

    def nudge(self) -> None:
        """Tell that something was left over."""
        self._nudged.set()

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._nudged.wait(), self.every_s)
            self._nudged.clear()
            try:
                await self.sweep_once()
                await self._sweep_orphans_when_due()
            except Unavailable as exc:
                logger.warning("What is left over can't be swept now: {}", exc)

    async def _sweep_orphans_when_due(self) -> None:
        clock = asyncio.get_running_loop().time
        if clock() < self._orphans_due:
            return
        self._orphans_due = clock() + self.orphans_again_s
        swept = await sweep_orphans(self.records, self.files, self.orphans_older_than_s)
        self._orphans_due = clock() + (
            self.orphans_again_s if swept.waiting else self.orphans_every_s
        )

    async def sweep_once(self) -> int:
        """Sweep all that is due; what can't be swept now stays due.

        Returns:
            How many leftovers had their points removed.

        Raises:
            DatabaseUnavailable: the record does not answer.
        """
        swept = 0
        seen: set[UUID] = set()
        while due := await self.records.due(_LEFTOVERS_AT_ONCE, seen):
            for leftover in due:
                seen.add(leftover.id)
                swept += await self._sweep(leftover)
        return swept

    async def _sweep(self, leftover: Leftover) -> bool:
        try:
            async with self.records.removing_points(leftover) as held:
                if held:
                    await self._remove_points(leftover)
            if held:
                await self._remove_files(leftover)
        except (VectorsUnavailable, FilesUnavailable) as exc:
            logger.warning("Leftover {} is tried again: {}", leftover.id, exc)
            return False
        return held

    async def _remove_points(self, leftover: Leftover) -> None:
        if leftover.version is None:
            await self.vectors.drop(leftover.physical)
            return
        for physical in (leftover.physical, leftover.also):
            # The whole collection may have gone before.
            with suppress(NotFound):
                if physical is not None:
                    await self.vectors.delete_version(physical, leftover.version)

    async def _remove_files(self, leftover: Leftover) -> None:
        done = False
        while not done:
            async with self.records.removing_files(leftover, _FILES_AT_ONCE) as unused:
                for sha256 in unused or ():
                    await self.files.delete(leftover.tenant, sha256)
                done = unused is None
