"""HTTP from a thread of its own: a process that thinks hard still answers that it lives."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn

from sutazai_contracts.errors import Unavailable

START_S = 10.0
STOP_S = 3.0


class _Server(uvicorn.Server):
    """Uvicorn outside the main thread, where no signal can be taken."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield


@asynccontextmanager
async def answering(app: Any, listener: socket.socket) -> AsyncIterator[None]:
    """Serve an application on a socket, from a thread of its own, until the end of the block.

    Raises:
        Unavailable: it did not start.
    """
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    thread = threading.Thread(
        target=lambda: asyncio.run(server.serve(sockets=[listener])), name="http", daemon=True
    )
    thread.start()
    try:
        await _started(server, thread)
        yield
    finally:
        server.should_exit = True
        await asyncio.to_thread(thread.join, STOP_S)


async def _started(server: uvicorn.Server, thread: threading.Thread) -> None:
    try:
        async with asyncio.timeout(START_S):
            while not server.started:
                if not thread.is_alive():
                    raise Unavailable("the HTTP server of this process ended at its start")
                await asyncio.sleep(0.01)
    except TimeoutError as exc:
        raise Unavailable("the HTTP server of this process did not start") from exc
