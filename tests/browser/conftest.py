"""A platform with its dashboard and a model that speaks slowly, and browsers to look at it with."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from anyio.from_thread import start_blocking_portal
from playwright.sync_api import Browser, BrowserContext, Page

from sutazai_kit.model.scripted import Rule, ScriptedConfig, open_scripted
from tests.browser.core import LEASES, add
from tests.journey.dashboard import PATIENCE_S, Entrance, log_in
from tests.support.chromium import find_chromium, open_chromium
from tests.support.model_servers import ollama_app, serve_app
from tests.support.platform import LivePlatform, live_platform
from tests.support.programs import eventually

# So many words that there is time to stop.
LONG = "A lease holds for ten seconds [1]. " * 200
SCRIPT = ScriptedConfig(
    names=("tiny",),
    rules=(
        Rule(when="at length", say=(LONG,)),
        Rule(say=("A lease holds for ten seconds without a heartbeat [1].",)),
    ),
    piece_s=0.1,
)


@pytest.fixture(scope="package")
def live(models_dir: Path) -> Iterator[LivePlatform]:
    """Give a platform with its dashboard, whose model speaks slowly."""
    find_chromium()
    with start_blocking_portal() as portal:
        script = portal.wrap_async_context_manager(open_scripted(SCRIPT))
        with script as model:
            served = portal.wrap_async_context_manager(serve_app(ollama_app(model)))
            told = {"SUTAZAI_DASHBOARD": "true", "SUTAZAI_DASHBOARD_PORT": "0"}
            told |= {"SUTAZAI_MODELS_RUNTIME": "ollama", "SUTAZAI_MODELS_DEFAULT": "tiny"}
            with (
                served as url,
                live_platform(models_dir, SUTAZAI_MODELS_OLLAMA_URL=url, **told) as platform,
            ):
                platform.start()
                yield platform


@pytest.fixture(scope="package")
def entrance(live: LivePlatform) -> Entrance:
    """Give the way in, once the dashboard answers: the platform is ready before that is."""
    kept = live.credentials
    home = kept["dashboard_url"]
    eventually(lambda: _answers(home), "the dashboard answers", PATIENCE_S)
    return Entrance(home, kept["email"], kept["password"])


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}_stcore/health", timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with open_chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def desk(browser: Browser, live: LivePlatform, entrance: Entrance) -> Iterator[BrowserContext]:
    """Give a browser that is logged in, and has loaded the dashboard's program; leave it so."""
    add(live, "leases.md", LEASES)
    with browser.new_context() as context:
        context.set_default_timeout(PATIENCE_S * 1000)
        page = context.new_page()
        log_in(page, entrance)
        page.close()
        yield context


@pytest.fixture
def page(desk: BrowserContext, entrance: Entrance) -> Iterator[Page]:
    """Give a tab of the browser that is logged in, at the page Ask."""
    page = desk.new_page()
    page.goto(entrance.url)
    yield page
    page.close()
