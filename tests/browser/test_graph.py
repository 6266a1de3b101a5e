"""The page Graph in a real browser, on what a real platform read: found, explored, its sources."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.browser.core import YARD_AND_ENGINE, add, asked, wait_for
from tests.browser.looks import PHONE, stand_still
from tests.journey.dashboard import Entrance, expect_soon, go
from tests.support.platform import LivePlatform

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

# What the documents name beside Halden Works.
NAMES = frozenset({"Zephyr 9", "Trondheim", "yard", "1987"})


@pytest.fixture(scope="module", autouse=True)
def documents(live: LivePlatform) -> None:
    """Have two documents that a name joins."""
    for name, text in YARD_AND_ENGINE.items():
        add(live, name, text)


@pytest.fixture
def graph(page: Page) -> Page:
    """Give a tab at the page Graph."""
    go(page, "Graph")
    expect_soon(page.get_by_role("heading", name="Graph", exact=True))
    return page


def fill(page: Page, label: str, text: str) -> None:
    """Write into a field."""
    field = page.get_by_label(label, exact=True)
    field.fill(text)
    field.press("Enter")


def around(page: Page, name: str) -> None:
    """Expect the view of an entity, from its top on."""
    heading = page.get_by_role("heading", name=name, exact=True)
    expect_soon(heading)
    expect(heading).to_be_in_viewport()


def open_link(page: Page, name: str) -> None:
    """Open what joins two at the passage that says so."""
    link = page.get_by_test_id("stExpander").filter(has_text=name).first
    link.locator("summary").click()
    expect_soon(link.locator("mark"))


def test_it_is_searched_explored_and_a_source_opened(graph: Page) -> None:
    fill(graph, "Find by how a name begins", "zephyr")
    graph.get_by_role("link", name=re.compile("Zephyr 9")).click()
    around(graph, "Zephyr 9")
    picture = graph.locator(".st-key-picture-frame")
    expect(picture.locator(".sz-lines.wide .sz-line").first).to_be_visible()
    # A neighbour of the picture leads on to what is around it, and the address says so.
    before = graph.url
    picture.get_by_role("link", name=re.compile("Halden Works")).click()
    around(graph, "Halden Works")
    assert graph.url != before
    expect(picture.get_by_role("link", name=re.compile("Trondheim"))).to_be_visible()
    open_link(graph, "Zephyr 9")
    expect(graph.locator("mark").first).to_contain_text("made by Halden Works")
    graph.get_by_role("link", name=re.compile(r"engine\.md")).first.click()
    expect_soon(graph.get_by_role("heading", name="engine.md"))
    expect(graph.locator("mark")).to_contain_text("made by Halden Works")
    graph.go_back()
    around(graph, "Halden Works")
    graph.reload()
    around(graph, "Halden Works")


def test_a_way_is_asked_for_and_its_source_opened(graph: Page) -> None:
    fill(graph, "Find by how a name begins", "zephyr")
    graph.get_by_role("link", name=re.compile("Zephyr 9")).click()
    around(graph, "Zephyr 9")
    graph.get_by_role("link", name="Find a way from here").click()
    expect_soon(graph.get_by_label("To", exact=True))
    expect(graph.get_by_label("From", exact=True)).to_have_value("Zephyr 9")
    fill(graph, "To", "trondheim")
    row = graph.locator(".st-key-picture-row")
    expect(row.get_by_role("link")).to_have_count(3)
    expect(row.get_by_role("link").nth(1)).to_contain_text("Halden Works")
    open_link(graph, "Trondheim")
    expect(graph.locator("mark").first).to_contain_text("has a yard in Trondheim")
    graph.get_by_role("radio", name="Groups").click()
    group = graph.get_by_test_id("stMain").get_by_role("link", name="Halden Works")
    expect_soon(group.first)
    group.first.click()
    around(graph, "Halden Works")


def test_an_answer_leads_to_what_it_is_made_of(
    page: Page, live: LivePlatform, entrance: Entrance
) -> None:
    talk, run = asked(live, "Who made the Zephyr 9?")
    wait_for(live, run)
    page.goto(f"{entrance.url}?talk={talk}")
    page.get_by_role("link", name="What it is made of").click()
    around(page, "What the answer is made of")
    picture = page.locator(".st-key-picture-frame")
    expect(picture.get_by_role("link", name=re.compile("Zephyr 9"))).to_be_visible()
    open_link(page, "Zephyr 9")
    expect(page.get_by_role("link", name=re.compile(r"cited as \[1\]")).first).to_be_visible()
    assert run in page.url


def test_the_keyboard_alone_leads_from_one_to_the_next(graph: Page) -> None:
    fill(graph, "Find by how a name begins", "halden")
    graph.get_by_role("link", name=re.compile("Halden Works")).press("Enter")
    around(graph, "Halden Works")
    graph.get_by_role("link", name="Find a way from here").focus()
    graph.keyboard.press("Tab")
    inside = "document.activeElement?.closest('.st-key-picture-frame') !== null"
    assert graph.evaluate(inside), "the picture follows in the order of Tab"
    name = graph.evaluate("document.activeElement.innerText").splitlines()
    graph.keyboard.press("Enter")
    around(graph, next(line for line in name if line in NAMES))


def test_on_a_phone_the_neighbours_stand_below_each_other(graph: Page) -> None:
    graph.set_viewport_size(PHONE)
    fill(graph, "Find by how a name begins", "halden")
    graph.get_by_role("link", name=re.compile("Halden Works")).click()
    around(graph, "Halden Works")
    stand_still(graph)
    boxes = graph.locator(".st-key-picture-star a").all()
    assert len(boxes) >= 3
    areas = [box.bounding_box() for box in boxes]
    for area in areas:
        assert area is not None
        assert area["x"] >= 0
        assert area["x"] + area["width"] <= PHONE["width"]
    tops = [(round(a["x"]), a["y"], a["y"] + a["height"]) for a in areas if a]
    for column in {x for x, _, _ in tops}:
        own = sorted((top, bottom) for x, top, bottom in tops if x == column)
        assert all(one[1] <= two[0] for one, two in pairwise(own)), own
