"""What runs on a PostgreSQL data folder: found by proof, never by a pid file's word alone.

A pid file outlives a killed server, and its number may belong to any process by now. A process is
the server of a data folder when its program is ``postgres``, its command line names that folder
with ``-D``, and it is not the child of another such process. Its backends are ``postgres``
processes whose working folder is the data folder. The start time in ``postmaster.pid`` is no part
of the proof: it is wall-clock time, which steps, and the three facts leave nothing to add.
"""

import itertools
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from loguru import logger

PID_FILE = "postmaster.pid"
_STATUS_LINE = 7  # of postmaster.pid, counted from 0: starting, ready, stopping, standby


@dataclass(frozen=True)
class Running:
    """Name the processes on one data folder."""

    postmaster: psutil.Process | None = None
    backends: list[psutil.Process] = field(default_factory=list)


def is_alive(process: psutil.Process) -> bool:
    """Return whether a process still runs; one that is dead but not yet reaped does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def find_running(data_dir: Path) -> Running:
    """Return the proven server of a data folder and its backends, orphaned ones too."""
    masters: dict[int, psutil.Process] = {}
    backends: list[psutil.Process] = []
    for process in _postgres_processes():
        try:
            if _names_folder(process.cmdline(), data_dir):
                masters[process.pid] = process
            elif os.path.samefile(process.cwd(), data_dir):
                backends.append(process)
        except (psutil.Error, OSError):  # it ended meanwhile, or is not ours to look at
            continue
    heads = [process for process in masters.values() if _parent_pid(process) not in masters]
    # A backend just forked still shows its parent's command line.
    backends += [process for process in masters.values() if process not in heads]
    return Running(heads[0] if heads else None, backends)


def status(data_dir: Path) -> str:
    """Return what the server last wrote of itself: starting, ready, stopping; empty: nothing."""
    try:
        lines = (data_dir / PID_FILE).read_text().splitlines()
    except OSError:
        return ""
    return lines[_STATUS_LINE].strip() if len(lines) > _STATUS_LINE else "starting"


def remove_stale_locks(data_dir: Path, socket: Path) -> None:
    """Remove the lock files of a dead server, once nothing runs on its data folder.

    PostgreSQL refuses to start while the number in a left-over lock file is that of any living
    process of the same user, and can't tell whose it is. The caller has looked.
    """
    (data_dir / PID_FILE).unlink(missing_ok=True)
    socket.unlink(missing_ok=True)
    socket.with_name(f"{socket.name}.lock").unlink(missing_ok=True)


def send(process: psutil.Process, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended meanwhile."""
    try:
        process.send_signal(number)
        logger.debug("sent {} to PostgreSQL process {}", number.name, process.pid)
    except psutil.NoSuchProcess:
        return


def _postgres_processes() -> Iterator[psutil.Process]:
    for process in psutil.process_iter(["name"]):
        if process.info["name"] != "postgres":
            continue
        try:
            # A new environment may have replaced the file of a server that still runs.
            program = Path(process.exe().removesuffix(" (deleted)")).name
        except psutil.Error:
            continue
        if program == "postgres":
            yield process


def _names_folder(command: list[str], data_dir: Path) -> bool:
    named = [value for word, value in itertools.pairwise(command) if word == "-D"]
    return any(os.path.exists(path) and os.path.samefile(path, data_dir) for path in named)


def _parent_pid(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return None
