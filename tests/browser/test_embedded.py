"""The dashboard of the embedded profile, in a real browser on a real platform."""

import re
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journey.dashboard import (
    PATIENCE_S,
    DashboardSuite,
    Entrance,
    ask,
    chat,
    expect_soon,
    go,
)
from tests.support.platform import LivePlatform

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


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

    def test_tokens_are_seen_before_the_answer_is_whole(
        self, page: Page, live: LivePlatform
    ) -> None:
        add(live, "leases.md", "# Leases\n\nA lease holds for ten seconds.\n")
        page.reload()
        ask(page, "How long does a lease hold now, at length?")
        answer = page.get_by_test_id("stChatMessage").last
        expect(answer).to_contain_text("ten seconds", timeout=30_000)
        early = len(answer.inner_text())
        page.wait_for_function(
            "early => [...document.querySelectorAll('[data-testid=stChatMessage]')].pop()"
            ".innerText.length > early + 50",
            arg=early,
        )
        page.get_by_role("button", name="Stop").click()
        expect_soon(page.get_by_text("This was stopped."), 10)

    def test_a_run_is_seen_to_move_and_cancelled(self, page: Page, live: LivePlatform) -> None:
        add(live, "leases.md", "# Leases\n\nA lease holds for ten seconds.\n")
        page.reload()
        ask(page, "How long does a lease last, at length?")
        page.get_by_role("link", name="Watch the run").click()
        expect_soon(page.get_by_role("heading", name="Plan"))
        graph = page.locator(".sz-graph.wide")
        expect(graph.locator(".sz-node.ok")).to_contain_text("research", timeout=30_000)
        expect(graph.locator(".sz-node.busy")).to_contain_text("write", timeout=30_000)
        lane = page.locator(".sz-lanes li").filter(has_text="write")
        before = lane.inner_text()
        expect(lane).not_to_have_text(before, timeout=30_000)
        page.get_by_role("button", name="Cancel").click()
        expect(graph.locator(".sz-node").nth(1)).to_contain_text("stopped", timeout=30_000)
        expect_soon(page.get_by_role("button", name="Run again"))
        assert newest(live)["status"] == "cancelled"

    def test_who_goes_away_and_comes_back_finds_the_answer_coming(
        self, page: Page, live: LivePlatform
    ) -> None:
        add(live, "leases.md", "# Leases\n\nA lease holds for ten seconds.\n")
        page.reload()
        ask(page, "Does a lease hold for long, at length?")
        expect(page.get_by_test_id("stChatMessage").last).to_contain_text(
            "ten seconds", timeout=30_000
        )
        address = page.url
        assert "talk=" in address
        go(page, "Agents")
        expect_soon(page.get_by_text("Answers a question from passages"))
        page.goto(address)
        expect(page.get_by_test_id("stChatMessage").last).to_contain_text(
            "ten seconds", timeout=30_000
        )
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

    def test_the_keyboard_alone_leads_to_an_answer(self, page: Page, live: LivePlatform) -> None:
        add(live, "leases.md", "# Leases\n\nA lease holds for ten seconds.\n")
        page.reload()
        expect(chat(page)).to_be_enabled(timeout=PATIENCE_S * 1000)
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement?.dataset.testid") == "stChatInputTextArea":
                break
        page.keyboard.type("How long does a lease hold?")
        page.keyboard.press("Enter")
        expect_soon(page.get_by_text(re.compile(r"Confidence \d+ of 10")))


@pytest.fixture
def second(live: LivePlatform) -> Entrance:
    """Give the way in of someone in a tenant of their own."""
    kept = live.credentials
    password = "a password that was chosen"
    with httpx2.Client(base_url=live.url, timeout=30) as client:
        login = {"email": kept["email"], "password": kept["password"]}
        access = client.post("/api/v1/auth/token", json=login).json()
        first = {"Authorization": f"Bearer {access['access_token']}"}
        made = client.post("/api/v1/tenants", json={"name": "second"}, headers=first)
        assert made.status_code == 201, made.text
        body = {"tenant": made.json()["id"]}
        moved = client.post("/api/v1/session/tenant", json=body, headers=first).json()
        there = {"Authorization": f"Bearer {moved['access_token']}"}
        user = {"email": "bea@example.org", "role": "member", "password": password}
        added = client.post("/api/v1/users", json=user, headers=there)
        assert added.status_code == 201, added.text
    return Entrance(kept["dashboard_url"], "bea@example.org", password)


@pytest.fixture
def two(browser: Browser) -> Iterator[list[BrowserContext]]:
    with browser.new_context() as first, browser.new_context() as other:
        yield [first, other]


def test_two_people_at_once_never_see_each_others_data(
    two: list[BrowserContext], live: LivePlatform, entrance: Entrance, second: Entrance
) -> None:
    add(live, "otter.md", "# Otter\n\nThe word of the first tenant is otter.\n")
    pages = [context.new_page() for context in two]
    for page, way in zip(pages, (entrance, second), strict=True):
        page.set_default_timeout(PATIENCE_S * 1000)
        log_in_as(page, way)
    # In turn, so that what the server kept of one would be there for the other.
    for _ in range(2):
        for name in ("Runs", "Knowledge", "Ask", "Models", "Settings"):
            for page in pages:
                go(page, name)
            expect(pages[0].get_by_test_id("stSidebar")).to_contain_text(entrance.email)
            expect(pages[1].get_by_test_id("stSidebar")).to_contain_text(second.email)
            assert "otter" not in pages[1].content().lower()
            assert entrance.email not in pages[1].content()
            assert second.email not in pages[0].content()
    go(pages[0], "Knowledge")
    expect_soon(pages[0].get_by_role("link", name=re.compile(r"otter\.md")))


def log_in_as(page: Page, way: Entrance) -> None:
    page.goto(way.url)
    page.get_by_role("link", name="Log in").click()
    page.locator("input[name=email]").fill(way.email)
    page.locator("input[name=password]").fill(way.password)
    page.locator("button[type=submit]").click()
    expect_soon(chat(page))


def add(live: LivePlatform, name: str, text: str) -> None:
    """Add a document and wait until it can be asked about."""
    with live.client() as client:
        path = "/api/v1/collections/default/documents"
        answer = client.post(path, files={"file": (name, text.encode())})
        assert answer.is_success
        run = answer.json()["run"]
        if run is not None:
            with client.stream("GET", f"/api/v1/runs/{run['id']}/events") as events:
                events.read()


def newest(live: LivePlatform) -> dict[str, object]:
    with live.client() as client:
        found: dict[str, object] = client.get("/api/v1/runs").json()["items"][0]
        return found
