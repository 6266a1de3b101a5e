"""A bell between processes: wake-ups in the outbox make the relay look at once.

PostgreSQL's NOTIFY inside a writing transaction makes it several times slower, so it is sent after
the commit, by a connection of its own, and at most once in `MERGE_S`. It tells of the wake-ups, so
that they go out before the outbox is read, or not at all where they are sent already. A ring that
is lost costs a second: the relay polls.
"""

import asyncio
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
from loguru import logger

from sutazai.core.runs.model import NewWakeUp
from sutazai.core.tasks.ports import DueWakeUp
from sutazai.records.database import AWAY

CHANNEL = "sutazai_outbox"
MERGE_S = 0.01
# As many wake-ups as a notification has room for, 8 000 bytes; the others are read of the outbox.
TOLD = 90
AGAIN_S = 1.0
# How often a connection that only listens is asked whether its server is still there.
PROBE_S = 5.0


@dataclass(slots=True)
class Bell:
    """Ring from a process that commits wake-ups; `run` sends what was rung.

    Args:
        url: libpq URL of the worker's role, straight to PostgreSQL: poolers break LISTEN.
    """

    url: str
    rings: int = 0
    _rung: asyncio.Event = field(default_factory=asyncio.Event)
    _told: list[tuple[NewWakeUp, bool]] = field(default_factory=list)

    def ring(self, wake_ups: Collection[NewWakeUp] = (), sent: bool = False) -> None:
        """Ask for a ring that tells of wake-ups, and whether they are sent; returns at once."""
        at_once = [wake_up for wake_up in wake_ups if wake_up.at_once]
        if wake_ups and not at_once:
            return  # found when they are due
        self._told += [(wake_up, sent) for wake_up in at_once[: TOLD - len(self._told)]]
        self._rung.set()

    async def run(self) -> None:
        """Send rings until cancelled: the first at once, those that follow it soon together."""
        while True:
            try:
                connection = await asyncpg.connect(self.url, timeout=5)
                try:
                    await self._send(connection)
                finally:
                    await _close(connection)
            except AWAY as exc:
                logger.warning("The relay can't be told of wake-ups now: {}", exc)
                self._rung.set()
                await asyncio.sleep(AGAIN_S)

    async def _send(self, connection: asyncpg.Connection) -> None:
        while True:
            await self._rung.wait()
            self._rung.clear()
            told, self._told = self._told, []
            words = json.dumps([[str(one.id), one.agent, int(sent)] for one, sent in told])
            await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, words)
            self.rings += 1
            await asyncio.sleep(MERGE_S)


async def listen(url: str, heard: Callable[[Collection[DueWakeUp]], None]) -> None:
    """Call `heard` at each ring, until cancelled; also after each time the server was away.

    It hears of the wake-ups that the ring tells of; there may be others.
    """
    while True:
        try:
            connection = await asyncpg.connect(url, timeout=5)
            try:
                await connection.add_listener(CHANNEL, lambda *said: heard(_told(str(said[3]))))
                # What was rung before is in the outbox.
                heard(())
                while True:
                    await asyncio.sleep(PROBE_S)
                    await connection.execute("SELECT 1", timeout=5)
            finally:
                await _close(connection)
        except AWAY as exc:
            logger.warning("No news of wake-ups; the outbox is polled: {}", exc)
            await asyncio.sleep(AGAIN_S)


def _told(words: str) -> list[DueWakeUp]:
    """Read what a ring tells; of one that does not parse it is known that there is something."""
    try:
        said = json.loads(words)
        return [DueWakeUp(UUID(number), str(agent), bool(sent)) for number, agent, sent in said]
    except (TypeError, ValueError, AttributeError):
        return []


async def _close(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=1)
    except AWAY:
        connection.terminate()
