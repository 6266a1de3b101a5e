"""Every page in light, in dark and on a phone: sane for assistive technology, and it fits."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.test_embedded import add
from tests.journey.dashboard import PATIENCE_S, Entrance, expect_soon, log_in
from tests.support.platform import LivePlatform

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

GRAVE = ("serious", "critical")
PAGES = ("", "runs", "knowledge", "agents", "models", "health", "settings")
DEEP = ("talk", "run", "document")
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1200, "height": 850}
# What Streamlit itself builds, and no page of ours can: named, so that more of it is noticed.
STREAMLITS: dict[str, str] = {}


@pytest.fixture(scope="module")
def held(live: LivePlatform) -> dict[str, str]:
    """Have a document, a conversation and a run, and give the address of each."""
    add(live, "leases.md", "# Leases\n\nA lease holds for ten seconds.\n")
    add(live, "broken.pdf", "%PDF-1.4 nothing")
    with live.client() as client:
        talk = client.post("/api/v1/conversations", json={}).json()["id"]
        path = f"/api/v1/conversations/{talk}/messages"
        run = client.post(path, json={"goal": "How long does a lease hold?"}).json()["run"]["id"]
        with client.stream("GET", f"/api/v1/runs/{run}/events") as events:
            events.read()
        found = client.get("/api/v1/collections/default/documents").json()["items"]
    document = next(one["id"] for one in found if one["name"] == "leases.md")
    return {
        "talk": f"?talk={talk}",
        "run": f"runs?run={run}",
        "document": f"knowledge?document={document}&start=10&end=20",
    }


@pytest.fixture(params=["light", "dark", "phone"])
def look(request: pytest.FixtureRequest) -> str:
    """How it is looked at."""
    return str(request.param)


@pytest.fixture
def page(browser: Browser, entrance: Entrance, look: str) -> Iterator[Page]:
    scheme: Any = "dark" if look == "dark" else "light"
    size: Any = PHONE if look == "phone" else DESK
    with browser.new_context(color_scheme=scheme, viewport=size) as context:
        context.set_default_timeout(PATIENCE_S * 1000)
        page = context.new_page()
        log_in(page, entrance)
        yield page


def test_every_page_is_sane_for_all(
    page: Page, look: str, entrance: Entrance, held: dict[str, str]
) -> None:
    folder = os.environ.get("SUTAZAI_TEST_SCREENSHOTS")
    grave: list[str] = []
    for name in (*PAGES, *DEEP):
        page.goto(entrance.url + held.get(name, name))
        settled(page)
        if folder:
            page.screenshot(path=Path(folder) / f"{name or 'ask'}-{look}.png")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.evaluate("window.innerWidth"), f"{name} scrolls sideways"
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        grave += [
            f"{name or 'ask'} {look}: {one['id']} ({one['impact']}): {node['html'][:300]}"
            for one in found
            if one["impact"] in GRAVE
            for node in one["nodes"]
            if not of_streamlit(one["id"], node)
        ]
    assert not grave, "\n".join(grave)


def settled(page: Page) -> None:
    """Wait until a page stands: its heading is there, and its script has ended."""
    expect_soon(page.locator("h1"))
    page.wait_for_function(
        "() => document.querySelector('.stApp')?.dataset.testScriptState !== 'running'"
        " && !document.querySelector('[data-testid=stSkeleton]')"
    )


def of_streamlit(rule: str, node: dict[str, Any]) -> bool:
    """Tell whether a finding is about what Streamlit builds, which is named in `STREAMLITS`."""
    return rule in STREAMLITS and STREAMLITS[rule] in json.dumps(node["target"])
