"""The relay over the ledger's twin: told of a wake-up with its row, it does not read first."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from sutazai.core.runs.model import Changes, NewWakeUp
from sutazai.core.tasks.relay import MERGE_S, Relay
from sutazai_contracts.errors import BusUnavailable
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.queues import task_queue
from sutazai_kit.bus.memory import MemoryBus
from tests.simulation.ledger import TwinLedger
from tests.unit.kit.virtual_time import now, until, virtual_time

START = datetime(2026, 1, 1, tzinfo=UTC)
QUEUE = task_queue("alpha")


class Bus(MemoryBus):
    """The bus in process, which can be away."""

    away = False

    async def publish(self, queue: str, bodies: Sequence[bytes]) -> None:
        if self.away:
            raise BusUnavailable("The bus is away.")
        await super().publish(queue, bodies)


class Stage:
    """A ledger, a bus and the relay between them; `read` notes how often the outbox was read."""

    def __init__(self) -> None:
        self.began, self.bus, self.read = now(), Bus(), 0
        self.ledger = TwinLedger(clock=self.time, answer=self._answer)
        self.relay = Relay(self.ledger, self.bus)

    def time(self) -> datetime:
        return START + timedelta(seconds=now() - self.began)

    async def commit(self, *, after_s: float = 0.0) -> NewWakeUp:
        """Write a wake-up to the outbox."""
        due_at = self.time() + timedelta(seconds=after_s)
        wake_up = NewWakeUp(new_id(), new_id(), "alpha", due_at, at_once=not after_s)
        async with self.ledger.transaction() as tx:
            await tx.write(Changes(wake_ups=[wake_up]))
        return wake_up

    @property
    def sent(self) -> int:
        return self.bus.depths().get(QUEUE, 0)

    async def _answer(self, statement: str) -> None:
        self.read += statement == "take due"
        await asyncio.sleep(0)


@asynccontextmanager
async def running() -> AsyncIterator[Stage]:
    """Run a relay that has had its first look."""
    stage = Stage()
    loop = asyncio.create_task(stage.relay.run())
    await until(lambda: stage.read == 1)
    await asyncio.sleep(MERGE_S)
    yield stage
    loop.cancel()


@virtual_time
async def test_a_wake_up_told_with_its_row_is_sent_before_the_outbox_is_read_and_once() -> None:
    async with running() as stage:
        stage.relay.tell([await stage.commit(), await stage.commit()])
        await until(lambda: stage.sent)
        assert (stage.sent, stage.read, len(stage.ledger.outbox)) == (2, 1, 2)
        await until(lambda: not stage.ledger.outbox)
        assert (stage.sent, stage.read, stage.relay.sent) == (2, 2, 2)
        await asyncio.sleep(10)
        assert stage.sent == 2


@virtual_time
async def test_one_told_without_its_row_is_found_at_once() -> None:
    async with running() as stage:
        told_at = now()
        await stage.commit()
        stage.relay.tell()
        await until(lambda: not stage.ledger.outbox)
        assert stage.sent == 1
        assert now() - told_at < stage.relay.poll_s / 2


@virtual_time
async def test_beside_one_that_was_told_others_are_sent_too() -> None:
    async with running() as stage:
        told, _ = await stage.commit(), await stage.commit()
        stage.relay.tell([told])
        await until(lambda: not stage.ledger.outbox)
        assert stage.sent == 2


@virtual_time
async def test_while_the_bus_is_away_wake_ups_stay_in_the_outbox() -> None:
    async with running() as stage:
        stage.bus.away = True
        stage.relay.tell([await stage.commit()])
        await asyncio.sleep(5)
        assert (stage.sent, len(stage.ledger.outbox)) == (0, 1)
        stage.bus.away = False
        await until(lambda: not stage.ledger.outbox)
        assert stage.sent == 1


@virtual_time
async def test_one_that_is_due_later_is_sent_when_it_is() -> None:
    async with running() as stage:
        stage.relay.tell([await stage.commit(after_s=5)])
        await asyncio.sleep(4.9)
        assert stage.sent == 0
        await until(lambda: stage.sent, 2)
