"""Child processes of the core: started, watched, restarted, ended.

A child runs in a session of its own, so Ctrl-C reaches the core alone. It is started with
``--parent-fd N``, the reading end of a pipe whose other end only the core holds: it reads there,
and exits at the end of the file, which comes when the core is gone, even by kill -9. A child that
does not keep that rule is found by its pid file at the next start, and ended there.
"""

import asyncio
import contextlib
import os
import signal
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from loguru import logger

from sutazai.bootstrap.processes.leftover import end_leftover, forget, remember
from sutazai.bootstrap.processes.logs import bound_log, log_tail, open_log
from sutazai_contracts.errors import Unavailable

_READY_POLL_S = 0.02
_BOUND_LOG_S = 60.0


class ChildState(StrEnum):
    """Name what a supervised child does now."""

    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    FAILED = "failed"  # it keeps dying; it is still tried, at the longest interval
    STOPPED = "stopped"


@dataclass(frozen=True)
class Restarts:
    """Say how a child that died comes back.

    ``first_s`` doubles with each death up to ``longest_s``; after ``tries`` deaths in a row the
    child counts as failed; one that ran for ``stable_s`` begins anew. All in seconds.
    """

    first_s: float = 0.2
    longest_s: float = 15.0
    tries: int = 5
    stable_s: float = 30.0

    def delay_s(self, deaths: int) -> float:
        """Return how long to wait after so many deaths in a row."""
        return float(min(self.longest_s, self.first_s * 2 ** (deaths - 1)))


@dataclass(frozen=True)
class Child:
    """Describe a child process.

    Args:
        name: what a person calls it.
        command: program and arguments; ``--parent-fd N`` is added at the end.
        pid_path: where its pid file goes.
        ready: answers whether the child serves; asked again and again until it does.
        log_path: where its output goes; None: where the core's goes.
        environment: its whole environment; None: the core's.
        ready_timeout_s: seconds it may take until it serves.
        stop_timeout_s: seconds between asking it to end and killing it.
        restarts: how it comes back when it dies.
    """

    name: str
    command: Sequence[str]
    pid_path: Path
    ready: Callable[[], Awaitable[bool]]
    log_path: Path | None = None
    environment: Mapping[str, str] | None = None
    ready_timeout_s: float = 60.0
    stop_timeout_s: float = 5.0
    restarts: Restarts = Restarts()


class Supervised:
    """Keep one child running for the time of the context.

    Entering ends what a killed instance left, starts the child and returns once it is ready; it
    raises Unavailable, with the end of the child's log, when it does not get there. ``state``,
    ``restart_count`` and ``pid`` say how it is.
    """

    def __init__(self, child: Child) -> None:
        """Take what to run; nothing starts yet."""
        self.child = child
        self.restart_count = 0
        self._state = ChildState.STOPPED
        self._changed = asyncio.Event()
        self._process: Process | None = None
        self._lifeline: int | None = None  # the writing end of the pipe
        self._watcher: asyncio.Task[None] | None = None

    @property
    def state(self) -> ChildState:
        """Return what the child does now."""
        return self._state

    @property
    def pid(self) -> int | None:
        """Return the child's process id; None while it has no process."""
        return self._process.pid if self._process else None

    async def wait_for(self, state: ChildState) -> None:
        """Return once the child is in this state."""
        while self._state is not state:
            await self._changed.wait()

    async def __aenter__(self) -> Self:
        """Start the child and wait until it is ready."""
        await end_leftover(self.child.pid_path)
        self._become(ChildState.STARTING)
        try:
            await self._start()
        except BaseException:
            await self._end()
            self._become(ChildState.STOPPED)
            raise
        self._become(ChildState.RUNNING)
        self._watcher = asyncio.create_task(self._watch(), name=f"watch {self.child.name}")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the child."""
        if self._watcher:
            self._watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watcher
        await self._end()
        self._become(ChildState.STOPPED)

    def _become(self, state: ChildState) -> None:
        self._state = state
        self._changed.set()
        self._changed = asyncio.Event()

    async def _watch(self) -> None:
        """Bring the child back each time it dies."""
        deaths = 0
        while True:
            begun = time.monotonic()
            code = await self._ended()
            deaths = 1 if time.monotonic() - begun > self.child.restarts.stable_s else deaths + 1
            logger.warning("{} ended with {}; starting it again", self.child.name, code)
            deaths = await self._restart(deaths)

    async def _restart(self, deaths: int) -> int:
        """Start the child until it is ready; return how often it died in a row by then."""
        rule = self.child.restarts
        while True:
            late = deaths >= rule.tries
            self._become(ChildState.FAILED if late else ChildState.RESTARTING)
            await self._end()
            await asyncio.sleep(rule.delay_s(deaths))
            self.restart_count += 1
            try:
                await self._start()
            except Unavailable as exc:
                deaths += 1
                logger.warning("{}", exc)
            else:
                self._become(ChildState.RUNNING)
                return deaths

    async def _start(self) -> None:
        log: int | None = None
        reading, self._lifeline = os.pipe()
        try:
            log = open_log(self.child.log_path) if self.child.log_path else None
            self._process = await asyncio.create_subprocess_exec(
                *self.child.command,
                "--parent-fd",
                str(reading),
                pass_fds=(reading,),
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=self.child.environment,
            )
            remember(self.child.pid_path, self._process.pid)
        except OSError as exc:
            raise Unavailable(f"{self.child.name} can't be started: {exc}.") from exc
        finally:
            os.close(reading)
            if log is not None:
                os.close(log)
        await self._become_ready(self._process)

    async def _become_ready(self, process: Process) -> None:
        try:
            async with asyncio.timeout(self.child.ready_timeout_s):
                while process.returncode is None:
                    if await self.child.ready():
                        return
                    await asyncio.sleep(_READY_POLL_S)
        except TimeoutError as exc:
            waited = f"was not ready within {self.child.ready_timeout_s:.0f} s"
            raise self._unavailable(waited) from exc
        raise self._unavailable(f"ended with {process.returncode} before it was ready")

    def _unavailable(self, what: str) -> Unavailable:
        path = self.child.log_path
        said = f" The end of {path}:\n{log_tail(path)}" if path else ""
        return Unavailable(f"{self.child.name} {what}.{said}")

    async def _ended(self) -> int | None:
        """Wait for the child's end and return its exit status; keep its log bounded meanwhile."""
        process = self._process
        while process is not None and process.returncode is None:
            try:
                async with asyncio.timeout(_BOUND_LOG_S):
                    await process.wait()
            except TimeoutError:
                if self.child.log_path:
                    await asyncio.to_thread(bound_log, self.child.log_path)
        return process.returncode if process else None

    async def _end(self) -> None:
        """End the child and what it started, unless it has ended; leave no trace of it."""
        process, self._process = self._process, None
        if process and process.returncode is None:
            _signal_group(process.pid, signal.SIGTERM)
            try:
                async with asyncio.timeout(self.child.stop_timeout_s):
                    await process.wait()
            except TimeoutError:
                logger.warning("{} did not end when asked; killing it", self.child.name)
                _signal_group(process.pid, signal.SIGKILL)
                await process.wait()
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None
        forget(self.child.pid_path)


def _signal_group(pid: int, number: signal.Signals) -> None:
    """Signal a child that leads a group of its own, and the processes it started with it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
