"""A Qdrant server of the stack's image for tests, and a way to it that can be watched and cut.

with qdrant() as server:                 # it answers
    async with way_to(server) as way:    # way.url leads there
        server.stop(); server.start()    # its own port changes, the way's does not
"""

import asyncio
import re
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

from tests.support.containers import READY_S, Server, container

KEY = "the key of the server under test"
_PORT = 6333
_REQUEST = re.compile(rb"^([A-Z]+) (/\S*) HTTP/1\.1\r$", re.MULTILINE)


@dataclass(frozen=True)
class Qdrant:
    """A running server; its key is `KEY`."""

    server: Server

    @property
    def port(self) -> int:
        """Give where it answers now."""
        return int(self.server.running.get_exposed_port(_PORT))

    @property
    def url(self) -> str:
        """Give where it answers now, as a URL."""
        return f"http://{self.server.host}:{self.port}"

    def kill(self) -> None:
        """End it as a crash would."""
        self.server.running.get_wrapped_container().kill()

    def start(self) -> None:
        """Start it again, on a port that may be another, and wait until it answers."""
        self.server.running.get_wrapped_container().start()
        _ready(self)


@contextmanager
def qdrant() -> Iterator[Qdrant]:
    """Run a server with access control until the end of the block, once it answers."""
    environment = {"QDRANT__SERVICE__API_KEY": KEY, "QDRANT__SERVICE__JWT_RBAC": "true"}
    with container("qdrant", _PORT, environment=environment) as server:
        made = Qdrant(server)
        _ready(made)
        yield made


def _ready(server: Qdrant) -> None:
    deadline = time.monotonic() + READY_S
    while True:
        try:
            urllib.request.urlopen(f"{server.url}/readyz", timeout=1).close()
        except OSError as exc:
            if time.monotonic() > deadline:
                raise TimeoutError(server.server.logs()[-4000:]) from exc
            time.sleep(0.1)
        else:
            return


@dataclass
class Way:
    """A port of its own that leads to a server."""

    server: Qdrant
    port: int = 0
    silent: bool = False
    requests: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Give where it begins."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Lead one connection to the server, or nowhere while the way is silent."""
        if self.silent:
            await reader.read()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.server.port)
        except (OSError, AttributeError, TypeError, ValueError):
            writer.close()
            return
        async with asyncio.TaskGroup() as both:
            both.create_task(self._copy(reader, back, watched=True))
            both.create_task(self._copy(there, writer, watched=False))

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, watched: bool
    ) -> None:
        with suppress(OSError):
            while part := await reader.read(1 << 20):
                if watched:
                    found = _REQUEST.findall(part)
                    self.requests += [f"{verb.decode()} {path.decode()}" for verb, path in found]
                writer.write(part)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def way_to(server: Qdrant) -> AsyncIterator[Way]:
    """Open a way to a server until the end of the block."""
    way = Way(server)
    listener = await asyncio.start_server(way.serve, "127.0.0.1", 0)
    way.port = listener.sockets[0].getsockname()[1]
    try:
        yield way
    finally:
        listener.close()
