"""Processes of a peer: started with an environment, asked line by line, counted, ended."""

import json
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent
END_S = 20.0


class Child:
    """One process and those it starts.

    One that is `asked` takes lines of JSON on its standard input and answers by a line each.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        name: str,
        *,
        asked: bool = False,
    ) -> None:
        """Start it; what it says that is no answer goes to a file of the folder `log`."""
        self.name, self.log = name, log / f"{name}.log"
        with self.log.open("wb") as errors:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
                stdin=subprocess.PIPE if asked else subprocess.DEVNULL,
                stdout=subprocess.PIPE if asked else errors,
                stderr=errors,
                text=True,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Give its process id."""
        return self.process.pid

    def hear(self) -> Any:
        """Wait for the next line it says."""
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            raise SystemExit(f"{self.name} ended with {self.process.wait(END_S)}:\n{self.said()}")
        return json.loads(line)

    def ask(self, **words: Any) -> Any:
        """Ask for something and wait for the answer."""
        if self.process.stdin is None:
            raise RuntimeError("it has no standard input")
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        return self.hear()

    def said(self) -> str:
        """Give the end of its log."""
        return self.log.read_text("utf-8", "replace")[-4000:]

    def end(self) -> None:
        """Ask it to end; kill what does not."""
        self.process.terminate()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def cpu_s(pids: Iterable[int]) -> float:
    """Give the CPU seconds of processes and of all below them, those that ended included."""
    total = 0.0
    for pid in pids:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
    return total
