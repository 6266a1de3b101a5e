"""The way of a newcomer through the dashboard, in a real browser; a profile's test opens it."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.journey.suite import LEASES, QUESTION
from tests.support.chromium import open_chromium, watch_requests

# A machine that is busy starts Streamlit's scripts late.
PATIENCE_S = 30.0
# So soon an open tab knows that its session has ended.
SIGNED_OUT_S = 15.0
HOSTILE = (
    '# Pictures\n\n![a](http://outside.example/b.png) <img src="http://outside.example/a.png">\n'
)


@dataclass(frozen=True)
class Entrance:
    """Where the dashboard is, and who may enter."""

    url: str
    email: str
    password: str


class DashboardSuite:
    """Log in, add documents, ask, open a source, reload, log out; a profile gives `entrance`."""

    @pytest.fixture
    def entrance(self) -> Entrance:
        """Give the way in."""
        raise NotImplementedError

    @pytest.fixture
    def browser(self) -> Iterator[Browser]:
        with open_chromium() as browser:
            yield browser

    @pytest.fixture
    def context(self, browser: Browser) -> Iterator[BrowserContext]:
        """Give a browser without a past; whatever its pages asked was asked of the entrance."""
        with browser.new_context() as context:
            context.set_default_timeout(PATIENCE_S * 1000)
            yield context

    @pytest.fixture
    def hosts(self, context: BrowserContext) -> set[str]:
        return watch_requests(context)

    @pytest.fixture
    def page(self, context: BrowserContext, hosts: set[str], entrance: Entrance) -> Page:
        page = context.new_page()
        log_in(page, entrance)
        return page

    def test_from_the_login_to_a_source_and_out_again(
        self, page: Page, context: BrowserContext, hosts: set[str], entrance: Entrance,
        tmp_path: Path,
    ) -> None:  # fmt: skip
        files = [tmp_path / "leases.md", tmp_path / "pictures.md", tmp_path / "broken.pdf"]
        for file, content in zip(files, (LEASES, HOSTILE, "%PDF-1.4 nothing"), strict=True):
            file.write_text(content)
        go(page, "Knowledge")
        page.locator("input[type=file]").set_input_files(files)
        main = page.get_by_test_id("stMain")
        for name in ("leases.md", "pictures.md"):
            expect_soon(main.get_by_role("link", name=re.compile(rf"✓ ready {name}")))
        expect_soon(main.get_by_role("link", name=re.compile(r"✗ failed broken\.pdf")))
        expect_soon(main.get_by_text(re.compile(r"broken\.pdf can't be read")))

        go(page, "Ask")
        ask(page, QUESTION)
        expect_soon(page.get_by_text(re.compile(r"Confidence \d+ of 10")))
        source = page.get_by_test_id("stExpander").filter(has_text="leases.md").first
        source.locator("summary").click()
        expect_soon(source.locator("mark"))
        expect(source.locator("mark")).to_contain_text("ten seconds")
        expect(source.locator("mark")).to_be_in_viewport()
        expect(source).to_contain_text("How a worker keeps its task.")

        ask(page, "Which pictures are there?")
        expect_soon(page.get_by_text(re.compile(r"Confidence \d+ of 10")).nth(1))
        assert page.locator("img[src*='outside']").count() == 0

        page.reload()
        expect_soon(page.get_by_text(re.compile(r"Confidence \d+ of 10")).nth(1))
        source = page.get_by_test_id("stExpander").filter(has_text="leases.md").first
        source.locator("summary").click()
        source.get_by_role("link", name="Open the document here").click()
        expect_soon(page.get_by_role("heading", name="leases.md"))
        expect(page.locator("mark")).to_contain_text("ten seconds")

        other = context.new_page()
        other.goto(entrance.url)
        expect_soon(chat(other))
        page.get_by_role("button", name="Log out").click()
        for tab in (page, other):
            expect_soon(tab.get_by_role("link", name="Log in"), SIGNED_OUT_S)
            expect(chat(tab)).to_have_count(0)
        assert hosts == {urlsplit(entrance.url).hostname}, hosts


def log_in(page: Page, entrance: Entrance) -> None:
    """Open the dashboard, follow the way to the form, and come back logged in."""
    page.goto(entrance.url)
    page.get_by_role("link", name="Log in").click()
    page.locator("input[name=email]").fill(entrance.email)
    page.locator("input[name=password]").fill(entrance.password)
    page.locator("button[type=submit]").click()
    expect_soon(chat(page))
    assert urlsplit(page.url).netloc == urlsplit(entrance.url).netloc


def go(page: Page, name: str) -> None:
    """Follow the link to a page at the side."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
    if name != "Ask":
        expect_soon(page.get_by_role("heading", name=name, exact=True))
    else:
        expect_soon(chat(page))


def chat(page: Page) -> Locator:
    """Give the field that questions go into."""
    return page.get_by_test_id("stChatInputTextArea")


def ask(page: Page, goal: str) -> None:
    """Ask, as soon as that is possible."""
    expect(chat(page)).to_be_enabled(timeout=PATIENCE_S * 1000)
    chat(page).fill(goal)
    chat(page).press("Enter")


def expect_soon(shown: Locator, within_s: float = PATIENCE_S) -> None:
    """Wait until it is to be seen."""
    expect(shown.first).to_be_visible(timeout=within_s * 1000)


def until(condition: Callable[[], bool], page: Page, within_s: float = PATIENCE_S) -> None:
    """Wait for what a page does not show."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
