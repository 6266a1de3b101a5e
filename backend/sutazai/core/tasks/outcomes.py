"""Outcomes from the bus into the ledger: as many as wait, in one transaction."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from loguru import logger
from pydantic import ValidationError

from sutazai.core.tasks.service import Tasks
from sutazai_contracts.errors import SutazaiError, Unavailable
from sutazai_contracts.queues import OUTCOMES
from sutazai_contracts.tasks import Crashed, Outcome
from sutazai_kit.bus.port import Bus, Delivery

BATCH = 100


@dataclass(slots=True)
class OutcomeConsumer:
    """Apply outcomes; one that does not parse is dead-lettered, all others stay until applied.

    `taken` counts those that were taken from the bus, `done` those of them that are settled.
    """

    bus: Bus
    tasks: Tasks
    pause_s: float = 0.5
    taken: int = 0
    done: int = 0

    @property
    def pending(self) -> int:
        """Count the outcomes that were taken from the bus and are not applied yet."""
        return self.taken - self.done

    def catch_up(self) -> Callable[[], bool]:
        """Give a check that tells whether the outcomes that wait at this call are applied."""
        taken = self.taken
        # While more of them wait on the bus than may be in hand, more than a batch is in hand.
        return lambda: self.done >= taken and self.pending < BATCH

    async def run(self) -> None:
        """Consume until cancelled; a consumer that ends is opened again."""
        while True:
            try:
                await self._consume()
            except Unavailable as exc:
                logger.warning("No outcomes come from the bus: {}", exc)
            await asyncio.sleep(self.pause_s)

    async def _consume(self) -> None:
        async with self.bus.consume(OUTCOMES, prefetch=BATCH * 2) as deliveries:
            waiting: asyncio.Queue[Delivery | None] = asyncio.Queue()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._collect(deliveries, waiting))
                while batch := await _batch(waiting):
                    await self._apply(batch)
                    self.done += len(batch)

    async def _collect(
        self, deliveries: AsyncIterator[Delivery], waiting: asyncio.Queue[Delivery | None]
    ) -> None:
        """Queue what comes, and `None` at the end of it."""
        try:
            async for delivery in deliveries:
                self.taken += 1
                waiting.put_nowait(delivery)
        except Unavailable as exc:
            logger.warning("The bus gives no more outcomes: {}", exc)
        waiting.put_nowait(None)

    async def _apply(self, deliveries: list[Delivery]) -> None:
        parsed: list[tuple[Delivery, Outcome]] = []
        for delivery in deliveries:
            try:
                parsed.append((delivery, Outcome.model_validate_json(delivery.body)))
            except ValidationError as exc:
                logger.error("An outcome does not parse and goes to the dead letters: {}", exc)
                await delivery.reject()
        if not parsed:
            return
        await self._until_applied([outcome for _, outcome in parsed])
        for delivery, _ in parsed:
            await delivery.ack()

    async def _until_applied(self, outcomes: list[Outcome]) -> None:
        while True:
            try:
                await self.tasks.apply(outcomes)
            except Unavailable as exc:
                logger.warning("{} outcomes wait for the ledger: {}", len(outcomes), exc)
                await asyncio.sleep(self.pause_s)
            except SutazaiError as exc:
                await self._one_by_one(outcomes, exc)
                return
            else:
                return

    async def _one_by_one(self, outcomes: list[Outcome], refusal: SutazaiError) -> None:
        """Find the outcome the ledger refuses; its attempt failed, the others' did not."""
        if len(outcomes) > 1:
            for outcome in outcomes:
                await self._until_applied([outcome])
            return
        [outcome] = outcomes
        logger.bind(run=str(outcome.run), task=str(outcome.task)).error(
            "The ledger can't keep this outcome: {}", refusal
        )
        if not isinstance(outcome.result, Crashed):
            reason = f"its output can't be kept: {refusal.message}"
            crashed = outcome.model_copy(update={"result": Crashed(reason=reason), "usage": {}})
            await self._until_applied([crashed])


async def _batch(waiting: asyncio.Queue[Delivery | None]) -> list[Delivery]:
    """Take what waits, one batch at most; nothing once the end is all there is."""
    batch: list[Delivery] = []
    delivery = await waiting.get()
    while delivery is not None:
        batch.append(delivery)
        if len(batch) == BATCH or waiting.empty():
            break
        delivery = waiting.get_nowait()
    if delivery is None and batch:
        waiting.put_nowait(None)
    return batch
