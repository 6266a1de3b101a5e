"""Every call of a model, kept in the record: in batches, off the way of those who ask."""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

from loguru import logger

from sutazai.core.models.model import CallRecord
from sutazai.core.models.ports import CallRecords
from sutazai_contracts.errors import Unavailable

BATCH = 500


@dataclass(slots=True)
class Metering:
    """Keep calls: those of `every_s` seconds at once, and those of an outage when it is over.

    What is not written yet when the process is killed is lost, `every_s` of calls at most while
    the database answers. Of more than `most` calls that wait, the oldest are given up.
    """

    records: CallRecords
    every_s: float = 0.5
    most: int = 50_000
    _waiting: deque[CallRecord] = field(default_factory=deque)
    _told: asyncio.Event = field(default_factory=asyncio.Event)

    def keep(self, call: CallRecord) -> None:
        """Take a call; returns at once."""
        if len(self._waiting) >= self.most:
            gone = self._waiting.popleft()
            logger.error("The call {} is not metered: too many wait for the database", gone.id)
        self._waiting.append(call)
        self._told.set()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._told.wait()
            await asyncio.sleep(self.every_s)
            try:
                await self.flush()
            except Unavailable as exc:
                logger.warning("{} model calls wait to be metered: {}", len(self._waiting), exc)

    async def flush(self) -> None:
        """Write what waits.

        Raises:
            Unavailable: the database does not answer; what was not written goes on waiting.
        """
        while self._waiting:
            batch = [self._waiting[place] for place in range(min(BATCH, len(self._waiting)))]
            await self.records.keep_calls(batch)
            written = {call.id for call in batch}
            while self._waiting and self._waiting[0].id in written:
                self._waiting.popleft()
        self._told.clear()

    async def finish(self, within_s: float = 2.0) -> None:
        """Write what waits, for a stop: as much as can be in the time."""
        with suppress(TimeoutError, Unavailable):
            async with asyncio.timeout(within_s):
                await self.flush()
        if self._waiting:
            logger.warning("{} model calls are not metered: the platform stops", len(self._waiting))
