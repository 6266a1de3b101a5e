"""What only a model that takes its time shows: an answer as it is written, and a run that moves.

The questions are in the documents' words: what fits nothing is answered at once, without a model.
"""

import re
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.core import cancel, newest, running
from tests.journey.dashboard import PATIENCE_S, Entrance, ask, chat, expect_soon, go, log_in
from tests.support.platform import LivePlatform

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture(autouse=True)
def nothing_runs_on(live: LivePlatform) -> Iterator[None]:
    """Stop what a test that failed left at work: the model does one thing at a time."""
    yield
    for run in running(live):
        cancel(live, run)


def test_an_answer_is_seen_to_grow_and_stopped(page: Page, live: LivePlatform) -> None:
    ask(page, "How long does a lease hold, at length?")
    answer = being_written(page)
    expect(chat(page)).to_be_disabled()
    early = len(answer.inner_text())
    page.wait_for_function(
        "early => [...document.querySelectorAll('[data-testid=stChatMessage]')].pop()"
        ".innerText.length > early + 50",
        arg=early,
    )
    page.get_by_role("button", name="Stop").click()
    expect_soon(page.get_by_text("This was stopped."))
    assert newest(live)["status"] == "cancelled"
    expect(chat(page)).to_be_enabled()


def test_a_run_is_seen_to_move_and_cancelled(page: Page, live: LivePlatform) -> None:
    ask(page, "Does a lease hold, watched at length?")
    being_written(page)
    page.get_by_role("link", name="Watch the run").click()
    expect_soon(page.get_by_role("heading", name="Plan"))
    graph = page.locator(".sz-graph.wide")
    expect(graph.locator(".sz-node.ok")).to_contain_text("research")
    expect(graph.locator(".sz-node.busy")).to_contain_text("write")
    lane = page.locator(".sz-lanes li").filter(has_text="write")
    before = lane.inner_text()
    expect(lane).not_to_have_text(before)
    page.get_by_role("button", name="Cancel").click()
    expect(graph.locator(".sz-node").nth(1)).to_contain_text("stopped")
    expect_soon(page.get_by_role("button", name="Run again"))
    assert newest(live)["status"] == "cancelled"


def test_who_goes_away_and_comes_back_finds_the_answer_coming(
    page: Page, live: LivePlatform
) -> None:
    ask(page, "Does a lease hold for long, at length?")
    being_written(page)
    address = page.url
    assert "talk=" in address
    go(page, "Agents")
    expect_soon(page.get_by_text("Answers a question from passages"))
    page.goto(address)
    being_written(page)
    page.get_by_role("button", name="Stop").click()
    expect_soon(page.get_by_text("This was stopped."))


def test_a_session_that_ends_ends_the_watch(
    browser: Browser, live: LivePlatform, entrance: Entrance
) -> None:
    with browser.new_context() as context:
        context.set_default_timeout(PATIENCE_S * 1000)
        page = context.new_page()
        log_in(page, entrance)
        ask(page, "Does a lease hold any longer, at length?")
        being_written(page)
        [cookie] = [c for c in context.cookies() if c["name"] == "sutazai_session"]
        body = {"session": cookie["value"]}
        with httpx2.Client(base_url=live.url) as client:
            token = client.post("/api/v1/session/token", json=body).json()["access_token"]
            bearer = {"Authorization": f"Bearer {token}"}
            assert client.delete("/api/v1/session", headers=bearer).status_code == 204
        expect_soon(page.get_by_role("link", name="Log in"))


def test_the_keyboard_alone_leads_to_an_answer(page: Page) -> None:
    expect(chat(page)).to_be_enabled()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement?.dataset.testid") == "stChatInputTextArea":
            break
    page.keyboard.type("How long does a lease hold?")
    page.keyboard.press("Enter")
    expect_soon(page.get_by_text(re.compile(r"Confidence \d+ of 10")))


def being_written(page: Page) -> Locator:
    """Wait until an answer is being written; gives it as it stands."""
    answer = page.get_by_test_id("stChatMessage").last
    expect(answer).to_contain_text("ten seconds")
    return answer
