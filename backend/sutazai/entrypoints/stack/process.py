"""A process of the stack: logs as JSON, works until SIGTERM, and ends with words when it can't."""

import asyncio
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import uvloop
from loguru import logger

from sutazai.entrypoints.logs import configure_logs
from sutazai_contracts.errors import InvalidInput, SutazaiError

Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


def run_process(name: str, work: Work, *, log_level: str) -> int:
    """Run a process; gives its exit status: 0 stopped or done, 1 it could not.

    Args:
        name: for the log.
        work: does the work until the event it is given is set; cancelled where it has not begun.
        log_level: least severe level that is logged.
    """
    configure_logs(log_level)
    try:
        uvloop.run(_until_asked(work))
    except SutazaiError as exc:
        logger.error("{} ends: {}", name, exc.message)
        print(f"sutazai {name}: {exc.message}", file=sys.stderr)  # noqa: T201
        return 1
    logger.info("{} ended", name)
    return 0


async def _until_asked(work: Work) -> None:
    asked, loop = asyncio.Event(), asyncio.get_running_loop()
    working = asyncio.ensure_future(work(asked))

    def stop() -> None:
        if asked.is_set():
            working.cancel()
        asked.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):
        await working


def listen_on(port: int) -> socket.socket:
    """Listen on a port of every address of this container.

    Raises:
        InvalidInput: the port can't be had.
    """
    try:
        return socket.create_server(("0.0.0.0", port), backlog=128)  # noqa: S104
    except OSError as exc:
        raise InvalidInput(f"port {port} can't be had: {exc.strerror}", field="port") from exc


class Readiness:
    """Whether a process can work: asked of its parts in its own loop, read from other threads."""

    def __init__(self, check: Callable[[], Awaitable[None]], every_s: float = 2.0) -> None:
        """Take what raises a `SutazaiError` where a part is unwell, and how often it is asked."""
        self._check, self._every_s = check, every_s
        self.problem = "it is starting"

    def __call__(self) -> str:
        """Say why it can't work now; empty where it can."""
        return self.problem

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._every_s):
                    await self._check()
            except SutazaiError as exc:
                self.problem = exc.message
            except TimeoutError:
                self.problem = "a part it needs did not answer in time"
            else:
                self.problem = ""
            await asyncio.sleep(self._every_s)
