"""Consuming: one channel per consumer, opened again whenever it ends.

A consumer outlives lost connections and queues that are not there yet. Deliveries of a channel
that ended come again over the next one; settling the old ones has no effect.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from loguru import logger
from pika import channel as pika_channel
from pika import spec
from pika.exceptions import AMQPError

from sutazai_kit.backoff import Backoff
from sutazai_kit.bus.rabbitmq.connection import Channel, Connection, Link, words
from sutazai_kit.bus.rabbitmq.thread import Mailbox


class RabbitDelivery:
    """A message in the hand of a consumer."""

    __slots__ = ("_inbox", "_session", "_tag", "body", "redelivered")

    def __init__(
        self, inbox: Mailbox, session: "_Session", tag: int, body: bytes, redelivered: bool
    ) -> None:
        """Take the message and the channel it came over."""
        self._inbox, self._session, self._tag = inbox, session, tag
        self.body = body
        self.redelivered = redelivered

    @property
    def stale(self) -> bool:
        """Tell whether the channel it came over has ended: it comes again."""
        return self._session.ended

    async def ack(self) -> None:
        """Settle it; the server hears of it with the next write."""
        if not self.stale:
            self._inbox.put(self._session.ack, self._tag)

    async def reject(self) -> None:
        """Have the server put it into `dead`."""
        if not self.stale:
            self._inbox.put(self._session.reject, self._tag)


class _Session:
    """One channel of a consumer and its unsettled deliveries; lives in the connection's thread."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.ended = False
        self._unsettled: dict[int, None] = {}  # tags, in order
        self._acked: set[int] = set()

    def hold(self, tag: int) -> None:
        """Count a delivery as unsettled."""
        self._unsettled[tag] = None

    def ack(self, tag: int) -> None:
        """Settle it with all others of this turn of the loop."""
        if tag not in self._unsettled:
            return
        if not self._acked:
            asyncio.get_running_loop().call_soon(self.flush)
        self._acked.add(tag)

    def reject(self, tag: int) -> None:
        """Send it to `dead`."""
        if tag in self._unsettled and tag not in self._acked and self.channel.inner.is_open:
            del self._unsettled[tag]
            self.channel.inner.basic_reject(tag, requeue=False)

    def flush(self) -> None:
        """Acknowledge: those without an unsettled one before them by one frame."""
        if not self._acked or not self.channel.inner.is_open:
            return
        upto = 0
        for tag in self._unsettled:
            if tag not in self._acked:
                break
            upto = tag
        if upto:
            self.channel.inner.basic_ack(upto, multiple=True)
        for tag in self._acked:
            if tag > upto:
                self.channel.inner.basic_ack(tag)
            del self._unsettled[tag]
        self._acked.clear()


class Consumer:
    """The part of a consumer that lives in the connection's thread."""

    def __init__(
        self,
        link: Link,
        queue: str,
        prefetch: int,
        *,
        inbox: Mailbox,
        hand_out: Callable[[RabbitDelivery], None],
        declare: Callable[[Connection, str], Awaitable[None]] | None,
        backoff: Backoff,
    ) -> None:
        """Take what it consumes.

        Args:
            link: the connection; consumers share one.
            queue: the name of the queue.
            prefetch: how many deliveries may be unsettled.
            inbox: runs calls in the connection's thread.
            hand_out: called there with each delivery.
            declare: makes the queue, where this user may; else it is waited for.
            backoff: waits between two tries.
        """
        self._link = link
        self._queue, self._prefetch = queue, prefetch
        self._inbox, self._hand_out = inbox, hand_out
        self._declare = declare
        self._backoff = backoff
        self._session: _Session | None = None
        self._life: asyncio.Task[None] | None = None
        self._stopping = False
        self._problem = ""

    async def start(self) -> None:
        """Begin to consume; returns at once."""
        self._life = asyncio.create_task(self._run(), name=f"consumer of {self._queue}")

    async def _run(self) -> None:
        """Consume until `stop`, again whenever the channel ends."""
        while not self._stopping:
            connection = await self._link.connection()
            try:
                session = await self._subscribe(connection)
            except AMQPError as exc:
                self._note(exc)
            else:
                self._problem = ""
                self._backoff.reset()
                reason = await session.channel.closed
                if not session.ended:
                    self._note(reason)
                session.ended = True
                self._session = None
            if not self._stopping:
                await asyncio.sleep(self._backoff.next_s())

    async def stop(self) -> None:
        """Give back what is unsettled, once what was settled is with the server."""
        self._stopping = True
        session = self._session
        if session is not None:
            session.flush()
            session.ended = True
            await session.channel.close()
        if self._life is not None:
            self._life.cancel()
            await asyncio.wait({self._life})

    async def _subscribe(self, connection: Connection) -> _Session:
        if self._declare is not None:
            await self._declare(connection, self._queue)
        channel = await Channel.open(connection)
        session = _Session(channel)

        def on_message(
            _: pika_channel.Channel,
            method: spec.Basic.Deliver,
            __: spec.BasicProperties,
            body: bytes,
        ) -> None:
            tag = method.delivery_tag
            session.hold(tag)
            self._hand_out(
                RabbitDelivery(self._inbox, session, tag, body, bool(method.redelivered))
            )

        def on_cancel(_: Any) -> None:
            logger.warning("the queue {} is gone; waiting for it", self._queue)
            session.ended = True
            channel.inner.close()

        self._session = session
        channel.inner.add_on_cancel_callback(on_cancel)
        await channel.ask("basic_qos", prefetch_count=self._prefetch)
        await channel.ask("basic_consume", queue=self._queue, on_message_callback=on_message)
        return session

    def _note(self, reason: BaseException) -> None:
        """Say why nothing comes, once."""
        problem = words(reason)
        if problem != self._problem and not self._stopping:
            logger.warning("nothing comes from {} now: {}", self._queue, problem)
        self._problem = problem


class Deliveries:
    """The part of a consumer that its user sees: an iterator, in the user's thread."""

    def __init__(self) -> None:
        """Begin empty."""
        self._ready: deque[RabbitDelivery] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False

    def __aiter__(self) -> "Deliveries":
        """Give itself."""
        return self

    async def __anext__(self) -> RabbitDelivery:
        """Wait for the next delivery; those of a lost channel are left out, they come again."""
        while not self._ended:
            while self._ready:
                delivery = self._ready.popleft()
                if not delivery.stale:
                    return delivery
            await self._wait()
        raise StopAsyncIteration

    def push(self, delivery: RabbitDelivery) -> None:
        """Take a delivery."""
        self._ready.append(delivery)
        self._wake()

    def end(self) -> None:
        """Hand out nothing more."""
        self._ended = True
        self._wake()

    async def _wait(self) -> None:
        if self._waiter is not None:
            raise RuntimeError("this consumer is already asked for its next delivery")
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
