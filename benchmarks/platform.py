"""A real `sutazai run` under measurement: started, asked, stopped."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

READY_S = 60.0


@dataclass
class Running:
    """A running platform; `ready_s` is the time from the start of its process to ready."""

    process: subprocess.Popen[bytes]
    home: Path
    ready_s: float
    client: httpx2.Client

    def processes(self) -> list[psutil.Process]:
        """List every process of the installation, PostgreSQL's too."""
        own = psutil.Process(self.process.pid)
        found = [own, *own.children(recursive=True)]
        postmaster = int((self.home / "postgres" / "postmaster.pid").read_text().split()[0])
        server = psutil.Process(postmaster)
        known = {process.pid for process in found}
        found += [p for p in (server, *server.children(recursive=True)) if p.pid not in known]
        return found

    def pss_mb(self) -> dict[str, float]:
        """Give the proportional set size of each part, in MB (10^6 bytes)."""
        sizes = dict.fromkeys(("core", "embedder", "dashboard", "postgres"), 0.0)
        for process in self.processes():
            sizes[self._part(process)] += process.memory_full_info().pss / 1e6
        return sizes

    def wait_whole(self) -> None:
        """Wait until parts that start after ready, such as the dashboard, are well too."""
        deadline = time.perf_counter() + READY_S
        while time.perf_counter() < deadline:
            parts = self.client.get("/health/ready").json()["parts"]
            if all(part["ok"] for part in parts):
                return
            time.sleep(0.1)
        raise SystemExit(f"not every part was well in time: {parts}")

    def _part(self, process: psutil.Process) -> str:
        command = " ".join(process.cmdline())
        named = {"sutazai.entrypoints.embedder": "embedder", "sutazai_ui": "dashboard"}
        for module, part in named.items():
            if module in command:
                return part
        return "core" if process.pid == self.process.pid else "postgres"


@contextmanager
def running(home: Path, **settings: str) -> Iterator[Running]:
    """Start a platform on a home, on a free port, with more settings; stop it at the end."""
    environment = os.environ | {
        "SUTAZAI_API_PORT": "0",
        "SUTAZAI_DASHBOARD_PORT": "0",
        "SUTAZAI_LOG_LEVEL": "WARNING",
        # All that is measured asks with one key; it is counted, and never refused.
        "SUTAZAI_API_RATE_PER_S": "100000",
        "SUTAZAI_API_BURST": "100000",
        **settings,
    }
    begun = time.perf_counter()
    command = [sys.executable, "-m", "sutazai.entrypoints.cli", "--home", str(home), "run"]
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        client = _until_ready(home, process, begun)
        yield Running(process, home, time.perf_counter() - begun, client)
        client.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _until_ready(home: Path, process: subprocess.Popen[bytes], begun: float) -> httpx2.Client:
    lock, credentials = home / "instance.lock", home / "credentials.json"
    while time.perf_counter() - begun < READY_S:
        if process.poll() is not None:
            raise SystemExit(f"the platform ended with {process.returncode}")
        try:
            held = json.loads(lock.read_text())
            if held["pid"] == process.pid and credentials.exists():
                url, key = held["api_url"], json.loads(credentials.read_text())["api_key"]
                answer = httpx2.get(f"{url}/health/ready", timeout=2)
                if answer.status_code == 200:
                    headers = {"Authorization": f"Bearer {key}"}
                    return httpx2.Client(base_url=url, headers=headers, timeout=60)
        except (OSError, ValueError, httpx2.TransportError):
            pass
        time.sleep(0.01)
    raise SystemExit("the platform was not ready in time")
