"""The relay: wake-ups from the outbox to the agents' queues, removed once they are confirmed."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from loguru import logger

from sutazai.core.tasks.ports import LedgerRecords
from sutazai_contracts.errors import QueueFull, Unavailable
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.queues import WakeUp, task_queue
from sutazai_kit.bus.port import Bus

BATCH = 500


@dataclass(slots=True)
class Relay:
    """Publish due wake-ups: at once when told, else every `poll_s` seconds.

    A wake-up leaves the outbox in the transaction that ends after its publication was confirmed,
    so it may be sent twice and is never dropped.
    """

    records: LedgerRecords
    bus: Bus
    poll_s: float = 1.0
    sent: int = 0
    _told: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self) -> None:
        """Say that there are new wake-ups."""
        self._told.set()

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            try:
                taken = await self.publish_due()
            except Unavailable as exc:
                logger.warning("Wake-ups wait in the outbox: {}", exc)
                await asyncio.sleep(self.poll_s)
                continue
            if taken == BATCH:
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), self.poll_s)
            self._told.clear()

    async def publish_due(self) -> int:
        """Publish what is due, one batch; gives how many left the outbox.

        Raises:
            Unavailable: the database or the bus does not answer; nothing left the outbox.
        """
        async with self.records.transaction() as tx:
            due = await tx.take_due(BATCH)
            await self.wake(Counter(wake_up.agent for wake_up in due))
        self.sent += len(due)
        return len(due)

    async def wake(self, agents: Counter[str]) -> None:
        """Publish so many wake-ups to each agent's queue.

        A full queue needs no more of them: what is in it makes the agent look, and look again.
        """
        for agent, count in agents.items():
            bodies = [
                WakeUp(id=new_id(), agent=agent).model_dump_json().encode() for _ in range(count)
            ]
            try:
                await self.bus.publish(task_queue(agent), bodies)
            except QueueFull:
                logger.debug("The queue of {} is full; its wake-ups are enough", agent)
