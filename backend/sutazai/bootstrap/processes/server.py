"""The running embedded PostgreSQL: how to reach it, and how to stop it.

Coroutines here wait without blocking the loop.
"""

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import psutil

from sutazai.bootstrap.processes.cluster import SUPERUSER
from sutazai.bootstrap.processes.logs import bound_log
from sutazai.bootstrap.processes.postmaster import find_running, is_alive, send

PORT = 5432  # a part of the socket's name only
SOCKET_NAME = f".s.PGSQL.{PORT}"

_POLL_S = 0.005
_WATCH_S = 1.0
_BOUND_LOG_S = 60.0
_KILL_TIMEOUT_S = 2.0


@dataclass
class EmbeddedPostgres:
    """Hold a running server: how to reach it, and how to stop it.

    ``pid`` is the server's process id, ``adopted`` whether it was there already.
    """

    data_dir: Path
    socket_dir: Path
    log_path: Path
    adopted: bool
    process: psutil.Process = field(repr=False)
    started: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def pid(self) -> int:
        """Return the process id of the server."""
        return self.process.pid

    @property
    def admin_dsn(self) -> str:
        """Return the URL of the superuser in the database ``postgres``."""
        return self.dsn()

    def dsn(
        self, user: str = SUPERUSER, database: str = "postgres", password: str | None = None
    ) -> str:
        """Return a URL for asyncpg and psycopg, over the Unix socket.

        The server asks the kernel who connects, so a password is not needed here; one that is
        given stands in the URL and is not looked at.
        """
        login = quote(user, safe="")
        if password is not None:
            login = f"{login}:{quote(password, safe='')}"
        where = quote(str(self.socket_dir), safe="/")
        return f"postgresql://{login}@/{quote(database, safe='')}?host={where}&port={PORT}"

    def is_running(self) -> bool:
        """Return whether the server's process still runs."""
        if self.started is not None:
            return self.started.poll() is None
        return is_alive(self.process)

    async def watch(self) -> None:
        """Keep the log bounded, and return when the server has ended, whoever ended it."""
        while self.is_running():
            await asyncio.to_thread(bound_log, self.log_path)
            await until(lambda: not self.is_running(), _BOUND_LOG_S, poll_s=_WATCH_S)

    async def stop(
        self, mode: Literal["fast", "immediate"] = "fast", timeout_s: float = 5.0
    ) -> None:
        """End the server and every process of it.

        Args:
            mode: ``fast`` rolls open transactions back and leaves a clean data folder;
                ``immediate`` leaves recovery to the next start.
            timeout_s: seconds until a fast stop becomes an immediate one, which takes two at most.
        """
        if mode == "fast" and self.is_running():
            send(self.process, signal.SIGINT)
            await until(lambda: not self.is_running(), timeout_s)
        if self.is_running():
            send(self.process, signal.SIGQUIT)
            await until(lambda: not self.is_running(), _KILL_TIMEOUT_S)
        if self.is_running():
            send(self.process, signal.SIGKILL)
            await until(lambda: not self.is_running(), _KILL_TIMEOUT_S)
        await end_backends(self.data_dir)


async def end_backends(data_dir: Path) -> None:
    """See to it that no process of a dead server is left on the data folder.

    They notice by themselves that their server is gone; what does not within a second is ended.
    """
    orphans = (await asyncio.to_thread(find_running, data_dir)).backends

    def gone() -> bool:
        return not any(is_alive(process) for process in orphans)

    for number in (None, signal.SIGQUIT, signal.SIGKILL):
        if number is not None:
            for process in orphans:
                send(process, number)
        if await until(gone, 1.0):
            return


async def until(
    condition: Callable[[], bool], timeout_s: float, *, poll_s: float = _POLL_S
) -> bool:
    """Wait for a condition; return whether it came true in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(poll_s)
    return True
