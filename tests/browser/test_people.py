"""Several people at the dashboard at once: each sees what is theirs."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.core import PASSWORD, add, add_as, take_in
from tests.journey.dashboard import PATIENCE_S, Entrance, ask, expect_soon, go, log_in
from tests.support.platform import LivePlatform

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture
def second(live: LivePlatform) -> Entrance:
    """Give the way in of someone in a tenant of their own."""
    return take_in(live, "bea", PASSWORD)


@pytest.fixture
def two(browser: Browser) -> Iterator[list[BrowserContext]]:
    with browser.new_context() as first, browser.new_context() as other:
        yield [first, other]


def test_two_people_at_once_never_see_each_others_data(
    two: list[BrowserContext], live: LivePlatform, entrance: Entrance, second: Entrance
) -> None:
    add(live, "otter.md", "# Word\n\nThe word of the first tenant is otter.\n")
    add_as(live, second, "heron.md", "# Word\n\nThe word of the second tenant is heron.\n")
    ways, words = (entrance, second), ("otter", "heron")
    pages = [context.new_page() for context in two]
    for page, way in zip(pages, ways, strict=True):
        page.set_default_timeout(PATIENCE_S * 1000)
        log_in(page, way)
    # The same question at the same time: what is kept of one would serve the other.
    for page in pages:
        ask(page, "What is the word of the tenant?")
    for page, word in zip(pages, words, strict=True):
        expect_soon(page.get_by_text(re.compile(r"Confidence \d+ of 10")))
        source = page.get_by_test_id("stExpander").filter(has_text=f"{word}.md").first
        source.locator("summary").click()
        expect_soon(source.locator("mark"))
    # In turn, so that what the server kept of one would be there for the other.
    for name in ("Runs", "Knowledge", "Models", "Settings", "Ask", "Runs", "Knowledge"):
        see_their_own(pages, ways, words)
        for page in pages:
            go(page, name)
    for page, word in zip(pages, words, strict=True):
        expect_soon(page.get_by_role("link", name=re.compile(rf"{word}\.md")))
    see_their_own(pages, ways, words)


def see_their_own(pages: list[Page], ways: tuple[Entrance, ...], words: tuple[str, ...]) -> None:
    """Expect each page to show its own person, and nothing of the other's."""
    for own, other in ((0, 1), (1, 0)):
        expect(pages[own].get_by_test_id("stSidebar")).to_contain_text(ways[own].email)
        shown = pages[own].content().lower()
        assert words[other] not in shown
        assert ways[other].email not in shown
