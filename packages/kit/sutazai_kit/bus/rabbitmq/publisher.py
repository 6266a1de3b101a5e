"""Publishing with a window of messages that wait for their confirms.

Every caller waits for the confirms of its own messages. What was sent and not confirmed when the
connection is lost is sent again over the next one, under the same id: it may arrive twice.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from loguru import logger
from pika import channel as pika_channel
from pika import frame, spec
from pika.exceptions import AMQPError, ChannelClosedByBroker

from sutazai_contracts.errors import BusUnavailable, QueueFull, TooLarge
from sutazai_kit.backoff import Backoff
from sutazai_kit.bus.rabbitmq.connection import Channel, Connection, Link, words
from sutazai_kit.bus.rabbitmq.frames import content_frames, publish_frame
from sutazai_kit.bus.rabbitmq.thread import Mailbox
from sutazai_kit.bus.rabbitmq.topology import exchange_of

# An outcome holds at most 256 KiB of output; ids, usage and words come on top of it.
MAX_BODY = (256 + 64) * 1024
_WINDOW_BYTES = 4 * 1024 * 1024
_NOT_FOUND = 404


class Unroutable(BusUnavailable):
    """There is no such queue."""


@dataclass(eq=False, slots=True)
class _Call:
    """One publish: how many of its messages wait, and whom to tell."""

    queue: str
    waiting: int
    done: "asyncio.Future[None]"
    error: BusUnavailable | None = None
    abandoned: bool = False


@dataclass(eq=False, slots=True)
class _Message:
    """One message of a call."""

    call: _Call
    id: bytes
    body: bytes


@dataclass(eq=False, slots=True)
class _Session:
    """A channel in confirm mode, and what was sent over it and is not confirmed, in order."""

    channel: Channel
    connection: Connection
    frame_max: int
    tag: int = 0
    size: int = 0
    unconfirmed: dict[int, _Message] = field(default_factory=dict)
    heads: dict[str, bytes] = field(default_factory=dict)

    def write(self, message: _Message) -> list[bytes]:
        """Give the frames of a message and count it as sent."""
        queue, number = message.call.queue, self.channel.inner.channel_number
        if queue not in self.heads:
            self.heads[queue] = publish_frame(number, exchange_of(queue), queue)
        self.tag += 1
        self.unconfirmed[self.tag] = message
        self.size += len(message.body)
        content = content_frames(number, message.id, message.body, self.frame_max)
        return [self.heads[queue], *content]

    def take(self, tag: int, multiple: bool) -> list[_Message]:
        """Take out what a confirm is about."""
        if multiple:
            tags = list(itertools.takewhile(lambda sent: sent <= tag, self.unconfirmed))
        else:
            tags = [tag] if tag in self.unconfirmed else []
        taken = [self.unconfirmed.pop(sent) for sent in tags]
        self.size -= sum(len(message.body) for message in taken)
        return taken


class Publisher:
    """Publish over one connection; at most `window` messages are unconfirmed at a time."""

    def __init__(
        self,
        link: Link,
        inbox: Mailbox,
        outbox: Mailbox,
        *,
        name: str,
        window: int,
        confirm_s: float,
        backoff: Backoff,
    ) -> None:
        """Take what it works over.

        Args:
            link: the connection, nobody else's.
            inbox: runs calls in the connection's thread.
            outbox: runs calls in the callers' thread.
            name: unique among all publishers; the ids of messages begin with it.
            window: how many messages may be unconfirmed.
            confirm_s: how long a caller waits.
            backoff: waits after a channel was closed by the server.
        """
        self._link = link
        self._inbox, self._outbox = inbox, outbox
        self._window = window
        self._confirm_s = confirm_s
        self._backoff = backoff
        self._ids = (b"%s-%x" % (name.encode(), number) for number in itertools.count())
        self._waiting: deque[_Message] = deque()
        self._session: _Session | None = None
        self._connection: Connection | None = None
        self._blocked = ""
        self._calls: set[_Call] = set()

    async def publish(self, queue: str, bodies: Sequence[bytes]) -> None:
        """Publish and wait for all confirms; called in the callers' thread.

        Raises:
            QueueFull: the queue refused a message.
            Unroutable: there is no such queue.
            BusUnavailable: a message was not confirmed in time.
            TooLarge: a message is larger than the bus takes; none was sent.
        """
        for body in bodies:
            if len(body) > MAX_BODY:
                raise TooLarge(f"A message of {len(body)} bytes is too large for the bus.")
        exchange_of(queue)
        call = _Call(queue, len(bodies), asyncio.get_running_loop().create_future())
        self._calls.add(call)
        self._inbox.put(self._submit, call, bodies)
        try:
            async with asyncio.timeout(self._confirm_s):
                await call.done
        except TimeoutError as exc:
            raise BusUnavailable(self.problem or self._late()) from exc
        finally:
            self._calls.discard(call)
            call.abandoned = True
            if call.waiting:
                self._inbox.put(self._forget)

    def end(self) -> None:
        """Let nobody wait any more; called in the callers' thread."""
        for call in self._calls:
            call.error = BusUnavailable("The bus is closed.")
            _finish(call)

    @property
    def problem(self) -> str:
        """Say why nothing can be published now; empty where it can."""
        if not self._link.up:
            return f"The message bus does not answer: {self._link.problem}."
        if self._blocked:
            return f"The message bus takes no messages now: {self._blocked}."
        return ""

    def _late(self) -> str:
        return f"The message bus did not confirm within {self._confirm_s:g} s."

    async def run(self) -> None:
        """Keep a channel open, and send."""
        while True:
            connection = await self._link.connection()
            try:
                session = await self._open(connection)
            except AMQPError as exc:
                logger.warning("no channel to publish on: {}", words(exc))
            else:
                self._session = session
                self._pump()
                reason = await session.channel.closed
                self._session = None
                self._put_back(session, reason)
            await asyncio.sleep(self._backoff.next_s())

    async def _open(self, connection: Connection) -> _Session:
        """Open a channel; nothing is sent before the server said that it will confirm."""
        if connection is not self._connection:
            self._connection, self._blocked = connection, ""
            connection.add_on_connection_blocked_callback(self._on_blocked)
            connection.add_on_connection_unblocked_callback(self._on_unblocked)
        channel = await Channel.open(connection)
        channel.inner.add_on_return_callback(self._on_return)
        await channel.ask("confirm_delivery", ack_nack_callback=self._on_confirm)
        return _Session(channel, connection, connection.params.frame_max)

    def _submit(self, call: _Call, bodies: Iterable[bytes]) -> None:
        self._waiting.extend(_Message(call, next(self._ids), body) for body in bodies)
        self._pump()

    def _forget(self) -> None:
        """Drop what waits to be sent and nobody waits for any more."""
        self._waiting = deque(m for m in self._waiting if not m.call.abandoned)

    def _pump(self) -> None:
        """Send what waits, as far as the window allows."""
        session = self._session
        if session is None or self._blocked or not session.channel.inner.is_open:
            return
        frames: list[bytes] = []
        while (
            self._waiting
            and len(session.unconfirmed) < self._window
            and session.size < _WINDOW_BYTES
        ):
            frames += session.write(self._waiting.popleft())
        if frames:
            session.connection.send(frames)

    def _on_confirm(self, confirm: "frame.Method[spec.Basic.Ack | spec.Basic.Nack]") -> None:
        session = self._session
        if session is None:
            return
        method = confirm.method
        nacked = isinstance(method, spec.Basic.Nack)
        for message in session.take(method.delivery_tag, method.multiple):
            call = message.call
            if nacked:
                call.error = QueueFull(f"The queue {call.queue} takes no more messages now.")
            call.waiting -= 1
            if not call.waiting:
                self._outbox.put(_finish, call)
        self._backoff.reset()
        self._pump()

    def _on_return(
        self,
        _: pika_channel.Channel,
        method: spec.Basic.Return,
        properties: spec.BasicProperties,
        body: bytes,
    ) -> None:
        """Note that a message reached no queue; the server confirms it next all the same."""
        session = self._session
        returned = (properties.message_id or "").encode()
        for message in session.unconfirmed.values() if session else ():
            if message.id == returned:
                message.call.error = Unroutable(f"There is no queue {message.call.queue}.")
                return

    def _put_back(self, session: _Session, reason: Exception) -> None:
        """Send again what was not confirmed, unless the server closed the channel because of it."""
        messages = [m for m in session.unconfirmed.values() if not m.call.abandoned]
        if not isinstance(reason, ChannelClosedByBroker):
            self._waiting.extendleft(reversed(messages))
            return
        refused = Unroutable if reason.reply_code == _NOT_FOUND else BusUnavailable
        for call in {message.call for message in messages}:
            call.error = refused(f"The message bus refuses: {words(reason)}.")
            call.waiting, call.abandoned = 0, True
            self._outbox.put(_finish, call)
        self._forget()

    def _on_blocked(self, _: object, blocked: "frame.Method[spec.Connection.Blocked]") -> None:
        self._blocked = f"it is {blocked.method.reason}"
        logger.warning("RabbitMQ takes no messages now: {}", self._blocked)

    def _on_unblocked(self, _: object, __: object) -> None:
        self._blocked = ""
        logger.info("RabbitMQ takes messages again")
        self._pump()


def _finish(call: _Call) -> None:
    """Tell the caller, in its thread."""
    if call.done.done():
        return
    if call.error is None:
        call.done.set_result(None)
    else:
        call.done.set_exception(call.error)
