"""Wake-ups on their way as soon as they are committed, where the relay is another process.

The outbox guarantees that each is sent, and the relay empties it. What is sent here first spares
the way to the relay: it hears which wake-ups these were, and takes them out without sending them
once more. Where the bus does not take them it sends them itself; where this process ends amid all
that, it finds them when it looks.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from loguru import logger

from sutazai.core.runs.model import NewWakeUp
from sutazai.core.tasks.relay import agents_of, wake
from sutazai_contracts.errors import Unavailable
from sutazai_kit.bus.port import Bus

# Longer than a broker takes that is well; then the relay is told to try.
PATIENCE_S = 1.0


@dataclass(slots=True)
class Sender:
    """Send wake-ups that this process committed.

    Args:
        bus: takes them to the agents.
        ring: tells the relay of wake-ups, and whether they are sent.
    """

    bus: Bus
    ring: Callable[[Collection[NewWakeUp], bool], None]
    sent: int = 0
    _handed: list[NewWakeUp] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, wake_ups: Collection[NewWakeUp] = ()) -> None:
        """Have wake-ups sent that are due now; others are found when they are due.

        Where it is not known which there are, the relay is told to look.
        """
        if not wake_ups:
            self.ring((), False)
        self._handed += [wake_up for wake_up in wake_ups if wake_up.at_once]
        if self._handed:
            self._news.set()

    async def run(self) -> None:
        """Send until cancelled; what comes while some are on their way goes together."""
        while True:
            await self._news.wait()
            self._news.clear()
            handed, self._handed = self._handed, []
            self.ring(handed, await self._send(handed))

    async def _send(self, wake_ups: list[NewWakeUp]) -> bool:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await wake(self.bus, agents_of(wake_ups))
        except (Unavailable, TimeoutError) as exc:
            logger.warning("The relay is left to send {} wake-ups: {}", len(wake_ups), exc)
            return False
        self.sent += len(wake_ups)
        return True
