"""A reader that takes nothing is cut off by the server's protocol; one that is slow is not."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from sutazai.entrypoints.api.stalled import http_protocol

STALL_S = 0.3
CHUNK, CHUNKS = 16_384, 60
DEADLINE_S = 20.0


class Streaming:
    """An application that sends much as fast as it is taken; it notes how its sending ended."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(CHUNKS):
            await send({"type": "http.response.body", "body": b"x" * CHUNK, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        await receive()
        disconnected = (await receive())["type"] == "http.disconnect"
        self.ended.set_result("told" if disconnected else "not told")


@asynccontextmanager
async def reader(app: Streaming) -> AsyncIterator[tuple[socket.socket, uvicorn.Server]]:
    """Serve the application and open one connection to it, with small buffers on both sides."""
    config = uvicorn.Config(
        app, loop="none", http=http_protocol(STALL_S), lifespan="off", log_config=None
    )
    server, raw = uvicorn.Server(config), socket.socket()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
        serving = asyncio.create_task(server._serve(sockets=[listener]))
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.setblocking(False)
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_connect(raw, listener.getsockname())
            await loop.sock_sendall(raw, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            yield raw, server
        finally:
            raw.close()
            server.should_exit = True
            await serving


async def read_all(raw: socket.socket) -> int:
    """Read to the end of the answer or of the connection; give how much was left."""
    loop, tail, count = asyncio.get_running_loop(), b"", 0
    while not tail.endswith(b"0\r\n\r\n"):
        piece = await loop.sock_recv(raw, 65_536)
        if not piece:
            break
        tail, count = (tail + piece)[-5:], count + len(piece)
    return count


async def test_a_reader_that_takes_nothing_is_cut_off() -> None:
    app = Streaming()
    begun = asyncio.get_running_loop().time()
    async with reader(app) as (raw, server), asyncio.timeout(DEADLINE_S):
        assert await app.ended == "told"
        assert asyncio.get_running_loop().time() - begun >= STALL_S
        assert server.server_state.connections == set()
        # What the kernel holds is still there, then the connection ends amid the answer.
        assert await read_all(raw) < CHUNK * CHUNKS // 2


async def test_a_reader_that_is_slow_gets_it_all() -> None:
    app, got = Streaming(), 0
    async with reader(app) as (raw, server), asyncio.timeout(DEADLINE_S):
        loop = asyncio.get_running_loop()
        slow_until = loop.time() + 5 * STALL_S
        while loop.time() < slow_until:
            piece = await loop.sock_recv(raw, 2048)
            assert piece, "it was cut off"
            got += len(piece)
            await asyncio.sleep(STALL_S / 8)
        # All this time the application had to wait.
        assert not app.ended.done()
        assert got + await read_all(raw) > CHUNK * CHUNKS
        assert len(server.server_state.connections) == 1
