"""The HTTP client before servers that answer, are silent, break off or say nonsense."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from sutazai_kit.http_client import BrokenOff, Content, HttpClient, HttpError, NotConnected, Silent

OK = b"HTTP/1.1 200 OK\r\n"
WHOLE = OK + b"content-length: 2\r\n\r\nhi"
Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Speaks the bytes it is told to each connection, and knows what it was sent."""

    def __init__(self, speak: Speak) -> None:
        self.connections, self.closed = 0, asyncio.Event()
        self._speak = speak

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side ends it."""
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._speak(reader, writer)
        writer.close()
        self.closed.set()


@asynccontextmanager
async def speaking(speak: Speak, **how: Any) -> AsyncIterator[tuple[Server, HttpClient]]:
    """Serve on a free port, and give a client of it."""
    server = Server(speak)
    async with await asyncio.start_server(server.meet, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        told = {"silence_s": 5.0, **how}
        async with aclosing(HttpClient(f"http://127.0.0.1:{port}", **told)) as client:
            yield server, client


async def head_of(reader: asyncio.StreamReader) -> bytes:
    """Read a request to the end of its headers."""
    return await reader.readuntil(b"\r\n\r\n")


def saying(answer: bytes, *, then_silent: bool = False) -> Speak:
    """Answer every request of a connection with some bytes."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(answer)
        await writer.drain()
        if then_silent:
            await reader.read()

    return speak


async def always(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer request after request."""
    while True:
        await head_of(reader)
        writer.write(WHOLE)


async def test_an_answer_is_whole_whatever_its_status() -> None:
    refusal = b"HTTP/1.1 404 Not Found\r\nX-Told: yes\r\ncontent-length: 4\r\n\r\n[1] "
    async with speaking(saying(refusal)) as (_, client):
        answer = await client.request("GET", "/nothing")
    assert (answer.status, answer.reason, answer.is_success) == (404, "Not Found", False)
    assert (answer.content, answer.json(), answer.headers.get("x-told")) == (b"[1] ", [1], "yes")


async def test_a_status_that_nobody_named_is_its_number() -> None:
    async with speaking(saying(b"HTTP/1.1 599 Oh\r\ncontent-length: 1\r\n\r\n\xff")) as (_, client):
        answer = await client.request("GET", "/")
    assert (answer.reason, answer.text) == ("599", "�")


@pytest.mark.parametrize("base", ["", "/v1", "/v1/"])
@pytest.mark.parametrize("path", ["models?limit=1", "/models?limit=1"])
async def test_what_is_sent(base: str, path: str) -> None:
    heads: list[bytes] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await head_of(reader) + await reader.readexactly(3))
        writer.write(WHOLE)

    async with speaking(speak) as (_, here):
        url, given = here.base_url + base, {"x-key": "k"}
        async with aclosing(HttpClient(url, silence_s=5, headers=given)) as client:
            await client.request("POST", path, content=b"abc", headers={"x-more": "%2F"})
    line, *rest = heads[0].decode().lower().split("\r\n")
    assert line == f"post {base.rstrip('/')}/models?limit=1 http/1.1"
    assert {"x-key: k", "x-more: %2f", "accept-encoding: identity", "content-length: 3"} <= {*rest}
    assert rest[-1] == "abc"


async def test_an_escaped_path_stays_as_it_is() -> None:
    heads: list[bytes] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await head_of(reader))
        writer.write(WHOLE)

    async with speaking(speak) as (_, client):
        await client.request("GET", "/a%2Fb%20c?q=%26")
    assert heads[0].startswith(b"GET /a%2Fb%20c?q=%26 HTTP/1.1\r\n")


async def test_a_redirect_is_an_answer_and_a_cookie_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    heads: list[bytes] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heads.append(await head_of(reader))
            writer.write(
                b"HTTP/1.1 307 Elsewhere\r\nlocation: http://127.0.0.1:9/\r\n"
                b"set-cookie: a=b\r\ncontent-length: 0\r\n\r\n"
            )

    async with speaking(speak) as (_, client):
        assert [(await client.request("GET", "/")).status for _ in range(2)] == [307, 307]
    assert len(heads) == 2
    assert b"cookie" not in heads[1].lower()


@pytest.mark.parametrize(("idle_s", "connections"), [(15.0, 1), (0.0, 3)])
async def test_connections_are_kept_unless_told_not_to(idle_s: float, connections: int) -> None:
    async with speaking(always, idle_s=idle_s) as (server, client):
        for _ in range(3):
            assert (await client.request("GET", "/")).content == b"hi"
    assert server.connections == connections


async def test_calls_beyond_the_most_connections_wait() -> None:
    async with speaking(always, connections=1) as (server, client):
        answers = await asyncio.gather(*(client.request("GET", "/") for _ in range(5)))
    assert [answer.content for answer in answers] == [b"hi"] * 5
    assert server.connections == 1


async def test_a_unix_socket_is_gone_through(tmp_path: Path) -> None:
    path = Path("s.sock")
    with pytest.MonkeyPatch.context() as patched:
        # The path of a socket is short; a folder of the tests may not be.
        patched.chdir(tmp_path)
        async with (
            await asyncio.start_unix_server(Server(always).meet, path),
            aclosing(HttpClient("http://there", silence_s=5, socket=path)) as client,
        ):
            assert (await client.request("GET", "/")).content == b"hi"


async def test_nobody_there_is_not_connected(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for url, path in [(f"http://127.0.0.1:{port}", None), ("http://x", tmp_path / "no.sock")]:
        async with aclosing(HttpClient(url, silence_s=5, socket=path)) as client:
            with pytest.raises(NotConnected):
                await client.request("GET", "/")


async def test_a_name_that_is_nobodys_is_not_connected() -> None:
    async with aclosing(HttpClient("http://nobody.invalid", silence_s=5)) as client:
        with pytest.raises(NotConnected):
            await client.request("GET", "/")


@pytest.mark.parametrize(
    ("answer", "then_silent", "error"),
    [
        (b"", True, Silent),
        (OK, True, Silent),
        (OK + b"content-length: 3\r\n\r\nhi", True, Silent),
        (b"", False, BrokenOff),
        (OK, False, BrokenOff),
        (OK + b"content-length: 3\r\n\r\nhi", False, BrokenOff),
        (OK + b"transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n", False, BrokenOff),
        (b"nonsense\r\n\r\n", False, BrokenOff),
    ],
)
async def test_no_whole_answer_is_told_apart(
    answer: bytes, then_silent: bool, error: type[HttpError]
) -> None:
    async with speaking(saying(answer, then_silent=then_silent), silence_s=0.2) as (_, client):
        with pytest.raises(error) as raised:
            await client.request("POST", "/", content=b"x")
    assert type(raised.value) is error


async def test_a_call_may_be_more_patient_than_its_client() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        for part in (OK, b"content-length: 2\r\n\r\n", b"h", b"i"):
            await asyncio.sleep(0.15)
            writer.write(part)

    async with speaking(speak, silence_s=0.05) as (_, client):
        assert (await client.request("GET", "/", silence_s=5)).content == b"hi"
        with pytest.raises(Silent):
            await client.request("GET", "/")


async def test_parts_come_as_they_are_sent() -> None:
    go_on = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(OK + b"content-length: 6\r\n\r\none")
        await go_on.wait()
        writer.write(b"two")

    async with speaking(speak) as (_, client), client.stream("GET", "/") as head:
        parts: list[bytes] = []
        async for part in head.parts():
            parts.append(part)
            go_on.set()
    assert parts == [b"one", b"two"]


@pytest.mark.parametrize("cancelled", [False, True])
async def test_a_block_that_is_left_closes_its_connection(cancelled: bool) -> None:
    begun = asyncio.Event()
    async with speaking(saying(OK + b"\r\nfirst", then_silent=True)) as (server, client):

        async def listen() -> None:
            async with client.stream("GET", "/") as head:
                async for _ in head.parts():
                    begun.set()
                    if not cancelled:
                        return

        listening = asyncio.create_task(listen())
        await begun.wait()
        if cancelled:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
        async with asyncio.timeout(5):
            await server.closed.wait()


async def in_parts(count: int, size: int) -> AsyncIterator[bytes]:
    """Give a body in parts."""
    for _ in range(count):
        yield b"x" * size


@pytest.mark.parametrize("content", [b"x" * 3_000_000, None])
async def test_a_large_body_arrives(content: bytes | None) -> None:
    sizes: list[int] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await head_of(reader)).lower()
        if b"content-length: 3000000" in head:
            sizes.append(len(await reader.readexactly(3_000_000)))
        else:
            assert b"transfer-encoding: chunked" in head
            body = await reader.readuntil(b"0\r\n\r\n")
            sizes.append(body.count(b"x"))
        writer.write(WHOLE)

    body: Content = content or in_parts(30, 1000)
    async with speaking(speak, silence_s=5) as (_, client):
        assert (await client.request("POST", "/", content=body)).content == b"hi"
    assert sizes == [len(content or b"x" * 30_000)]


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_server_that_stops_reading_is_silent(streamed: bool) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await writer.wait_closed()

    body: Content = in_parts(1000, 100_000) if streamed else b"x" * 100_000_000
    async with speaking(speak, silence_s=0.2, connect_s=0.2) as (_, client):
        with pytest.raises(Silent):
            await client.request("POST", "/", content=body)


async def test_a_long_upload_is_no_silence() -> None:
    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(6):
            await asyncio.sleep(0.1)
            yield b"x"

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"0\r\n\r\n")
        writer.write(WHOLE)

    async with speaking(speak, silence_s=0.3, connect_s=0.1) as (_, client):
        assert (await client.request("POST", "/", content=slowly())).content == b"hi"


@pytest.mark.parametrize("error", [LookupError("the file is gone"), ConnectionResetError("gone")])
async def test_what_fails_in_the_body_is_its_own_error(error: Exception) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield b"x"
        raise error

    async with speaking(saying(b"", then_silent=True)) as (_, client):
        with pytest.raises(type(error), match="gone"):
            await client.request("POST", "/", content=breaking())


async def test_an_answer_before_all_was_sent_counts() -> None:
    refused = b"HTTP/1.1 413 No\r\nconnection: close\r\ncontent-length: 3\r\n\r\nbig"
    async with speaking(saying(refused, then_silent=True)) as (_, client):
        answer = await client.request("POST", "/", content=in_parts(1000, 100_000))
    assert (answer.status, answer.content) == (413, b"big")


async def test_a_closed_client_asks_nothing() -> None:
    async with speaking(always) as (server, client):
        await client.request("GET", "/")
        await client.aclose()
        await client.aclose()
        with pytest.raises(BrokenOff, match="closed"):
            await client.request("GET", "/")
    assert server.connections == 1


async def test_the_clock_of_a_caller_stays_the_callers() -> None:
    async with speaking(saying(b"", then_silent=True)) as (_, client):
        with pytest.raises(TimeoutError) as raised:
            async with asyncio.timeout(0.1):
                await client.request("GET", "/")
    assert not isinstance(raised.value, HttpError)
