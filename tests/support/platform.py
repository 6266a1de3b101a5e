"""The whole platform for tests: a real `sutazai run` on a home of its own, killed, started again.

    def test_it(models_dir: Path) -> None:
        with live_platform(models_dir) as platform:  # a fresh home, nothing runs yet
            platform.start()                         # returns once /health/ready answers 200
            with platform.client() as client:        # httpx2, base URL and API key set
                client.get("/api/v1/agents")
            platform.kill()                          # SIGKILL to its group; PostgreSQL survives
            platform.start()                         # the same home, the same port
            platform.stop()                          # SIGTERM, and everything has to be gone

What still runs at the end of the block is killed, and the platform's log stands in the report of a
test that fails. `environment` is passed on to the process; set it before `start`. `program` may
name another program than the installed one, which takes the same arguments.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg

from sutazai.bootstrap.processes.instance import read_instance
from tests.support.postgres import private_folder
from tests.support.programs import eventually

READY_S = 60.0
# After SIGTERM everything is gone within 20 s.
GONE_S = 20.0
_LOG_END = 60_000


@dataclass
class LivePlatform:
    """One home and the process that serves it, if any."""

    root: Path
    models: Path
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    program: list[str] = field(
        default_factory=lambda: [str(Path(sys.executable).with_name("sutazai"))]
    )

    @property
    def home(self) -> Path:
        """Give the home folder."""
        return self.root / "home"

    @property
    def log_path(self) -> Path:
        """Give the file with the output of every start."""
        return self.root / "platform.log"

    @property
    def url(self) -> str:
        """Give the API's address, the same after each start."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def credentials(self) -> dict[str, Any]:
        """Read what first start wrote down."""
        found: dict[str, Any] = json.loads((self.home / "credentials.json").read_text())
        return found

    @property
    def variables(self) -> dict[str, str]:
        """Give the whole environment of a command on this home."""
        return {
            **{name: value for name, value in os.environ.items() if not _ours(name)},
            "SUTAZAI_API_PORT": str(self.port),
            "SUTAZAI_MODELS_DIR": str(self.models),
            # An Ollama of this machine is no part of a test that does not ask for one.
            "SUTAZAI_MODELS_RUNTIME": "none",
            # A test of the dashboard asks for it, on a port of its own.
            "SUTAZAI_DASHBOARD": "false",
            **self.environment,
        }

    def command(self, *arguments: str) -> list[str]:
        """Give a command line of the program on this home."""
        return [*self.program, "--home", str(self.home), *arguments]

    def launch(self) -> None:
        """Start the platform in a session, and so a process group, of its own; returns at once."""
        assert self.process is None, "it was started already"
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                self.command("run"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.root,
                env=self.variables,
                start_new_session=True,
            )

    def wait_ready(self, timeout_s: float = READY_S) -> None:
        """Wait until the platform says that it can work; fail at once when it has ended."""
        eventually(self._is_ready, "the platform is ready", timeout_s)

    def start(self, timeout_s: float = READY_S) -> None:
        """Start the platform and wait until it is ready."""
        self.launch()
        self.wait_ready(timeout_s)

    def client(self, timeout_s: float = 30.0) -> httpx2.Client:
        """Open a client with the address and the API key; the caller closes it."""
        return httpx2.Client(
            base_url=self.url, headers=self.headers, timeout=timeout_s, verify=False
        )

    def async_client(self, timeout_s: float = 30.0) -> httpx2.AsyncClient:
        """Open an asynchronous client with the address and the API key; the caller closes it."""
        return httpx2.AsyncClient(
            base_url=self.url, headers=self.headers, timeout=timeout_s, verify=False
        )

    @property
    def headers(self) -> dict[str, str]:
        """Give the header that lets in."""
        return {"Authorization": f"Bearer {self.credentials['api_key']}"}

    def kill(self) -> float:
        """SIGKILL the whole process group; gives the wall-clock time by which it was sent."""
        assert self.process is not None
        with suppress(ProcessLookupError):  # it ended by itself
            os.killpg(self.process.pid, signal.SIGKILL)
        sent_at = time.time()
        self.process.wait(10)
        self.process = None
        return sent_at

    def terminate(self) -> float:
        """SIGTERM the platform's process alone; gives the wall-clock time by which it was sent."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return time.time()

    def wait_gone(self, timeout_s: float = GONE_S) -> int:
        """Wait until nothing of the platform runs; gives the exit status of its process."""
        assert self.process is not None
        begun = time.monotonic()
        status = self.process.wait(timeout_s)
        self.process = None
        left = timeout_s - (time.monotonic() - begun)
        eventually(lambda: not self.processes(), "every process of the platform is gone", left)
        return status

    def stop(self, timeout_s: float = GONE_S) -> int:
        """SIGTERM, and wait until nothing of the platform runs; gives the exit status."""
        self.terminate()
        return self.wait_gone(timeout_s)

    def restart(self, timeout_s: float = READY_S) -> int:
        """SIGTERM, and start again while it stops; gives the exit status of the one that stopped.

        The old process is held up until the new one says that it waits for it.
        """
        old = self.process
        assert old is not None
        self.terminate()
        eventually(lambda: read_instance(self.home).state == "stopping", "it says that it stops")
        old.send_signal(signal.SIGSTOP)
        self.process = None
        try:
            self.launch()
            eventually(lambda: f"waiting for process {old.pid}" in self.log(), "the new one waits")
        finally:
            old.send_signal(signal.SIGCONT)
        status = old.wait(GONE_S)
        self.wait_ready(timeout_s)
        return status

    def processes(self) -> list[psutil.Process]:
        """List what runs for this home: what names it, works in it, or descends from such."""
        found: dict[int, psutil.Process] = {}
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.status() != psutil.STATUS_ZOMBIE and self._is_of_home(process):
                    for one in (process, *process.children(recursive=True)):
                        found[one.pid] = one
        return list(found.values())

    def postgres(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """Connect to the records as the superuser, who sees every tenant's rows."""
        connection = psycopg.connect(
            host=str(self.home / "run" / "postgres"),
            dbname="postgres",
            user="postgres",
            autocommit=True,
        )
        connection.execute("SET search_path = sutazai")
        return connection

    def log(self) -> str:
        """Give the end of the platform's output."""
        if not self.log_path.exists():
            return ""
        return self.log_path.read_bytes()[-_LOG_END:].decode(errors="replace")

    def end(self) -> None:
        """Kill what still runs of this home, whoever started it."""
        if self.process is not None:
            self.kill()
        while left := self.processes():
            for process in left:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(left, timeout=5)

    def _is_ready(self) -> bool:
        assert self.process is not None
        status = self.process.poll()
        assert status is None, f"the platform ended with {status}:\n{self.log()}"
        try:
            return httpx2.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except httpx2.TransportError:
            return False

    def _is_of_home(self, process: psutil.Process) -> bool:
        """Tell whether a process names a path of the home, or has its working folder in it."""
        home = str(self.home)
        named = any(word == home or f"{home}/" in word for word in process.cmdline())
        cwd = process.cwd()
        # A command that a test started on this home is the test's own.
        return (named or cwd == home or cwd.startswith(f"{home}/")) and process.pid != os.getpid()


@contextmanager
def live_platform(models: Path, **environment: str) -> Iterator[LivePlatform]:
    """Give a platform on a fresh home; kill what still runs of it at the end.

    Args:
        models: the folder of prepared models.
        environment: more variables of its process.
    """
    with private_folder() as root:
        platform = LivePlatform(root, models, free_port(), dict(environment))
        try:
            yield platform
        finally:
            platform.end()
            # Pytest shows it with a test that fails, and drops it with one that passes.
            print(f"--- {platform.log_path} ---\n{platform.log()}")


def free_port() -> int:
    """Find a port nobody listens on, outside the range that outgoing connections are given."""
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port was found")


def _ours(name: str) -> bool:
    """Tell whether a variable would set the platform up otherwise than by default."""
    return name.startswith("SUTAZAI_") and not name.startswith("SUTAZAI_TEST_")
