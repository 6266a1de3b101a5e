"""The embedded PostgreSQL: start it or take over the one that is there, and stop it.

Everything here is a coroutine and waits without blocking the loop. The server runs in a session of
its own, so Ctrl-C and a kill of our process group don't reach it: it survives a killed core, and
the next start takes it over. It listens on a Unix socket in a private folder only.
"""

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil
from loguru import logger

from sutazai.bootstrap.processes.accounts import ServerAccount, let_through, server_account
from sutazai.bootstrap.processes.cluster import (
    CLEAN_ENVIRONMENT,
    ensure_cluster,
    installation,
)
from sutazai.bootstrap.processes.logs import log_tail, open_log
from sutazai.bootstrap.processes.postmaster import (
    find_running,
    remove_stale_locks,
    status,
)
from sutazai.bootstrap.processes.server import PORT, SOCKET_NAME, EmbeddedPostgres, end_backends
from sutazai.bootstrap.processes.sockets import socket_folder
from sutazai_contracts.errors import DatabaseUnavailable

_POLL_S = 0.005

# What the log says when something is on its way out; another attempt a moment later may succeed.
_PASSING = ("is still in use", "already exists", "Is another postmaster")

_SETTINGS: dict[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    # Small when idle: no replication, no parallel workers, no I/O worker processes.
    "shared_buffers": "32MB",
    "io_method": "sync",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "2",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "jit": "off",
    # What a commit says is so.
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}


@asynccontextmanager
async def open_postgres(
    data_dir: Path, socket_dir: Path, log_path: Path
) -> AsyncIterator[EmbeddedPostgres]:
    """Start PostgreSQL or take it over, and stop it at the end."""
    server = await start_postgres(data_dir, socket_dir, log_path)
    try:
        yield server
    finally:
        await server.stop()


async def start_postgres(
    data_dir: Path,
    socket_dir: Path,
    log_path: Path,
    *,
    settings: Mapping[str, str] | None = None,
    timeout_s: float = 60.0,
    adopt_timeout_s: float = 10.0,
) -> EmbeddedPostgres:
    """Make the data folder if need be, then start the server or take over the one that runs.

    The caller holds the instance lock. A server that a killed instance left is taken over when it
    answers and was started with the very same command; the sessions of the dead instance are
    ended. Any other server on this data folder is stopped first. What is not proven to run on this
    data folder is left alone.

    Args:
        data_dir: the data folder; made at first start.
        socket_dir: where the socket goes, unless its path is too long.
        log_path: the server's log file.
        settings: server settings that differ from ours.
        timeout_s: seconds until giving up; recovery after a crash counts.
        adopt_timeout_s: seconds a server that was there may take to answer, or to finish a
            shutdown it is in the middle of.

    Raises DatabaseUnavailable with the end of the log when the server does not come up.
    """
    data_dir = data_dir.absolute()  # noqa: ASYNC240  (asks for the working folder only)
    deadline = time.monotonic() + timeout_s
    account = await asyncio.to_thread(server_account)
    await asyncio.to_thread(ensure_cluster, data_dir, account)
    sockets = await asyncio.to_thread(
        socket_folder, socket_dir, f"{SOCKET_NAME}.lock", account=account
    )
    if account:
        await asyncio.to_thread(let_through, account, sockets)
    command = _command(data_dir, sockets, settings or {})
    start = _Start(data_dir, sockets, log_path, command, account, deadline, adopt_timeout_s)
    return await start.run()


def _command(data_dir: Path, sockets: Path, settings: Mapping[str, str]) -> list[str]:
    """Return the whole configuration as a command line, which a take-over can compare."""
    values = {**_SETTINGS, "unix_socket_directories": str(sockets), **settings}
    options = [word for name, value in values.items() for word in ("-c", f"{name}={value}")]
    return [str(installation() / "bin" / "postgres"), "-D", str(data_dir), *options]


@dataclass(frozen=True)
class _Start:
    """Bring one server up, whatever an earlier instance left behind."""

    data_dir: Path
    sockets: Path
    log_path: Path
    command: list[str]
    account: ServerAccount | None
    deadline: float
    adopt_timeout_s: float

    async def run(self) -> EmbeddedPostgres:
        """Look what runs, take it over or end it, and start anew until one is ready."""
        while True:
            found = (await asyncio.to_thread(find_running, self.data_dir)).postmaster
            if found is None:
                server = await self._spawn()
                if await self._comes_up(server):
                    logger.info("PostgreSQL {} started", server.pid)
                    return server
                await self._clear_failure(server)
            else:
                server = self._handle(found, adopted=True)
                if await self._take_over(server):
                    return server

    async def _comes_up(self, server: EmbeddedPostgres) -> bool:
        try:
            return await self._ready(server, self.deadline)
        except asyncio.CancelledError:
            await server.stop()
            raise

    async def _take_over(self, server: EmbeddedPostgres) -> bool:
        """Return whether the server that was there serves on; if not, it has ended."""
        if not self._same_command(server):
            logger.info("stopping PostgreSQL {}: it was started differently", server.pid)
            await server.stop()
            return False
        limit = min(self.deadline, time.monotonic() + self.adopt_timeout_s)
        if not await self._ready(server, limit):
            logger.info("ending PostgreSQL {}: it does not answer", server.pid)
            await server.stop("immediate")
            return False
        ended = await _end_sessions(server)
        logger.info("took over PostgreSQL {}; ended {} old sessions", server.pid, ended)
        return True

    def _same_command(self, server: EmbeddedPostgres) -> bool:
        try:
            return server.process.cmdline() == self.command
        except psutil.NoSuchProcess:  # it has just ended, or is not reaped yet
            return False

    async def _spawn(self) -> EmbeddedPostgres:
        await end_backends(self.data_dir)
        remove_stale_locks(self.data_dir, self.sockets / SOCKET_NAME)
        started = self._popen()  # not in a thread: a cancel there would lose the new process
        return self._handle(psutil.Process(started.pid), adopted=False, started=started)

    def _popen(self) -> subprocess.Popen[bytes]:
        log = open_log(self.log_path)
        try:
            return subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                env=CLEAN_ENVIRONMENT,
                umask=0o077,
                user=self.account.uid if self.account else None,
                group=self.account.gid if self.account else None,
                extra_groups=[] if self.account else None,
            )
        finally:
            os.close(log)

    def _handle(
        self,
        process: psutil.Process,
        *,
        adopted: bool,
        started: subprocess.Popen[bytes] | None = None,
    ) -> EmbeddedPostgres:
        return EmbeddedPostgres(
            self.data_dir, self.sockets, self.log_path, adopted, process, started
        )

    async def _ready(self, server: EmbeddedPostgres, deadline: float) -> bool:
        """Wait until the server takes connections; False: it ended, or the time is up."""
        while server.is_running():
            said = status(self.data_dir)
            if said == "ready" and await _answers(server, deadline):
                return True
            # Recovery after a crash takes as long as it takes, up to the deadline of the start.
            if time.monotonic() > (self.deadline if said == "starting" else deadline):
                return False
            await asyncio.sleep(_POLL_S)
        return False

    async def _clear_failure(self, server: EmbeddedPostgres) -> None:
        """End a server that did not come up; return if another attempt may help, else raise."""
        said = log_tail(self.log_path)
        own = [line for line in said.splitlines() if f"[{server.pid}]" in line]
        ended_itself = not server.is_running()
        await server.stop("immediate")
        passing = ended_itself and any(text in line for text in _PASSING for line in own)
        if passing and time.monotonic() < self.deadline:
            await asyncio.sleep(_POLL_S * 10)
            return
        raise DatabaseUnavailable(
            f"PostgreSQL did not start on {self.data_dir}. The end of {self.log_path}:\n{said}"
        )


async def _answers(server: EmbeddedPostgres, deadline: float) -> bool:
    patience = min(5.0, max(0.1, deadline - time.monotonic()))
    try:
        connection = await asyncpg.connect(server.admin_dsn, timeout=patience)
    except (asyncpg.PostgresError, OSError, TimeoutError) as exc:
        logger.debug("PostgreSQL {} does not take connections yet: {}", server.pid, exc)
        return False
    await connection.close()
    return True


async def _end_sessions(server: EmbeddedPostgres) -> int:
    """End what the dead instance left open; its transactions are rolled back. Return how many."""
    connection = await asyncpg.connect(server.admin_dsn, timeout=5)
    try:
        ended = await connection.fetch(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()
    return len(ended)
