"""Wake-ups that core sends itself: the relay takes them out of the outbox and sends none twice."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from sutazai.core.runs.model import NewWakeUp
from sutazai.core.tasks.ports import DueWakeUp
from sutazai.core.tasks.sender import PATIENCE_S, Sender
from tests.simulation.test_relay import Bus, Stage, running
from tests.unit.kit.virtual_time import now, until, virtual_time


class Slow(Bus):
    """A bus that takes its time."""

    answers_after_s = 0.0

    async def publish(self, queue: str, bodies: Sequence[bytes]) -> None:
        await asyncio.sleep(self.answers_after_s)
        await super().publish(queue, bodies)


@asynccontextmanager
async def sending(stage: Stage, bus: Bus | None = None) -> AsyncIterator[tuple[Sender, list[bool]]]:
    """Run a sender beside a relay that hears its rings; gives what these said, too."""
    said: list[bool] = []

    def ring(wake_ups: Collection[NewWakeUp], sent: bool) -> None:
        said.append(sent)
        stage.relay.tell([DueWakeUp(one.id, one.agent, sent) for one in wake_ups])

    sender = Sender(bus or stage.bus, ring)
    loop = asyncio.create_task(sender.run())
    yield sender, said
    loop.cancel()


@virtual_time
async def test_what_is_sent_here_is_not_sent_by_the_relay() -> None:
    async with running() as stage, sending(stage) as (sender, said):
        sender.tell([await stage.commit(), await stage.commit()])
        await until(lambda: stage.sent)
        assert (stage.sent, stage.read, len(stage.ledger.outbox)) == (2, 1, 2)
        await until(lambda: not stage.ledger.outbox)
        await asyncio.sleep(10)
        assert (stage.sent, stage.relay.sent, sender.sent) == (2, 2, 2)
        assert said == [True]


@virtual_time
async def test_what_the_bus_does_not_take_is_left_to_the_relay() -> None:
    async with running() as stage, sending(stage) as (sender, said):
        stage.bus.away = True
        sender.tell([await stage.commit()])
        await until(lambda: said)
        assert said == [False]
        stage.bus.away = False
        await until(lambda: not stage.ledger.outbox)
        assert (stage.sent, sender.sent) == (1, 0)


@virtual_time
async def test_a_bus_that_hangs_holds_nothing_up_for_long() -> None:
    async with running() as stage:
        bus = Slow()
        bus.answers_after_s = 3600
        async with sending(stage, bus) as (sender, said):
            told_at = now()
            sender.tell([await stage.commit()])
            await until(lambda: said)
            assert said == [False]
            assert now() - told_at < 2 * PATIENCE_S
            await until(lambda: stage.sent)
            bus.answers_after_s = 0
            sender.tell([await stage.commit()])
            await until(lambda: said == [False, True])


@virtual_time
async def test_what_is_due_later_is_left_to_the_relay() -> None:
    async with running() as stage, sending(stage) as (sender, said):
        sender.tell([await stage.commit(after_s=5)])
        await asyncio.sleep(4.5)
        assert (said, stage.sent) == ([], 0)
        await until(lambda: stage.sent, 2)


@virtual_time
async def test_what_nobody_knows_makes_the_relay_look() -> None:
    async with running() as stage, sending(stage) as (sender, said):
        told_at = now()
        await stage.commit()
        sender.tell()
        await until(lambda: not stage.ledger.outbox)
        assert now() - told_at < stage.relay.poll_s / 2
        assert said == [False]
