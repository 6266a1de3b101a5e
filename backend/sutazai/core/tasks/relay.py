"""The relay: wake-ups from the outbox to the agents' queues, removed once they are confirmed."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from loguru import logger

from sutazai.core.runs.model import NewWakeUp
from sutazai.core.tasks.ports import DueWakeUp, LedgerRecords
from sutazai_contracts.errors import QueueFull, Unavailable
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.queues import WakeUp, task_queue
from sutazai_kit.bus.port import Bus

BATCH = 500
# How long rows of wake-ups that were sent already may lie in the outbox, so that they go together.
MERGE_S = 0.01
# A loop's timers are this coarse: one that ends a moment early is not waited for once more.
TICK_S = 0.001


@dataclass(slots=True)
class Relay:
    """Publish due wake-ups: at once when told, else every `poll_s` seconds.

    A wake-up leaves the outbox in the transaction that ends after its publication was confirmed,
    so it may be sent twice and is never dropped. One that was just committed, here or by a process
    that rings, is told with its row, and published before that is read, unless it was sent there.
    """

    records: LedgerRecords
    bus: Bus
    poll_s: float = 1.0
    sent: int = 0
    _told: asyncio.Event = field(default_factory=asyncio.Event)
    _look_at: float = 0.0
    _handed: list[NewWakeUp | DueWakeUp] = field(default_factory=list)
    _ahead: set[UUID] = field(default_factory=set)

    def tell(self, wake_ups: Collection[NewWakeUp | DueWakeUp] = ()) -> None:
        """Say that there are new wake-ups, and which, where that is known."""
        at_once = [w for w in wake_ups if isinstance(w, DueWakeUp) or w.at_once]
        if wake_ups and not at_once:
            return  # found when they are due
        sent = {w.id for w in at_once if isinstance(w, DueWakeUp) and w.sent}
        self._ahead |= sent
        self._handed += [wake_up for wake_up in at_once if wake_up.id not in sent]
        pause_s = MERGE_S if at_once else 0.0
        self._look_at = min(self._look_at, asyncio.get_running_loop().time() + pause_s)
        self._told.set()

    async def run(self) -> None:
        """Publish until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            self._told.clear()
            try:
                await self._publish_handed()
                if clock() + TICK_S >= self._look_at:
                    self._look_at = clock() + self.poll_s
                    if await self.publish_due() == BATCH:
                        self._look_at = clock()
            except Unavailable as exc:
                logger.warning("Wake-ups wait in the outbox: {}", exc)
                await asyncio.sleep(self.poll_s)
                self._look_at = clock()
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._look_at):
                    await self._told.wait()

    async def publish_due(self) -> int:
        """Publish what is due, one batch; gives how many left the outbox.

        Raises:
            Unavailable: the database or the bus does not answer; nothing left the outbox.
        """
        # Of those that are not taken now, others were faster, or they are sent once more.
        ahead, self._ahead = self._ahead, set()
        async with self.records.transaction() as tx:
            due = await tx.take_due(BATCH)
            await self.wake(agents_of(wake_up for wake_up in due if wake_up.id not in ahead))
        self.sent += len(due)
        return len(due)

    async def wake(self, agents: Counter[str]) -> None:
        """Publish so many wake-ups to each agent's queue."""
        await wake(self.bus, agents)

    async def _publish_handed(self) -> None:
        """Publish what was told with its row, which is taken out a moment later."""
        handed, self._handed = self._handed, []
        await self.wake(agents_of(handed))
        self._ahead.update(wake_up.id for wake_up in handed)


async def wake(bus: Bus, agents: Counter[str]) -> None:
    """Publish so many wake-ups to each agent's queue.

    A full queue needs no more of them: what is in it makes the agent look, and look again.

    Raises:
        BusUnavailable: the bus did not confirm them.
    """
    for agent, count in agents.items():
        bodies = [WakeUp(id=new_id(), agent=agent).model_dump_json().encode() for _ in range(count)]
        try:
            await bus.publish(task_queue(agent), bodies)
        except QueueFull:
            logger.debug("The queue of {} is full; its wake-ups are enough", agent)


def agents_of(wake_ups: Iterable[NewWakeUp | DueWakeUp]) -> Counter[str]:
    """Count the wake-ups of each agent."""
    return Counter(wake_up.agent for wake_up in wake_ups)
