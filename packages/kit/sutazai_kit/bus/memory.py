"""The bus in process: named queues between the tasks of one event loop.

Wake-ups are hints, so a queue may hold many for the same work. The bus does not merge them: a
publisher that knows better leaves one out, and the runner settles all it holds by one claim.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from loguru import logger

from sutazai_contracts.errors import BusUnavailable, QueueFull
from sutazai_contracts.queues import DEAD
from sutazai_kit.bus.port import Delivery

MAX_LENGTH = 10_000
DELIVERY_LIMIT = 20


class MemoryBus:
    """Carry messages within one process and event loop; they are gone when the process ends.

    A publish is taken whole or not at all. Deliveries that a consumer leaves behind go back to
    the front of their queue, in their order. The queue `dead` keeps the newest messages when it
    is full: it never holds up the queue that a message came from.
    """

    def __init__(
        self, *, max_length: int = MAX_LENGTH, delivery_limit: int = DELIVERY_LIMIT
    ) -> None:
        """Take the bounds.

        Args:
            max_length: how many messages may wait in one queue; those in hand are not counted.
            delivery_limit: how often a message may be given back before it goes to `dead`.
        """
        self._max_length = max_length
        self._delivery_limit = delivery_limit
        self._queues: dict[str, _Queue] = {}
        self._closed = False

    async def publish(self, queue: str, bodies: Sequence[bytes]) -> None:
        """Take all messages, or none and raise `QueueFull`."""
        self._check_open()
        target = self._queue(queue)
        if len(target.ready) + len(bodies) > self._max_length:
            raise QueueFull(f"The queue {queue} is full: it holds {len(target.ready)} messages.")
        target.put(_Message(body) for body in bodies)

    @asynccontextmanager
    async def consume(self, queue: str, *, prefetch: int) -> AsyncIterator[AsyncIterator[Delivery]]:
        """Open a consumer with at most `prefetch` unsettled deliveries."""
        if prefetch < 1:
            raise ValueError(f"prefetch is at least 1, not {prefetch}")
        self._check_open()
        source = self._queue(queue)
        consumer = _Consumer(self, source, prefetch)
        source.consumers.add(consumer)
        try:
            yield consumer
        finally:
            source.consumers.discard(consumer)
            consumer.end()
            self._give_back(source, consumer.take_unsettled())

    async def aclose(self) -> None:
        """End all consumers and take no more messages."""
        self._closed = True
        for queue in self._queues.values():
            for consumer in queue.consumers:
                consumer.end()

    def depths(self) -> dict[str, int]:
        """Count the messages that wait in each queue."""
        return {name: len(queue.ready) for name, queue in self._queues.items()}

    def bury(self, message: "_Message") -> None:
        """Put a message into `dead`; where that is full, its oldest one makes room."""
        dead = self._queue(DEAD)
        if len(dead.ready) >= self._max_length:
            dead.ready.popleft()
            logger.warning("the queue {} is full: its oldest message is dropped", DEAD)
        dead.put([_Message(message.body)])

    def _give_back(self, queue: "_Queue", messages: Sequence["_Message"]) -> None:
        """Put messages back to the front; one that came back too often goes to `dead`."""
        kept = []
        for message in messages:
            message.returns += 1
            # A message of `dead` itself has nowhere else to go.
            if message.returns > self._delivery_limit and queue is not self._queues.get(DEAD):
                self.bury(message)
            else:
                kept.append(message)
        queue.put_back(kept)

    def _queue(self, name: str) -> "_Queue":
        """Give a queue, made on first use."""
        return self._queues.setdefault(name, _Queue())

    def _check_open(self) -> None:
        """Refuse work after the end."""
        if self._closed:
            raise BusUnavailable("The bus is closed.")


@dataclass(slots=True)
class _Message:
    """A body, and how often it was given back."""

    body: bytes
    returns: int = 0


@dataclass(eq=False, slots=True)
class _Queue:
    """Messages that wait for consumers, and consumers that wait for messages, both in order."""

    ready: deque[_Message] = field(default_factory=deque)
    asking: "deque[_Consumer]" = field(default_factory=deque)
    consumers: "set[_Consumer]" = field(default_factory=set)

    def put(self, messages: Iterable[_Message]) -> None:
        """Append messages."""
        self.ready.extend(messages)
        self.wake()

    def put_back(self, messages: Sequence[_Message]) -> None:
        """Put messages to the front, the first of them foremost."""
        self.ready.extendleft(reversed(messages))
        self.wake()

    def wake(self) -> None:
        """Wake as many waiting consumers as there are messages, the longest waiting first."""
        for _ in range(min(len(self.ready), len(self.asking))):
            self.asking.popleft().wake()


class _Consumer:
    """One consumer: an iterator over deliveries that ends when it is left or the bus closes."""

    def __init__(self, bus: MemoryBus, queue: _Queue, prefetch: int) -> None:
        self._bus = bus
        self._queue = queue
        self._prefetch = prefetch
        self._unsettled: dict[_Delivery, _Message] = {}  # in the order they were handed out
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False

    def __aiter__(self) -> "AsyncIterator[Delivery]":
        return self

    async def __anext__(self) -> Delivery:
        # A consumer that never has to wait would take all turns of the others.
        await asyncio.sleep(0)
        while not self._ended:
            room = len(self._unsettled) < self._prefetch
            if room and self._queue.ready:
                return self._take()
            await self._wait(asking=room)
        raise StopAsyncIteration

    def _take(self) -> "_Delivery":
        """Hand out the first message of the queue."""
        message = self._queue.ready.popleft()
        delivery = _Delivery(self, message)
        self._unsettled[delivery] = message
        return delivery

    async def _wait(self, *, asking: bool) -> None:
        """Wait for a message, or where there is no room for one, for a delivery to be settled."""
        if self._waiter is not None:
            raise RuntimeError("this consumer is already asked for its next delivery")
        self._waiter = asyncio.get_running_loop().create_future()
        if asking:
            self._queue.asking.append(self)
        try:
            await self._waiter
        except asyncio.CancelledError:
            if self in self._queue.asking:
                self._queue.asking.remove(self)
            else:
                self._queue.wake()  # the message that woke this one is for another
            raise
        finally:
            self._waiter = None

    def wake(self) -> None:
        """Let the waiting side look again."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def end(self) -> None:
        """Hand out nothing more."""
        self._ended = True
        if self in self._queue.asking:
            self._queue.asking.remove(self)
        self.wake()

    def take_unsettled(self) -> list[_Message]:
        """Give up the deliveries in hand, in their order; settling them has no effect any more."""
        messages = list(self._unsettled.values())
        self._unsettled.clear()
        return messages

    def settle(self, delivery: "_Delivery", *, bury: bool) -> None:
        """Let a delivery go, to `dead` or for good; one that is not in hand is left alone."""
        message = self._unsettled.pop(delivery, None)
        if message is None:
            return
        if bury:
            self._bus.bury(message)
        if self not in self._queue.asking:
            self.wake()


class _Delivery:
    """A message in the hand of a consumer."""

    def __init__(self, consumer: _Consumer, message: _Message) -> None:
        self._consumer = consumer
        self.body = message.body
        self.redelivered = message.returns > 0

    async def ack(self) -> None:
        """Settle it."""
        self._consumer.settle(self, bury=False)

    async def reject(self) -> None:
        """Send it to `dead`."""
        self._consumer.settle(self, bury=True)
