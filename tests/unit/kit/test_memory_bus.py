"""What the bus in process promises beyond the contract of every bus."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sutazai_contracts.errors import QueueFull
from sutazai_contracts.queues import DEAD
from sutazai_kit.bus.memory import MemoryBus
from sutazai_kit.bus.port import Delivery

QUEUE = "tasks.test"
STEPS = st.tuples(
    st.sampled_from(["publish", "join", "ask", "cancel", "ack", "reject", "leave"]),
    st.integers(0, 7),
)


@dataclass
class Member:
    """One consumer of the property test, with the delivery it may be waiting for."""

    deliveries: AsyncIterator[Delivery]
    stack: AsyncExitStack
    ask: asyncio.Task[Delivery] | None = None
    in_hand: list[Delivery] = field(default_factory=list)

    async def collect(self) -> None:
        """Let a waiting ask go on, and take what it got."""
        for _ in range(3):
            await asyncio.sleep(0)
        if self.ask is not None and self.ask.done():
            self.in_hand.append(self.ask.result())
            self.ask = None

    async def cancel(self) -> None:
        """Give up a waiting ask."""
        if self.ask is not None:
            self.ask.cancel()
            [got] = await asyncio.gather(self.ask, return_exceptions=True)
            if not isinstance(got, BaseException):
                self.in_hand.append(got)
            self.ask = None


async def play(steps: list[tuple[str, int]]) -> tuple[Counter[bytes], Counter[bytes]]:
    """Play steps on a bus; give what was accepted, and what was settled or is still there."""
    bus = MemoryBus(max_length=12, delivery_limit=2)
    accepted: Counter[bytes] = Counter()
    settled: Counter[bytes] = Counter()
    members: list[Member] = []
    for name, number in steps:
        member = members[number % len(members)] if members else None
        if name == "publish":
            new = [b"%d.%d" % (accepted.total(), part) for part in range(number)]
            try:
                await bus.publish(QUEUE, new)
            except QueueFull:
                continue
            accepted.update(new)
        elif name == "join":
            stack = AsyncExitStack()
            consumer = bus.consume(QUEUE, prefetch=1 + number % 3)
            members.append(Member(await stack.enter_async_context(consumer), stack))
        elif member is None:
            continue
        elif name == "ask" and member.ask is None:
            member.ask = asyncio.ensure_future(anext(member.deliveries))
        elif name == "cancel":
            await member.cancel()
        elif name in ("ack", "reject") and member.in_hand:
            delivery = member.in_hand.pop(number % len(member.in_hand))
            if name == "ack":
                settled[delivery.body] += 1
                await delivery.ack()
            else:
                await delivery.reject()
        elif name == "leave":
            await member.cancel()
            await member.stack.aclose()
            members.remove(member)
        for each in members:
            await each.collect()
    for member in members:
        await member.cancel()
        await member.stack.aclose()
    for queue in (QUEUE, DEAD):
        settled.update(await remaining(bus, queue))
    return accepted, settled


async def remaining(bus: MemoryBus, queue: str) -> list[bytes]:
    """Take all that waits in a queue."""
    count = bus.depths().get(queue, 0)
    async with bus.consume(queue, prefetch=count + 1) as deliveries:
        taken = [await anext(deliveries) for _ in range(count)]
        for delivery in taken:
            await delivery.ack()
    return [delivery.body for delivery in taken]


@settings(max_examples=200, deadline=None)
@given(st.lists(STEPS, max_size=60))
def test_nothing_is_lost_and_nothing_comes_twice(steps: list[tuple[str, int]]) -> None:
    accepted, settled = asyncio.run(play(steps))
    # `dead` drops its oldest when full, and says so: no more than that may be missing.
    if accepted.total() <= 12:
        assert settled == accepted
    else:
        assert settled <= accepted
        assert max(settled.values(), default=0) <= 1


async def test_dead_drops_its_oldest_when_full() -> None:
    bus = MemoryBus(max_length=2)
    for number in range(3):
        await bus.publish(QUEUE, [b"%d" % number])
        async with bus.consume(QUEUE, prefetch=1) as deliveries:
            await (await anext(deliveries)).reject()
    assert await remaining(bus, DEAD) == [b"1", b"2"]


async def test_a_message_of_dead_stays_there() -> None:
    bus = MemoryBus(delivery_limit=1)
    await bus.publish(DEAD, [b"looked at"])
    for _ in range(5):
        async with bus.consume(DEAD, prefetch=1) as deliveries:
            await anext(deliveries)
    assert await remaining(bus, DEAD) == [b"looked at"]


async def test_giving_back_may_pass_the_bound() -> None:
    bus = MemoryBus(max_length=2)
    await bus.publish(QUEUE, [b"a", b"b"])
    async with bus.consume(QUEUE, prefetch=2) as deliveries:
        await anext(deliveries)
        await anext(deliveries)
        await bus.publish(QUEUE, [b"c", b"d"])
    assert await remaining(bus, QUEUE) == [b"a", b"b", b"c", b"d"]


async def test_the_woken_but_cancelled_consumer_passes_the_message_on() -> None:
    bus = MemoryBus()
    async with (
        bus.consume(QUEUE, prefetch=1) as first,
        bus.consume(QUEUE, prefetch=1) as second,
    ):
        asks = [
            asyncio.ensure_future(anext(first)),
            asyncio.ensure_future(anext(second)),
        ]
        for _ in range(3):
            await asyncio.sleep(0)
        await bus.publish(QUEUE, [b"a"])  # wakes the first
        asks[0].cancel()
        async with asyncio.timeout(5):
            assert (await asks[1]).body == b"a"


async def test_a_consumer_is_asked_by_one_at_a_time() -> None:
    bus = MemoryBus()
    async with bus.consume(QUEUE, prefetch=1) as deliveries:
        ask = asyncio.ensure_future(anext(deliveries))
        for _ in range(3):
            await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="already asked"):
            await anext(deliveries)
        ask.cancel()


async def test_prefetch_is_at_least_one() -> None:
    with pytest.raises(ValueError, match="prefetch"):
        async with MemoryBus().consume(QUEUE, prefetch=0):
            pass
