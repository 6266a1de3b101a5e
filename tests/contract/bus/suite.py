"""What every bus has to do. An adapter's test subclasses `BusContract` and says how to open it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from uuid import uuid4

import pytest

from sutazai_contracts.errors import BusUnavailable, QueueFull
from sutazai_contracts.queues import DEAD
from sutazai_kit.bus.port import Bus, Delivery

DEADLINE_S = 10


@dataclass(frozen=True)
class Capabilities:
    """How buses may differ.

    all_or_nothing: a publish that is refused took none of its messages.
    front: deliveries given back come before the messages that were waiting.
    exact: a queue is full at its bound, and has room as soon as a delivery is settled; else it may
        take a few more, and refuse for a moment what it has room for.
    """

    all_or_nothing: bool
    front: bool
    exact: bool


async def take(deliveries: AsyncIterator[Delivery], count: int) -> list[Delivery]:
    """Take the next deliveries, or fail at the deadline."""
    async with asyncio.timeout(DEADLINE_S):
        return [await anext(deliveries) for _ in range(count)]


async def find(deliveries: AsyncIterator[Delivery], body: bytes) -> Delivery:
    """Take deliveries until this body comes: a broker's `dead` queue holds other tests' too."""
    async with asyncio.timeout(DEADLINE_S):
        async for delivery in deliveries:
            await delivery.ack()
            if delivery.body == body:
                return delivery
    raise AssertionError("the consumer ended")


def bodies(deliveries: list[Delivery]) -> list[bytes]:
    """Give the bodies of deliveries."""
    return [bytes(delivery.body) for delivery in deliveries]


class BusContract:
    """The contract; see `sutazai_kit.bus.port`."""

    capabilities: Capabilities

    def open_bus(
        self, *, max_length: int = 1000, delivery_limit: int = 20
    ) -> AbstractAsyncContextManager[Bus]:
        """Open a bus whose queues have these bounds."""
        raise NotImplementedError

    @pytest.fixture
    async def bus(self) -> AsyncIterator[Bus]:
        async with self.open_bus() as bus:
            yield bus

    @pytest.fixture
    def queue(self) -> str:
        return f"tasks.test_{uuid4().hex[:12]}"

    async def test_what_is_published_is_consumed(self, bus: Bus, queue: str) -> None:
        await bus.publish(queue, [b"one", b"", bytes(range(256))])
        async with bus.consume(queue, prefetch=10) as deliveries:
            taken = await take(deliveries, 3)
        assert bodies(taken) == [b"one", b"", bytes(range(256))]
        assert not any(delivery.redelivered for delivery in taken)

    async def test_a_consumer_may_come_first(self, bus: Bus, queue: str) -> None:
        async with bus.consume(queue, prefetch=1) as deliveries:
            waiting = asyncio.create_task(take(deliveries, 1))
            await asyncio.sleep(0)
            await bus.publish(queue, [b"late"])
            assert bodies(await waiting) == [b"late"]

    async def test_publishing_nothing_is_nothing(self, bus: Bus, queue: str) -> None:
        await bus.publish(queue, [])
        await bus.publish(queue, [b"something"])
        async with bus.consume(queue, prefetch=1) as deliveries:
            assert bodies(await take(deliveries, 1)) == [b"something"]

    async def test_queues_are_apart(self, bus: Bus, queue: str) -> None:
        await bus.publish(queue, [b"here"])
        await bus.publish(queue + "_other", [b"there"])
        async with bus.consume(queue + "_other", prefetch=5) as deliveries:
            assert bodies(await take(deliveries, 1)) == [b"there"]

    async def test_an_acknowledged_message_does_not_come_again(self, bus: Bus, queue: str) -> None:
        await bus.publish(queue, [b"a"])
        async with bus.consume(queue, prefetch=1) as deliveries:
            await (await take(deliveries, 1))[0].ack()
        await bus.publish(queue, [b"b"])
        async with bus.consume(queue, prefetch=1) as deliveries:
            [again] = await take(deliveries, 1)
        assert (again.body, again.redelivered) == (b"b", False)

    async def test_what_is_left_unsettled_comes_again(self, bus: Bus, queue: str) -> None:
        await bus.publish(queue, [b"a", b"b", b"c"])
        async with bus.consume(queue, prefetch=3) as deliveries:
            await (await take(deliveries, 3))[1].ack()
        async with bus.consume(queue, prefetch=3) as deliveries:
            again = await take(deliveries, 2)
        assert sorted(bodies(again)) == [b"a", b"c"]
        assert all(delivery.redelivered for delivery in again)

    async def test_a_failing_consumer_gives_back(self, bus: Bus, queue: str) -> None:
        await bus.publish(queue, [b"a"])

        async def fail() -> None:
            async with bus.consume(queue, prefetch=1) as deliveries:
                await take(deliveries, 1)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        async with bus.consume(queue, prefetch=1) as deliveries:
            assert bodies(await take(deliveries, 1)) == [b"a"]

    async def test_given_back_goes_to_the_front(self, bus: Bus, queue: str) -> None:
        await bus.publish(queue, [b"a", b"b", b"c", b"d"])
        async with bus.consume(queue, prefetch=2) as deliveries:
            await take(deliveries, 2)
        async with bus.consume(queue, prefetch=4) as deliveries:
            again = bodies(await take(deliveries, 4))
        if self.capabilities.front:
            assert again == [b"a", b"b", b"c", b"d"]
        else:
            assert sorted(again) == [b"a", b"b", b"c", b"d"]

    async def test_one_consumer_gets_them_in_order(self, bus: Bus, queue: str) -> None:
        sent = [str(number).encode() for number in range(50)]
        await bus.publish(queue, sent[:20])
        await bus.publish(queue, sent[20:])
        got = []
        async with bus.consume(queue, prefetch=3) as deliveries:
            for _ in sent:
                [delivery] = await take(deliveries, 1)
                got.append(delivery.body)
                await delivery.ack()
        assert got == sent

    async def test_prefetch_bounds_what_one_consumer_holds(self, bus: Bus, queue: str) -> None:
        async with (
            bus.consume(queue, prefetch=2) as first,
            bus.consume(queue, prefetch=5) as second,
        ):
            # All asks are open before there is anything: the first may have two of seven.
            asks = [asyncio.create_task(take(first, 3)), asyncio.create_task(take(second, 5))]
            await bus.publish(queue, [b"%d" % number for number in range(7)])
            of_second = await asks[1]
            assert not asks[0].done()
            await of_second[0].ack()
            await bus.publish(queue, [b"more"])
            assert bodies(await take(second, 1)) == [b"more"]
            asks[0].cancel()
            await asyncio.gather(asks[0], return_exceptions=True)

    async def test_an_ack_makes_room(self, bus: Bus, queue: str) -> None:
        await bus.publish(queue, [b"a", b"b"])
        async with bus.consume(queue, prefetch=1) as deliveries:
            [first] = await take(deliveries, 1)
            waiting = asyncio.create_task(take(deliveries, 1))
            await asyncio.sleep(0)
            await first.ack()
            assert bodies(await waiting) == [b"b"]

    async def test_two_consumers_get_each_message_once(self, bus: Bus, queue: str) -> None:
        sent = [b"%d" % number for number in range(60)]
        got: list[list[bytes]] = [[], []]

        async def work(mine: list[bytes]) -> None:
            async with bus.consume(queue, prefetch=2) as deliveries:
                async for delivery in deliveries:
                    if delivery.body == b"end":
                        await delivery.ack()
                        return
                    mine.append(delivery.body)
                    await delivery.ack()

        workers = [asyncio.create_task(work(mine)) for mine in got]
        await bus.publish(queue, sent)
        await bus.publish(queue, [b"end", b"end"])
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(*workers)
        assert sorted(got[0] + got[1]) == sorted(sent)
        assert min(len(got[0]), len(got[1])) >= 15, "one consumer had nearly all of it"

    async def test_a_rejected_message_is_dead(self, bus: Bus, queue: str) -> None:
        body = uuid4().bytes
        await bus.publish(queue, [body, b"good"])
        async with bus.consume(queue, prefetch=1) as deliveries:
            await (await take(deliveries, 1))[0].reject()
            assert bodies(await take(deliveries, 1)) == [b"good"]
        async with bus.consume(DEAD, prefetch=1) as dead:
            assert (await find(dead, body)).body == body

    async def test_a_message_given_back_too_often_is_dead(self, queue: str) -> None:
        body = uuid4().bytes
        async with self.open_bus(delivery_limit=2) as bus:
            await bus.publish(queue, [body])
            for _ in range(3):
                async with bus.consume(queue, prefetch=1) as deliveries:
                    assert bodies(await take(deliveries, 1)) == [body]
            await bus.publish(queue, [b"next"])
            async with bus.consume(queue, prefetch=1) as deliveries:
                assert bodies(await take(deliveries, 1)) == [b"next"]
            async with bus.consume(DEAD, prefetch=1) as dead:
                assert (await find(dead, body)).body == body

    async def test_a_full_queue_takes_no_more(self, queue: str) -> None:
        if not self.capabilities.exact:
            await self._a_full_queue_takes_few_more(queue)
            return
        async with self.open_bus(max_length=3) as bus:
            await bus.publish(queue, [b"1", b"2"])
            with pytest.raises(QueueFull):
                await bus.publish(queue, [b"3", b"4"])
            if self.capabilities.all_or_nothing:
                await bus.publish(queue, [b"5"])
            async with bus.consume(queue, prefetch=3) as deliveries:
                taken = await take(deliveries, 3)
                for delivery in taken:
                    await delivery.ack()
                await bus.publish(queue, [b"6"])
                assert bodies(await take(deliveries, 1)) == [b"6"]
        if self.capabilities.all_or_nothing:
            assert bodies(taken) == [b"1", b"2", b"5"]

    async def _a_full_queue_takes_few_more(self, queue: str) -> None:
        async with self.open_bus(max_length=3) as bus:
            taken = 0
            while taken < 10 and await _takes(bus, queue, b"%d" % taken):
                taken += 1
            assert 3 <= taken < 10
            async with bus.consume(queue, prefetch=10) as deliveries:
                held = await take(deliveries, taken)
                assert bodies(held) == [b"%d" % number for number in range(taken)]
                for delivery in held:
                    await delivery.ack()
                async with asyncio.timeout(DEADLINE_S):
                    while not await _takes(bus, queue, b"next"):
                        pass
                assert bodies(await take(deliveries, 1)) == [b"next"]

    async def test_a_cancelled_ask_loses_nothing(self, bus: Bus, queue: str) -> None:
        async with bus.consume(queue, prefetch=1) as deliveries:
            ask = asyncio.create_task(take(deliveries, 1))
            await asyncio.sleep(0)
            publishing = asyncio.create_task(bus.publish(queue, [b"a"]))
            ask.cancel()
            await asyncio.gather(ask, return_exceptions=True)
            await publishing
        async with bus.consume(queue, prefetch=1) as deliveries:
            assert bodies(await take(deliveries, 1)) == [b"a"]

    async def test_settling_after_leaving_has_no_effect(self, bus: Bus, queue: str) -> None:
        await bus.publish(queue, [b"a"])
        async with bus.consume(queue, prefetch=1) as deliveries:
            [left] = await take(deliveries, 1)
        await left.ack()
        async with bus.consume(queue, prefetch=1) as deliveries:
            assert bodies(await take(deliveries, 1)) == [b"a"]

    async def test_closing_ends_consumers(self, bus: Bus, queue: str) -> None:
        async with bus.consume(queue, prefetch=1) as deliveries:
            rest = asyncio.create_task(_all(deliveries))
            await asyncio.sleep(0)
            await bus.aclose()
            async with asyncio.timeout(DEADLINE_S):
                assert await rest == []

    async def test_a_closed_bus_is_unavailable(self, bus: Bus, queue: str) -> None:
        await bus.aclose()
        with pytest.raises(BusUnavailable):
            await bus.publish(queue, [b"a"])
        with pytest.raises(BusUnavailable):
            async with bus.consume(queue, prefetch=1):
                pass
        await bus.aclose()  # a second time is no error


async def _takes(bus: Bus, queue: str, body: bytes) -> bool:
    """Tell whether the queue takes a message now."""
    try:
        await bus.publish(queue, [body])
    except QueueFull:
        return False
    return True


async def _all(deliveries: AsyncIterator[Delivery]) -> list[bytes]:
    """Take deliveries until the consumer ends."""
    return [delivery.body async for delivery in deliveries]
