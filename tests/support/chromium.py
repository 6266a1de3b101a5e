"""Chromium under test, where this machine has one: real pages, and what they ask for outside."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable")
# It runs as root too; nothing of its own asks anything outside.
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str:
    """Give the path of Chromium; a test without one is skipped, and says so."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium on this machine (Debian: apt install chromium)")
    return found


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """Open the browser; it is closed at the end."""
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def watch_requests(context: BrowserContext) -> set[str]:
    """Give the hosts that pages of a context ask from now on, websockets included."""
    hosts: set[str] = set()

    def saw(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss"):
            hosts.add(parts.hostname or "")

    context.on("request", lambda request: saw(request.url))
    context.on("page", lambda page: page.on("websocket", lambda socket: saw(socket.url)))
    return hosts


def keep_trace(context: BrowserContext, folder: Path) -> None:
    """Keep what every page shows now, for whoever reads why a test failed."""
    for number, page in enumerate(context.pages):
        page.screenshot(path=folder / f"page-{number}.png", full_page=True)
