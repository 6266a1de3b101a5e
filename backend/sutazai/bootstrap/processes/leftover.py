"""Children that a killed instance left: remembered by pid file, ended only when proven ours."""

import asyncio
import contextlib
import json
import os
import time
from pathlib import Path

import psutil
from loguru import logger

from sutazai.bootstrap.processes.postmaster import is_alive

_POLL_S = 0.02
_ASK_S = 3.0
_KILL_S = 2.0
_EXEC_S = 1.0
# The kernel counts start times in hundredths of a second.
_START_TIME_SLACK_S = 1.0


def remember(pid_path: Path, pid: int) -> None:
    """Write down a child: its pid, and what will prove that the pid is still its own."""
    try:
        process = psutil.Process(pid)
        record = {"pid": pid, "created": process.create_time(), "command": _command_of(process)}
    except psutil.NoSuchProcess:
        return
    pid_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = pid_path.with_name(f"{pid_path.name}.new")
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(record, file)
    written.replace(pid_path)


def _command_of(process: psutil.Process) -> list[str]:
    """Read a command line, which is empty for a moment while the kernel puts the program in."""
    deadline = time.monotonic() + _EXEC_S
    while not (command := process.cmdline()) and time.monotonic() < deadline:
        time.sleep(0.001)
    return command


def forget(pid_path: Path) -> None:
    """Remove the pid file of a child that has ended."""
    pid_path.unlink(missing_ok=True)


async def end_leftover(pid_path: Path) -> bool:
    """End the child that the pid file names, if it still runs; return whether one was ended.

    Proven by pid, start time and command line together. A process that merely has the number by
    now is left alone.
    """
    process = _proven(pid_path)
    if process is not None:
        logger.info("ending process {}, which a killed instance left", process.pid)
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
            if not await _gone(process, _ASK_S):
                process.kill()
                await _gone(process, _KILL_S)
    forget(pid_path)
    return process is not None


def _proven(pid_path: Path) -> psutil.Process | None:
    try:
        record = json.loads(pid_path.read_text())
        process = psutil.Process(record["pid"])
        slack = abs(process.create_time() - record["created"])
        same = slack <= _START_TIME_SLACK_S and process.cmdline() == record["command"]
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return process if same and is_alive(process) else None


async def _gone(process: psutil.Process, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while is_alive(process):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_POLL_S)
    return True
