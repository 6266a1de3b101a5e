"""The bus on RabbitMQ: core declares its queues, agents use them."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

from pika.exceptions import AMQPError

from sutazai_contracts.errors import BusUnavailable
from sutazai_contracts.queues import task_queue
from sutazai_kit.backoff import Backoff
from sutazai_kit.bus.port import Bus, Delivery
from sutazai_kit.bus.rabbitmq.connection import Broker, Connection, Link, words
from sutazai_kit.bus.rabbitmq.consumer import Consumer, Deliveries, RabbitDelivery
from sutazai_kit.bus.rabbitmq.publisher import Publisher, Unroutable
from sutazai_kit.bus.rabbitmq.thread import LoopThread, Mailbox
from sutazai_kit.bus.rabbitmq.topology import Bounds, declare, declare_all, exchange_of

_CLOSED = "The bus is closed."


@dataclass(frozen=True)
class RabbitSettings:
    """How the bus waits and how much it has in flight.

    confirm_s: how long a publish or a declaration may take.
    window: how many published messages may wait for their confirms.
    backoff_base_s: the first wait before a connection is tried again.
    backoff_cap_s: the longest one.
    """

    confirm_s: float = 5.0
    window: int = 1000
    backoff_base_s: float = 0.1
    backoff_cap_s: float = 5.0


@asynccontextmanager
async def open_rabbit_bus(
    broker: Broker,
    *,
    name: str,
    declares: Bounds | None = None,
    agents: Iterable[str] = (),
    settings: RabbitSettings | None = None,
    random: Random | None = None,
) -> AsyncIterator["RabbitBus"]:
    """Open the bus; it connects behind the caller's back, and again whenever it has to.

    Args:
        broker: where RabbitMQ is and as whom to log in.
        name: of this process; the server shows it among its connections.
        declares: bounds of the queues, for core, whose user may declare them; None for an agent.
        agents: the agents whose queues core declares at once, on every connection.
        settings: waits and bounds of this side.
        random: the source of jitter.
    """
    # What matters of pika's own log is said here, once and in words.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    thread = await LoopThread.start("rabbitmq")
    bus = RabbitBus(
        thread,
        broker,
        name=name,
        declares=declares,
        agents=agents,
        settings=settings or RabbitSettings(),
        random=random or Random(),  # noqa: S311  (jitter is no secret)
    )
    try:
        await bus.start()
        yield bus
    finally:
        await bus.aclose()


class RabbitBus(Bus):
    """Carry messages over RabbitMQ, by two connections in a thread of their own.

    It belongs to the event loop it was opened in. However long that loop is busy, heartbeats go
    on. Publishing and consuming have a connection each: a broker that is low on memory or disk
    stops reading from those that publish.
    """

    def __init__(
        self,
        thread: LoopThread,
        broker: Broker,
        *,
        name: str,
        declares: Bounds | None,
        agents: Iterable[str],
        settings: RabbitSettings,
        random: Random,
    ) -> None:
        """Take what `open_rabbit_bus` took, and the thread."""
        self._thread = thread
        self._bounds = declares
        self._queues = frozenset(task_queue(agent) for agent in agents)
        self._settings, self._random = settings, random
        self._to_user = Mailbox(asyncio.get_running_loop())
        self._publishing = self._link(broker, f"{name}: publishing")
        self._consuming = self._link(broker, f"{name}: consuming")
        self._publisher = Publisher(
            self._publishing,
            thread.mailbox,
            self._to_user,
            name=secrets.token_hex(8),
            window=settings.window,
            confirm_s=settings.confirm_s,
            backoff=self._backoff(),
        )
        self._consumers: dict[Deliveries, Consumer] = {}
        self._consuming_began = False
        self._closed = False

    async def start(self) -> None:
        """Begin to connect; returns at once."""

        async def begin() -> None:
            self._thread.spawn(self._publishing.run(), "the connection that publishes")
            self._thread.spawn(self._publisher.run(), "the publisher")

        await self._thread.run(begin())

    @property
    def problem(self) -> str:
        """Say why nothing can be published now; empty where it can."""
        return _CLOSED if self._closed else self._publisher.problem

    async def declare(self, agents: Iterable[str]) -> None:
        """Declare the queues of these agents, now and on every connection to come; for core.

        Raises:
            BusUnavailable: the server did not answer in time, or refused.
        """
        self._check_open()
        queues = frozenset(task_queue(agent) for agent in agents)
        self._queues |= queues
        await self._declare(queues)

    async def publish(self, queue: str, bodies: Sequence[bytes]) -> None:
        """Publish and wait for every confirm.

        For core a task queue that is not there is made first, as the twin in process does.

        Raises:
            QueueFull: the queue is at its bound; some messages may have been taken.
            BusUnavailable: not confirmed in time, or there is no such queue and this side may not
                make it.
            TooLarge: a message is larger than the bus takes.
        """
        self._check_open()
        if not bodies:
            return
        try:
            await self._publisher.publish(queue, bodies)
        except Unroutable:
            if self._bounds is None:
                raise
            self._queues |= {queue}
            await self._declare({queue})
            await self._publisher.publish(queue, bodies)

    @asynccontextmanager
    async def consume(self, queue: str, *, prefetch: int) -> AsyncIterator[AsyncIterator[Delivery]]:
        """Open a consumer with at most `prefetch` unsettled deliveries; returns at once.

        It outlives lost connections, and waits while its queue is not there; only leaving it or
        closing the bus ends it.
        """
        if prefetch < 1:
            raise ValueError(f"prefetch is at least 1, not {prefetch}")
        self._check_open()
        exchange_of(queue)
        deliveries = Deliveries()
        consumer = self._consumer(queue, prefetch, deliveries)
        self._consumers[deliveries] = consumer
        await self._thread.run(self._start(consumer))
        try:
            yield deliveries
        finally:
            deliveries.end()
            if self._consumers.pop(deliveries, None) is not None:
                await self._thread.run(consumer.stop())

    async def aclose(self) -> None:
        """End consumers, whose unsettled deliveries go back, and close the connections."""
        if self._closed:
            return
        self._closed = True
        consumers, self._consumers = self._consumers, {}
        for deliveries in consumers:
            deliveries.end()
        self._publisher.end()
        await self._thread.run(self._shut(list(consumers.values())))
        await self._thread.aclose()

    async def _shut(self, consumers: list[Consumer]) -> None:
        await asyncio.gather(*(consumer.stop() for consumer in consumers))
        await asyncio.gather(self._publishing.close(), self._consuming.close())

    async def _start(self, consumer: Consumer) -> None:
        """Start a consumer; the first one opens the connection."""
        if not self._consuming_began:
            self._consuming_began = True
            self._thread.spawn(self._consuming.run(), "the connection that consumes")
        await consumer.start()

    def _consumer(self, queue: str, prefetch: int, deliveries: Deliveries) -> Consumer:
        def hand_out(delivery: RabbitDelivery) -> None:
            self._to_user.put(deliveries.push, delivery)

        return Consumer(
            self._consuming,
            queue,
            prefetch,
            inbox=self._thread.mailbox,
            hand_out=hand_out,
            declare=None if self._bounds is None else self._declare_on,
            backoff=self._backoff(),
        )

    async def _declare(self, queues: Iterable[str]) -> None:
        if self._bounds is None:
            raise RuntimeError("this bus was not opened to declare")
        try:
            await self._thread.run(self._declare_soon(queues, self._bounds))
        except AMQPError as exc:
            raise BusUnavailable(f"The message bus refuses: {words(exc)}.") from exc
        except TimeoutError as exc:
            raise BusUnavailable(self.problem or "The message bus does not answer.") from exc

    async def _declare_soon(self, queues: Iterable[str], bounds: Bounds) -> None:
        async with asyncio.timeout(self._settings.confirm_s):
            await declare_all(await self._publishing.connection(), queues, bounds)

    async def _declare_on(self, connection: Connection, queue: str) -> None:
        if self._bounds is not None:
            await declare(connection, queue, self._bounds)

    async def _prepare(self, connection: Connection) -> None:
        """Declare what core has to find on every connection: a broker may come back empty."""
        if self._bounds is not None:
            await declare_all(connection, self._queues, self._bounds)

    def _link(self, broker: Broker, name: str) -> Link:
        return Link(name, broker, self._backoff(), self._prepare)

    def _backoff(self) -> Backoff:
        settings = self._settings
        return Backoff(self._random, base_s=settings.backoff_base_s, cap_s=settings.backoff_cap_s)

    def _check_open(self) -> None:
        if self._closed:
            raise BusUnavailable(_CLOSED)
