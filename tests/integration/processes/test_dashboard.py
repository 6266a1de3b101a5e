"""The dashboard as a process beside core: kept running, ended with it, missed and not needed."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2
import psutil
import pytest

from sutazai.bootstrap import dashboard as module
from sutazai.bootstrap.dashboard import Dashboard, reachable
from sutazai.settings import ApiSettings, DashboardSettings, LoginSettings, Settings
from sutazai_contracts.errors import Unavailable

API = "http://127.0.0.1:10010"
DEADLINE_S = 45


def made(home: Path, port: int = 0) -> Dashboard:
    api = ApiSettings(upload_limit_mb=7)
    return Dashboard(
        Settings(home=home, api=api, dashboard=DashboardSettings(dashboard_port=port)), API
    )


@asynccontextmanager
async def kept(dashboard: Dashboard) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(dashboard.keep())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until_well(
    dashboard: Dashboard, home: Path, but_not: int | None = None
) -> psutil.Process:
    """Wait until it answers; give its process, another one than `but_not`."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            with suppress(Unavailable):
                await dashboard.check()
                # Not of the children of this process, where other tests have theirs.
                pid = json.loads((home / "run" / "dashboard.pid").read_text())["pid"]
                if pid != but_not:
                    return psutil.Process(pid)
            await asyncio.sleep(0.05)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def assert_browsers_are_told(client: httpx2.AsyncClient) -> None:
    """Look at a page, an address that a page has, a file of the program, and where nothing is."""
    [file, *_] = re.findall(r'src="\./(static/js/[^"]+)"', (await client.get("/")).text)
    for path in ("/", "/runs", f"/{file}", "/_stcore/health", "/_stcore/nothing", "/media/nothing"):
        said = (await client.get(path)).headers
        policy = said["content-security-policy"]
        assert "script-src 'self' 'sha256-" in policy
        assert "unsafe-eval" not in policy
        for part in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
            assert part in policy, path
        assert said["x-content-type-options"] == "nosniff"
        assert said["referrer-policy"] == "same-origin"
    assert await socket_answers(client, str(client.base_url)) == 101
    for stranger in ("https://evil.example", "http://127.0.0.1.evil.example:10011", "null"):
        assert await socket_answers(client, stranger) == 403
    for path in ("/_stcore/metrics", "/_stcore/agent/openapi.json"):
        shut = await client.get(path)
        assert (shut.status_code, shut.headers["cache-control"]) == (404, "no-store")


async def socket_answers(client: httpx2.AsyncClient, origin: str) -> int:
    """Ask for a page's websocket as a browser does that shows a page of an origin."""
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    place = f"{client.base_url.host}:{client.base_url.port}"
    asked = (
        f"GET /_stcore/stream HTTP/1.1\r\nHost: {place}\r\nOrigin: {origin.rstrip('/')}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Protocol: streamlit\r\n\r\n"
    )
    writer.write(asked.encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status


async def test_it_is_kept_running_and_ends_with_core(tmp_path: Path) -> None:
    dashboard = made(tmp_path)
    with pytest.raises(Unavailable, match="starting"):
        await dashboard.check()
    async with kept(dashboard):
        first = await until_well(dashboard, tmp_path)
        await until(lambda: {c.laddr.ip for c in first.net_connections("tcp")} == {"127.0.0.1"})
        # Keys of core's environment are not passed on.
        assert set(first.environ()) == {"PATH", "LANG", "PYTHONUNBUFFERED", "HOME"}
        async with httpx2.AsyncClient(base_url=dashboard.url, trust_env=False) as client:
            page = await client.get("/")
            assert "Streamlit" in page.text
            await assert_browsers_are_told(client)
        first.kill()
        second = await until_well(dashboard, tmp_path, but_not=first.pid)
    assert not second.is_running()
    assert not (tmp_path / "run" / "dashboard" / ".streamlit").exists()
    assert not (tmp_path / "run" / "dashboard.pid").exists()


async def test_a_port_that_is_taken_is_said_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as other:
        dashboard = made(tmp_path, other.getsockname()[1])
        async with kept(dashboard):
            await until(lambda: "SUTAZAI_DASHBOARD_PORT" in dashboard.trouble)
            with pytest.raises(Unavailable, match="can't be had"):
                await dashboard.check()
            other.close()
            await until_well(dashboard, tmp_path)


def test_a_login_leads_to_the_dashboard_that_is_there() -> None:
    own = "http://127.0.0.1:4243/"
    assert LoginSettings().dashboards_with(own) == (own,)
    named = LoginSettings(dashboard_url="https://ai.example.org/")
    assert named.dashboards_with(own) == ("https://ai.example.org/", own)


@pytest.mark.parametrize(
    ("url", "reached"),
    [
        ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        ("http://0.0.0.0:1", "http://127.0.0.1:1"),
        ("http://:::1", "http://[::1]:1"),
        ("http://::1:1", "http://[::1]:1"),
    ],
)
def test_an_api_that_listens_everywhere_is_reached_here(url: str, reached: str) -> None:
    assert reachable(url) == reached
