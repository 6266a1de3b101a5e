"""One instance per home: a lock that ends with its holder, and a file that says who holds it."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import psutil
from loguru import logger

from sutazai_contracts.errors import Conflict, Unavailable

LOCK_FILE = "instance.lock"

_POLL_S = 0.05
# How long to bear a lock held by somebody the file does not name: a reader, or a new holder.
_UNNAMED_S = 2.0
_RECORD_BYTES = 512

State = Literal["running", "stopping", "stopped"]


class InstanceRunning(Conflict):
    """Another instance holds this home."""

    code = "instance_running"

    def __init__(self, message: str, *, pid: int | None) -> None:
        """Take what happened, in words for a person, and the holder's process id if known."""
        super().__init__(message)
        self.pid = pid


@dataclass(frozen=True)
class InstanceStatus:
    """Say whether a home has an instance, and which; ``started_at`` is ISO 8601, UTC."""

    state: State
    pid: int | None = None
    started_at: str | None = None
    api_url: str | None = None


class Instance:
    """Hold the home; what it says of itself is in the lock file."""

    def __init__(self, home: Path, descriptor: int, api_url: str | None) -> None:
        """Take the locked file's descriptor and say: running."""
        self.home = home
        self._descriptor = descriptor
        self._api_url = api_url
        self._state: State = "running"
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")
        self._write()

    def announce(self, api_url: str) -> None:
        """Say where the API answers."""
        self._api_url = api_url
        self._write()

    def stopping(self) -> None:
        """Say that this instance is shutting down, so that the next one waits for its end."""
        self._state = "stopping"
        self._write()

    def _write(self) -> None:
        record = {
            "pid": os.getpid(),
            "started_at": self._started_at,
            "state": self._state,
            "api_url": self._api_url,
        }
        # One write of one length: a reader sees the old record or the new one.
        body = json.dumps(record).encode().ljust(_RECORD_BYTES - 1) + b"\n"
        os.pwrite(self._descriptor, body, 0)


@contextmanager
def hold_instance(
    home: Path, *, api_url: str | None = None, wait_s: float = 30.0
) -> Iterator[Instance]:
    """Hold the home for the time of the context; call it before the event loop starts.

    The kernel drops the lock when its holder ends, however it ends, so a killed instance leaves
    nothing to clear. Programs started meanwhile don't inherit it.

    Args:
        home: the installation's folder; made with mode 0700 when it is not there.
        api_url: where the API will answer, for those who read the lock file.
        wait_s: seconds to wait for an instance that is shutting down.

    Raises InstanceRunning at once when a live instance holds the home, or when one that shuts down
    has not ended in time; Unavailable when the home can't be written.
    """
    descriptor = _open(home)
    try:
        _take(home, descriptor, wait_s)
        yield Instance(home, descriptor, api_url)
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def read_instance(home: Path) -> InstanceStatus:
    """Return who holds the home; needs no running instance and does not disturb one."""
    try:
        descriptor = os.open(home / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return InstanceStatus("stopped")
    try:
        if _try_lock(descriptor, fcntl.LOCK_SH):
            return InstanceStatus("stopped")
        return _read(descriptor) or InstanceStatus("running")
    finally:
        os.close(descriptor)


def _open(home: Path) -> int:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise Unavailable(f"{home} can't be used as a home: {exc.strerror}.") from exc


def _take(home: Path, descriptor: int, wait_s: float) -> None:
    begun = time.monotonic()
    said = False
    while not _try_lock(descriptor, fcntl.LOCK_EX):
        holder = _read(descriptor)
        waited = time.monotonic() - begun
        if holder and holder.state == "stopping":
            if waited > wait_s:
                raise _error(home, holder.pid, f"is still shutting down after {wait_s:.0f} s")
            if not said:
                said = True
                logger.info("waiting for process {} to shut down", holder.pid)
        elif holder and _is_other_process(holder.pid):
            raise _error(home, holder.pid, "is running")
        elif waited > _UNNAMED_S:
            raise _error(home, holder.pid if holder else None, "is running")
        time.sleep(_POLL_S)


def _error(home: Path, pid: int | None, what: str) -> InstanceRunning:
    who = f"process {pid}" if pid else "a process that is not visible from here"
    ending = f"Stop it (Ctrl-C where it runs, or `kill {pid}`)" if pid else "Stop it"
    return InstanceRunning(
        f"SutazAI {what} on {home} already: {who}. {ending}, or use another home with --home.",
        pid=pid,
    )


def _is_other_process(pid: int | None) -> bool:
    """Return whether the record names a living process; our own number is a dead one's, reused."""
    return pid is not None and pid != os.getpid() and psutil.pid_exists(pid)


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(descriptor: int) -> InstanceStatus | None:
    """Return what the holder says of itself; None before it has said anything."""
    try:
        record = json.loads(os.pread(descriptor, _RECORD_BYTES, 0))
        return InstanceStatus(
            record["state"], record["pid"], record["started_at"], record["api_url"]
        )
    except (ValueError, KeyError, TypeError):
        return None
