"""The dashboard of the embedded profile, in a real browser on a real platform."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from anyio.from_thread import start_blocking_portal
from playwright.sync_api import Page, expect

from sutazai_kit.model.scripted import Rule, ScriptedConfig, open_scripted
from tests.journey.dashboard import DashboardSuite, Entrance, ask, chat, expect_soon, until
from tests.support.chromium import find_chromium
from tests.support.model_servers import ollama_app, serve_app
from tests.support.platform import LivePlatform, live_platform

# It takes longer than `make test` may give it; Docker is not needed.
pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

# So many words that there is time to stop.
LONG = "A lease holds for ten seconds [1]. " * 200
SCRIPT = ScriptedConfig(
    names=("tiny",),
    rules=(
        Rule(when="at length", say=(LONG,)),
        Rule(say=("A lease holds for ten seconds without a heartbeat [1].",)),
    ),
    piece_s=0.02,
)


@pytest.fixture(scope="module")
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


class TestEmbedded(DashboardSuite):
    """The journey, and what only a model that takes its time shows."""

    @pytest.fixture
    def entrance(self, live: LivePlatform) -> Entrance:
        kept = live.credentials
        return Entrance(kept["dashboard_url"], kept["email"], kept["password"])

    def test_an_answer_is_stopped_while_it_comes(self, page: Page, live: LivePlatform) -> None:
        add(live, "leases.md", "# Leases\n\nA lease holds for ten seconds.\n")
        page.reload()
        ask(page, "How long does a lease hold, at length?")
        answer = page.get_by_test_id("stChatMessage").last
        expect(answer).to_contain_text("ten seconds", timeout=30_000)
        expect(chat(page)).to_be_disabled()
        page.get_by_role("button", name="Stop").click()
        expect_soon(page.get_by_text("This was stopped."), 10)
        assert newest(live)["status"] == "cancelled"
        expect(chat(page)).to_be_enabled()

    def test_a_click_elsewhere_does_not_end_the_watch(
        self, page: Page, live: LivePlatform, tmp_path: Path
    ) -> None:
        ask(page, "Does a lease hold for long, at length?")
        answer = page.get_by_test_id("stChatMessage").last
        expect(answer).to_contain_text("ten seconds", timeout=30_000)
        more = tmp_path / "more.md"
        more.write_text("# More\n\nThere is more.\n")
        page.locator("input[type=file]").set_input_files(more)
        until(lambda: "more.md" in names(live), page)
        expect(answer).to_contain_text("ten seconds", timeout=30_000)
        page.get_by_role("button", name="Stop").click()
        expect_soon(page.get_by_text("This was stopped."), 10)

    def test_a_session_that_ends_ends_the_watch(self, page: Page, live: LivePlatform) -> None:
        ask(page, "Does a lease hold any longer, at length?")
        answer = page.get_by_test_id("stChatMessage").last
        expect(answer).to_contain_text("ten seconds", timeout=30_000)
        [cookie] = [c for c in page.context.cookies() if c["name"] == "sutazai_session"]
        body = {"session": cookie["value"]}
        with httpx2.Client(base_url=live.url) as client:
            token = client.post("/api/v1/session/token", json=body).json()["access_token"]
            bearer = {"Authorization": f"Bearer {token}"}
            assert client.delete("/api/v1/session", headers=bearer).status_code == 204
        expect_soon(page.get_by_role("link", name="Log in"), 15)


def add(live: LivePlatform, name: str, text: str) -> None:
    with live.client() as client:
        path = "/api/v1/collections/default/documents"
        assert client.post(path, files={"file": (name, text.encode())}).is_success


def names(live: LivePlatform) -> set[str]:
    with live.client() as client:
        items = client.get("/api/v1/collections/default/documents").json()["items"]
        return {item["name"] for item in items}


def newest(live: LivePlatform) -> dict[str, object]:
    with live.client() as client:
        found: dict[str, object] = client.get("/api/v1/runs").json()["items"][0]
        return found
