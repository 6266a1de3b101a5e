"""One connection to RabbitMQ that comes back: opened, watched, opened again after a wait.

All of this runs in the thread of `LoopThread`; pika's callbacks become futures of its loop.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from loguru import logger
from pika import ConnectionParameters, PlainCredentials, frame
from pika import channel as pika_channel
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.exceptions import (
    AMQPError,
    AMQPHeartbeatTimeout,
    ChannelClosed,
    ConnectionClosed,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
    StreamLostError,
)

from sutazai_kit.backoff import Backoff

_CLOSE_S = 2.0
_CONNECT_S = 5.0


@dataclass(frozen=True)
class Broker:
    """Where a RabbitMQ is, and as whom to log in there.

    heartbeat_s: a connection that is silent for about so long is given up, by either side.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    virtual_host: str = "/"
    heartbeat_s: int = 10

    def __str__(self) -> str:
        """Say where it is."""
        return f"RabbitMQ at {self.host}:{self.port}"


class Connection(AsyncioConnection):
    """pika's connection; what is sent in one turn of the loop goes out in one write.

    pika would make a system call for each frame, three for each message.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, parameters: ConnectionParameters, **callbacks: Any
    ) -> None:
        """Take the loop it runs on, and what pika's connection takes."""
        self._turn = loop
        self._unsent: list[bytes] = []
        super().__init__(parameters, custom_ioloop=loop, **callbacks)

    def send(self, frames: list[bytes]) -> None:
        """Send frames that are written already."""
        self._output_marshaled_frames(frames)

    def _adapter_emit_data(self, data: bytes) -> None:
        if not self._unsent:
            self._turn.call_soon(self._flush)
        self._unsent.append(data)

    def _flush(self) -> None:
        data = b"".join(self._unsent)
        self._unsent.clear()
        if self._transport is not None:
            super()._adapter_emit_data(data)


class Channel:
    """A channel whose answers are awaited. `closed` resolves to the reason when it ends."""

    def __init__(self, inner: pika_channel.Channel) -> None:
        """Take a channel that is open; `open` makes one."""
        self.inner = inner
        self.closed: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        inner.add_on_close_callback(self._on_close)

    @classmethod
    async def open(cls, connection: Connection) -> "Channel":
        """Open a channel.

        Raises:
            AMQPError: the connection is gone.
        """
        opened: asyncio.Future[pika_channel.Channel]
        opened = asyncio.get_running_loop().create_future()
        inner = connection.channel(on_open_callback=opened.set_result)
        channel = cls(inner)
        await channel._first(opened)
        return channel

    async def ask(self, method: str, **arguments: Any) -> frame.Method[Any]:
        """Call a method of pika's channel and give the server's answer.

        Raises:
            AMQPError: the channel ended instead; it says why.
        """
        answer: asyncio.Future[frame.Method[Any]] = asyncio.get_running_loop().create_future()
        getattr(self.inner, method)(**arguments, callback=answer.set_result)
        await self._first(answer)
        return answer.result()

    async def close(self) -> None:
        """Close it and wait until the server said so; what is unsettled on it goes back."""
        if self.inner.is_open:
            self.inner.close()
        await asyncio.wait({self.closed}, timeout=_CLOSE_S)

    async def _first(self, answer: "asyncio.Future[Any]") -> None:
        """Wait for an answer, or raise why none comes."""
        await asyncio.wait({answer, self.closed}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise self.closed.result()

    def _on_close(self, _: pika_channel.Channel, reason: Exception) -> None:
        if not self.closed.done():
            self.closed.set_result(reason)


class Link:
    """Keep a connection open; whoever needs it waits for it."""

    def __init__(
        self,
        name: str,
        broker: Broker,
        backoff: Backoff,
        prepare: Callable[[Connection], Awaitable[None]],
    ) -> None:
        """Take what to connect to.

        Args:
            name: told to the server, which shows it among its connections.
            broker: where it is.
            backoff: the waits between two tries.
            prepare: declares what has to be there before the connection is used.
        """
        self.problem = "not connected yet"
        self._broker = broker
        self._name = name
        self._backoff = backoff
        self._prepare = prepare
        self._open: Connection | None = None
        self._lost: asyncio.Future[BaseException] | None = None
        self._opened = asyncio.Event()
        self._closing = False

    async def connection(self) -> Connection:
        """Wait until there is a connection and give it."""
        while self._open is None or not self._open.is_open:
            self._opened.clear()
            await self._opened.wait()
        return self._open

    @property
    def up(self) -> bool:
        """Tell whether there is a connection now."""
        return self._open is not None and self._open.is_open

    async def run(self) -> None:
        """Connect, and again whenever the connection is lost, until `close`."""
        while not self._closing:
            self._lost = asyncio.get_running_loop().create_future()
            await self._keep(self._lost)
            self._open = None
            if not self._closing:
                await asyncio.sleep(self._backoff.next_s())

    async def close(self) -> None:
        """Close the connection in good order."""
        self._closing = True
        if self._open is not None and self._open.is_open and self._lost is not None:
            self._open.close()
            await asyncio.wait({self._lost}, timeout=_CLOSE_S)

    async def _keep(self, lost: "asyncio.Future[BaseException]") -> None:
        """Connect, and return once that failed or the connection is lost."""
        connection, opened = self._connect(lost)
        ends: set[asyncio.Future[Any]] = {opened, lost}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not lost.done():
            try:
                await self._prepare(connection)
            except AMQPError as exc:
                self._note(exc)
                if connection.is_open:
                    connection.close()
                await asyncio.wait({lost}, timeout=_CLOSE_S)
                return
            self._backoff.reset()
            self._open, self.problem = connection, ""
            self._opened.set()
            logger.info("connected to {} for {}", self._broker, self._name)
        self._note(await lost)

    def _connect(
        self, lost: "asyncio.Future[BaseException]"
    ) -> "tuple[Connection, asyncio.Future[object]]":
        """Begin to connect; gives the connection and what resolves once it is open."""
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[object] = loop.create_future()

        def on_lost(_: object, reason: BaseException) -> None:
            if not lost.done():
                lost.set_result(reason)

        broker = self._broker
        parameters = ConnectionParameters(
            host=broker.host,
            port=broker.port,
            virtual_host=broker.virtual_host,
            credentials=PlainCredentials(broker.user, broker.password),
            heartbeat=broker.heartbeat_s,
            socket_timeout=_CONNECT_S,
            stack_timeout=_CONNECT_S,
            client_properties={"connection_name": self._name},
        )
        connection = Connection(
            loop,
            parameters,
            on_open_callback=opened.set_result,
            on_open_error_callback=on_lost,
            on_close_callback=on_lost,
        )
        return connection, opened

    def _note(self, reason: BaseException) -> None:
        """Remember why there is no connection, and say it once."""
        problem = words(reason)
        if problem != self.problem and not self._closing:
            logger.warning("no connection to {} for {}: {}", self._broker, self._name, problem)
        self.problem = problem


def words(reason: BaseException) -> str:
    """Say for a person why a channel or a connection ended."""
    match reason:
        case ChannelClosed() | ConnectionClosed():
            return f"it said {reason.reply_text}"
        case ProbableAuthenticationError():
            return "it refuses the user or the password"
        case ProbableAccessDeniedError():
            return "the user has no right to its virtual host"
        case AMQPHeartbeatTimeout():
            return "it was silent for too long"
        case StreamLostError():
            return "the connection broke"
        case _:
            return "it does not answer"
