"""A bell between processes: wake-ups in the outbox make the relay look at once.

PostgreSQL's NOTIFY inside a writing transaction makes it several times slower, so it is sent after
the commit, by a connection of its own, and at most once in `MERGE_S`. A ring that is lost costs a
second: the relay polls.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import asyncpg
from loguru import logger

from sutazai.records.database import AWAY

CHANNEL = "sutazai_outbox"
MERGE_S = 0.01
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

    def ring(self) -> None:
        """Ask for a ring; returns at once."""
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
            await connection.execute(f"NOTIFY {CHANNEL}")
            self.rings += 1
            await asyncio.sleep(MERGE_S)


async def listen(url: str, heard: Callable[[], None]) -> None:
    """Call `heard` at each ring, until cancelled; also after each time the server was away."""
    while True:
        try:
            connection = await asyncpg.connect(url, timeout=5)
            try:
                await connection.add_listener(CHANNEL, lambda *_: heard())
                # What was rung before is in the outbox.
                heard()
                while True:
                    await asyncio.sleep(PROBE_S)
                    await connection.execute("SELECT 1", timeout=5)
            finally:
                await _close(connection)
        except AWAY as exc:
            logger.warning("No news of wake-ups; the outbox is polled: {}", exc)
            await asyncio.sleep(AGAIN_S)


async def _close(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=1)
    except AWAY:
        connection.terminate()
