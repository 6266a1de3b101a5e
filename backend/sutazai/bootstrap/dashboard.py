"""The dashboard of the embedded profile: Streamlit as a child process, beside the API."""

import asyncio
import socket
import sys
from contextlib import aclosing, suppress
from functools import partial

from loguru import logger

from sutazai.bootstrap.processes.child import Child, ChildState, Supervised
from sutazai.settings import Settings
from sutazai_contracts.errors import Unavailable
from sutazai_kit.http_client import HttpClient, HttpError

# As the API it is for this machine alone.
ADDRESS = "127.0.0.1"
# Nothing of core's environment, which may hold keys, is the dashboard's.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
# Pause between two tries to start one that did not come up, such as on a port that is taken.
RETRY_S = 15.0
STOP_S = 3.0


class Dashboard:
    """The dashboard's process: kept running, while less would work without it."""

    def __init__(self, settings: Settings, api_url: str) -> None:
        """Take where things lie and where the API answers; nothing starts yet.

        Raises:
            Unavailable: no port is free.
        """
        self.port = settings.dashboard.dashboard_port or _free_port()
        self._settings, self._api_url = settings, api_url
        self._process: Supervised | None = None
        self.trouble = "it is starting"

    @property
    def url(self) -> str:
        """Give the address for a browser."""
        return f"http://{ADDRESS}:{self.port}/"

    async def check(self) -> None:
        """Raise `Unavailable` where the dashboard does not answer now."""
        process = self._process
        if process is None:
            raise Unavailable(f"the dashboard does not run: {self.trouble}")
        if process.state is not ChildState.RUNNING or not await _answers(self.port):
            raise Unavailable(f"the dashboard is {process.state} and does not answer")

    async def keep(self) -> None:
        """Run it until cancelled; one that can't be started is tried again and again."""
        while True:
            try:
                await asyncio.to_thread(_check_free, self.port)
                async with Supervised(self._child()) as process:
                    self._process = process
                    logger.info("The dashboard is at {}", self.url)
                    await asyncio.Event().wait()
            except Unavailable as exc:
                self.trouble = exc.message
                logger.error("The dashboard does not start: {}", exc.message)
            finally:
                self._process = None
            await asyncio.sleep(RETRY_S)

    def _child(self) -> Child:
        home, login = self._settings.home, self._settings.login
        own = home / "run" / "dashboard"
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        api_port = self._api_url.rpartition(":")[2]
        command = [
            *(sys.executable, "-m", "sutazai_ui"),
            *("--address", ADDRESS, "--port", str(self.port)),
            *("--upload-limit-mb", str(self._settings.api.upload_limit_mb)),
            *("--api-url", reachable(self._api_url)),
            *("--login-url", f"http://{login.canonical_host}:{api_port}/login"),
        ]
        return Child(
            name="dashboard",
            command=command,
            pid_path=home / "run" / "dashboard.pid",
            ready=partial(_answers, self.port),
            log_path=home / "logs" / "dashboard.log",
            # Streamlit reads and writes in the folder `.streamlit` of its home.
            environment=ENVIRONMENT | {"HOME": str(own)},
            stop_timeout_s=STOP_S,
        )


def reachable(url: str) -> str:
    """Give the address by which a program of this machine reaches a server that listens there."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    everywhere = {"0.0.0.0": ADDRESS, "::": "[::1]"}  # noqa: S104
    shown = f"[{host}]" if ":" in host else host
    return f"http://{everywhere.get(host, shown)}:{port}"


async def _answers(port: int) -> bool:
    async with aclosing(HttpClient(f"http://{ADDRESS}:{port}", silence_s=1.0)) as client:
        with suppress(HttpError):
            return (await client.request("GET", "/_stcore/health")).status == 200
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        _bind(probe, 0)
        port: int = probe.getsockname()[1]
        return port


def _check_free(port: int) -> None:
    """Raise `Unavailable` where another program listens: its answers are not the dashboard's."""
    with socket.socket() as probe:
        _bind(probe, port)


def _bind(probe: socket.socket, port: int) -> None:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((ADDRESS, port))
    except OSError as exc:
        raise Unavailable(
            f"port {port} of {ADDRESS} can't be had ({exc.strerror}); another program may use it, "
            "or set SUTAZAI_DASHBOARD_PORT"
        ) from exc
