"""Programs that tests start as processes of their own and talk to over pipes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


@contextmanager
def program(path: Path, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run a Python program in a session of its own; kill its group at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, str(path), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    try:
        yield process
    finally:
        kill_group(process)
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with suppress(BrokenPipeError):
                    pipe.close()


def kill_group(process: subprocess.Popen[str]) -> None:
    """kill -9 the program and all in its process group, and wait for its end."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def say(process: subprocess.Popen[str], line: str) -> None:
    """Write a line to the program."""
    assert process.stdin
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> str:
    """Return the program's next line."""
    assert process.stdout
    line = process.stdout.readline().strip()
    assert line, f"the program ended with {process.poll()}"
    return line


def eventually(condition: Callable[[], object], what: str, timeout_s: float = 20.0) -> None:
    """Wait for a condition; fail, naming it, when it does not come true in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not in {timeout_s} s: {what}"
        time.sleep(0.01)
