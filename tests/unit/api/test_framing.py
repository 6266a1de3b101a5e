"""Where a request ends, sent raw: one that disagrees with itself smuggles no other."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from sutazai.entrypoints.api.stalled import http_protocol

HEAD = b"POST /first HTTP/1.1\r\nHost: x\r\n"
SECOND = b"GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
ENDED = b"0\r\n\r\n"
DEADLINE_S = 20.0
# Two lengths, a length and chunks, chunks that are none, lines that end or begin as none do.
DISAGREE = {
    "two lengths": HEAD + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
    "a list of lengths": HEAD + b"Content-Length: 0, 5\r\n\r\n",
    "a length with a sign": HEAD + b"Content-Length: +0\r\n\r\n",
    "a length that is none": HEAD + b"Content-Length: 0x0\r\n\r\n",
    "length and chunks": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + ENDED,
    "chunks and length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + ENDED,
    "not chunked last": HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n" + ENDED,
    "a name with a space": HEAD + b"Content-Length : 0\r\n\r\n",
    "a size that is none": HEAD + b"Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n",
}


@pytest.fixture
async def served() -> AsyncIterator[tuple[list[str], int]]:
    """Serve an application that notes what it is asked; give its notes, and the port."""
    asked: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    config = uvicorn.Config(app, loop="none", http=http_protocol(), lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server._serve(sockets=[listener]))
        yield asked, listener.getsockname()[1]
        server.should_exit = True
        await serving


async def answers(port: int, sent: bytes) -> bytes:
    """Send bytes on a connection, and read what comes until it is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(DEADLINE_S):
        said = await reader.read()
    writer.close()
    return said


async def test_two_requests_that_are_well_are_two(served: tuple[list[str], int]) -> None:
    asked, port = served
    for first in (b"Content-Length: 5\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n" + ENDED):
        said = await answers(port, HEAD + first + SECOND)
        assert said.count(b"HTTP/1.1 200") == 2
    assert asked == ["/first", "/second"] * 2


@pytest.mark.parametrize("how", DISAGREE)
async def test_a_request_that_disagrees_with_itself_is_the_last_of_its_connection(
    served: tuple[list[str], int], how: str
) -> None:
    asked, port = served
    said = await answers(port, DISAGREE[how] + SECOND)
    assert "/second" not in asked
    assert said.count(b"HTTP/1.1") <= 1
    assert said.startswith(b"HTTP/1.1 400")
