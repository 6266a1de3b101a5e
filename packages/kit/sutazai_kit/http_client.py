"""The HTTP client of the processes that serve: core, agents, embedder (docs/adr/0006).

async with aclosing(HttpClient("http://qdrant:6333", silence_s=10)) as client:
    answer = await client.request("GET", "/collections")

It reads nothing of the environment, follows no redirect, keeps no cookie, and has one tree of
errors, which adapters map to those of `sutazai_contracts.errors`, most specific first:

    HttpError
    ├── NotConnected   nothing takes a connection there
    ├── Silent         no byte came in time
    └── BrokenOff      the connection was cut, or what came is no HTTP
"""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

CONNECT_S = 5.0
IDLE_S = 15.0
CONNECTIONS = 100
# Sent as one write up to here; what is larger goes in parts, so that others go on in between.
_AT_ONCE = 1024 * 1024

Content = bytes | AsyncIterator[bytes] | None


class HttpError(Exception):
    """No answer came, or not the whole of it."""


class NotConnected(HttpError):
    """Nothing takes a connection there."""


class Silent(HttpError):
    """No byte came in time."""


class BrokenOff(HttpError):
    """The connection was cut, or what came is no HTTP."""


class Head:
    """The beginning of an answer; the rest is read as it comes, within the block of `stream`."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        """Take the driver's response."""
        self._response = response
        self.status: int = response.status
        self.headers: Mapping[str, str] = response.headers

    @property
    def is_success(self) -> bool:
        """Tell whether the status is one of success."""
        return 200 <= self.status < 300

    async def parts(self) -> AsyncIterator[bytes]:
        """Give the body as it comes.

        Raises:
            HttpError: it broke off.
        """
        content = self._response.content
        while True:
            with _mapped():
                part = await content.readany()
            if not part:
                return
            yield part

    async def read(self) -> bytes:
        """Give the whole body; raises what `parts` raises."""
        with _mapped():
            return await self._response.read()


class Answer:
    """A whole answer."""

    __slots__ = ("content", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        """Take the status, the headers (their names in any case), and the body."""
        self.status, self.headers, self.content = status, headers, content

    @property
    def is_success(self) -> bool:
        """Tell whether the status is one of success."""
        return 200 <= self.status < 300

    @property
    def reason(self) -> str:
        """Name the status."""
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return str(self.status)

    @property
    def text(self) -> str:
        """Read the body as UTF-8; what is none is shown as a replacement."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Read the body as JSON; raises `ValueError` where it is none."""
        return json.loads(self.content)


class HttpClient:
    """Speak with one server; connects on first use and keeps connections for the next call."""

    def __init__(
        self,
        base_url: str,
        *,
        silence_s: float,
        connect_s: float = CONNECT_S,
        headers: Mapping[str, str] | None = None,
        socket: Path | None = None,
        connections: int = CONNECTIONS,
        idle_s: float = IDLE_S,
    ) -> None:
        """Say whom to speak with, and how.

        Args:
            base_url: what paths are appended to.
            silence_s: seconds without a byte, there or back, after which a server counts as gone.
            connect_s: seconds in which it has to take a connection.
            headers: sent with every call.
            socket: a Unix socket to go through instead of TCP.
            connections: most of them at once; further calls wait.
            idle_s: how long one is kept for the next call, which is less than the server keeps
                it; 0: not at all, for a server that closes without a word.
        """
        self.base_url = base_url
        self._base = base_url.rstrip("/") + "/"
        self._silence_s, self._connect_s = silence_s, connect_s
        self._limits = self._limits_of(silence_s)
        # What is answered packed would have to be unpacked on this one processor.
        self._headers = {"accept-encoding": "identity", **(headers or {})}
        self._socket, self._connections, self._idle_s = socket, connections, idle_s
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def request(
        self,
        method: str,
        path: str,
        *,
        content: Content = None,
        headers: Mapping[str, str] | None = None,
        silence_s: float | None = None,
    ) -> Answer:
        """Make a call and give the whole answer, whatever its status.

        Args:
            method: of HTTP.
            path: appended to the base URL; what is no letter of a URL is escaped already.
            content: the body, which may be a stream.
            headers: beside those that all calls have.
            silence_s: in place of the client's own.

        Raises:
            HttpError: there was no whole answer; the tree stands above.
        """
        async with self.stream(
            method, path, content=content, headers=headers, silence_s=silence_s
        ) as head:
            return Answer(head.status, head.headers, await head.read())

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        content: Content = None,
        headers: Mapping[str, str] | None = None,
        silence_s: float | None = None,
    ) -> AsyncIterator[Head]:
        """Make a call whose answer is read as it comes; takes and raises what `request` does.

        A block that is left before the end of the answer closes its connection: by that a server
        learns that nobody listens any more.
        """
        limits = self._limits if silence_s is None else self._limits_of(silence_s)
        within_s = self._silence_s if silence_s is None else silence_s
        response = await self._begin(method, path, content, headers, limits, within_s)
        try:
            yield Head(response)
        finally:
            if response.content.at_eof():
                response.release()
            else:
                response.close()

    async def aclose(self) -> None:
        """Close connections; what is asked later raises `BrokenOff`."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    async def _begin(
        self,
        method: str,
        path: str,
        content: Content,
        headers: Mapping[str, str] | None,
        limits: aiohttp.ClientTimeout,
        within_s: float,
    ) -> aiohttp.ClientResponse:
        url = URL(self._base + path.removeprefix("/"), encoded=True)
        sending: _Sending | None = None
        try:
            # The driver's own limits do not run while a body is sent; this one does, from part to
            # part, and until the first byte comes back.
            with _mapped():
                async with asyncio.timeout(within_s + self._connect_s) as clock:
                    sent: Any = content
                    if isinstance(content, bytes) and len(content) > _AT_ONCE:
                        sent = io.BytesIO(content)
                    elif content is not None and not isinstance(content, bytes):
                        sending = _Sending(content, clock, within_s)
                        sent = sending.parts()
                    return await self._opened().request(
                        method,
                        url,
                        data=sent,
                        headers=headers,
                        timeout=limits,
                        allow_redirects=False,
                    )
        except HttpError:
            if sending is not None and sending.failed is not None:
                raise sending.failed from None
            raise
        finally:
            if sending is not None:
                sending.clock = None

    def _limits_of(self, silence_s: float) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=None, sock_connect=self._connect_s, sock_read=silence_s)

    def _opened(self) -> aiohttp.ClientSession:
        if self._closed:
            raise BrokenOff("The client was closed.")
        if self._session is None:
            # Names are looked up anew: who comes back in a stack has another address.
            shared: dict[str, Any] = {"limit": self._connections, "force_close": not self._idle_s}
            if self._idle_s:
                shared["keepalive_timeout"] = self._idle_s
            connector = (
                aiohttp.TCPConnector(use_dns_cache=False, **shared)
                if self._socket is None
                else aiohttp.UnixConnector(str(self._socket), **shared)
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session


class _Sending:
    """A body on its way: each part may take as long as a server may be silent."""

    def __init__(
        self, content: AsyncIterator[bytes], clock: asyncio.Timeout, within_s: float
    ) -> None:
        self.failed: Exception | None = None
        # None once an answer has begun, which a server may give before it was sent everything.
        self.clock: asyncio.Timeout | None = clock
        self._content, self._within_s = content, within_s

    async def parts(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._content:
                self._go_on()
                yield part
        except Exception as error:
            # The driver makes an error of its own of it.
            self.failed = error
            raise
        self._go_on()

    def _go_on(self) -> None:
        if self.clock is not None:
            self.clock.reschedule(asyncio.get_running_loop().time() + self._within_s)


@contextmanager
def _mapped() -> Iterator[None]:
    """Turn the driver's errors into ours, most specific first."""
    try:
        yield
    except aiohttp.ClientConnectorError as error:
        raise NotConnected(str(error)) from error
    except TimeoutError as error:
        raise Silent(str(error) or "no byte in time") from error
    except (aiohttp.ClientError, OSError) as error:
        raise BrokenOff(f"{type(error).__name__}: {error}") from error
