"""A TCP proxy before the server, which can cut connections and swallow what the server says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

from sutazai_kit.bus.rabbitmq.connection import Broker


@dataclass
class Proxy:
    """Pass bytes between clients and a server.

    mute: the server's words are read and dropped.
    refuse: new connections are closed at once.
    swallowed: how many bytes of the server were dropped.
    cuts: after how many bytes to the server, counted from the last cut, to cut again.
    """

    target: int
    mute: bool = False
    refuse: bool = False
    swallowed: int = 0
    accepted: int = 0
    port: int = 0
    cuts: list[int] = field(default_factory=list)
    passed: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def before(self, broker: Broker) -> Broker:
        """Give the way in that leads through here."""
        return replace(broker, port=self.port)

    def cut(self) -> None:
        """Break all connections, at once and without a word."""
        for writer in self._open:
            writer.transport.abort()

    def _count(self, passed: int) -> None:
        """Cut where it is time to."""
        self.passed += passed
        if self.cuts and self.passed > self.cuts[0]:
            self.passed = 0
            del self.cuts[0]
            self.cut()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what one client and the server say."""
        if self.refuse:
            writer.transport.abort()
            return
        self.accepted += 1
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, server}
        await asyncio.gather(
            self._pass(reader, server, from_server=False),
            self._pass(answers, writer, from_server=True),
        )
        self._open -= {writer, server}

    async def end(self) -> None:
        """Cut, and wait until nothing is passed on any more."""
        self.cut()
        while self._open:  # noqa: ASYNC110  (each turn ends some of them)
            await asyncio.sleep(0)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, from_server: bool
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if from_server and self.mute:
                    self.swallowed += len(data)
                    continue
                writer.write(data)
                await writer.drain()
                if not from_server:
                    self._count(len(data))
        writer.transport.abort()


@asynccontextmanager
async def open_proxy(target: int) -> AsyncIterator[Proxy]:
    """Open a proxy on a free port of 127.0.0.1."""
    proxy = Proxy(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.end()
