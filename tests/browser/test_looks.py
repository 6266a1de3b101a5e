"""Every page in light, in dark and on a phone."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.core import LEASES, YARD_AND_ENGINE, add, asked, cancel, take_in, wait_for
from tests.browser.looks import PHONE, grave_in, stand_still
from tests.journey.dashboard import PATIENCE_S, Entrance, expect_soon, go
from tests.support.platform import LivePlatform

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

# Words in which a document says something at such length that it has to be turned over.
LONG = "".join(
    f"## Part {n}\n\nThe {n}th part of the otter's book is here.\n\n" for n in range(300)
)


@dataclass(frozen=True)
class View:
    """A page as it is looked at: its address, and what is opened or filled in on it."""

    name: str
    path: str
    act: Callable[[Page], object] = lambda page: None


def press(name: str) -> Callable[[Page], object]:
    """Open what opens at a button."""
    return lambda page: page.get_by_role("button", name=name, exact=True).click()


def part(name: str) -> Callable[[Page], object]:
    """Show a part of the page Settings."""

    def act(page: Page) -> None:
        one = page.get_by_test_id("stMain").get_by_role("radio", name=name)
        one.click()
        expect(one).to_be_checked()

    return act


def source(page: Page) -> None:
    """Open a source at its passage."""
    page.get_by_test_id("stExpander").filter(has_text="leases.md").first.locator("summary").click()
    expect_soon(page.locator("mark"))


def search(page: Page) -> None:
    """Search for something that is found."""
    page.get_by_role("tab", name="Search").click()
    field = page.get_by_label("Search in this collection")
    field.fill("How long does a lease hold?")
    field.press("Enter")
    expect_soon(page.get_by_text("alike in meaning"))


def step(page: Page) -> None:
    """Open a step, with what it was given and what it handed over."""
    page.get_by_test_id("stExpander").filter(has_text="write").locator("summary").click()
    expect_soon(page.get_by_text("Output", exact=True))


def link(page: Page) -> None:
    """Open what joins two entities at the passage that says so."""
    page.get_by_test_id("stExpander").first.locator("summary").click()
    expect_soon(page.locator("mark"))


def way(page: Page) -> None:
    """Ask for a way."""
    field = page.get_by_label("To", exact=True)
    field.fill("Trondheim")
    field.press("Enter")
    expect_soon(page.get_by_text("What joins them"))


def found(page: Page) -> None:
    """Find entities by how they begin."""
    field = page.get_by_label("Find by how a name begins")
    field.fill("hal")
    field.press("Enter")
    expect_soon(page.get_by_text("1 found"))


def new_key(page: Page) -> None:
    """Make a key, which is shown once."""
    part("API keys")(page)
    press("New key")(page)
    page.get_by_label("What it is for").fill("looks")
    press("Make it")(page)
    expect_soon(page.get_by_text("Copy it now"))


VIEWS = (
    View("ask", ""),
    View("talk", "?talk={talk}", source),
    View("rename", "?talk={talk}", press("Rename or remove")),
    View("no-talk", "?talk=00000000-0000-7000-8000-000000000001"),
    View("runs", "runs"),
    View("run", "runs?run={run}", step),
    View("no-run", "runs?run=00000000-0000-7000-8000-000000000001"),
    View("failed-run", "runs?run={failed}"),
    View("knowledge", "knowledge"),
    View("new-collection", "knowledge", press("New collection")),
    View("search", "knowledge", search),
    View("document", "knowledge?document={document}&start=10&end=40"),
    View("remove-document", "knowledge?document={document}", press("Remove")),
    View("broken-document", "knowledge?document={broken}"),
    View("no-document", "knowledge?document=00000000-0000-7000-8000-000000000001"),
    View("new-key", "settings", new_key),
    View("graph", "graph", found),
    View("entity", "graph?entity={entity}", link),
    View("no-entity", "graph?entity=00000000-0000-7000-8000-000000000001"),
    View("way", "graph?part=way&start=Zephyr", way),
    View("groups", "graph?part=groups"),
    View("made-of", "graph?run={run_of_graph}", link),
    View("agents", "agents"),
    View("models", "models"),
    View("health", "health"),
    View("profile", "settings"),
    View("keys", "settings", part("API keys")),
    View("tenants", "settings", part("Tenants")),
    View("users", "settings", part("Users")),
    View("new-user", "settings", lambda page: (part("Users")(page), press("New user")(page))),
    View("audit", "settings", part("Audit log")),
    View("limits", "settings", part("Limits")),
)


@pytest.fixture(scope="module")
def held(live: LivePlatform) -> dict[str, str]:
    """Have documents, a conversation and runs, and give the id of each."""
    for name, text in (
        ("leases.md", LEASES), ("broken.pdf", "%PDF-1.4 nothing"), ("otter.md", LONG),
        *YARD_AND_ENGINE.items(),
    ):  # fmt: skip
        add(live, name, text)
    talk, run = asked(live, "How long does a lease hold?")
    wait_for(live, run)
    _, of_graph = asked(live, "Who made the Zephyr 9?")
    wait_for(live, of_graph)
    with live.client() as client:
        found = client.get("/api/v1/collections/default/documents").json()["items"]
        names = client.get("/api/v1/graph/entities", params={"text": "halden"}).json()["entities"]
    ids = {one["name"]: (one["id"], one["run"]) for one in found}
    return {
        "talk": talk,
        "run": run,
        "run_of_graph": of_graph,
        "entity": names[0]["id"],
        "failed": ids["broken.pdf"][1],
        "document": ids["otter.md"][0],
        "broken": ids["broken.pdf"][0],
    }


@pytest.fixture(scope="module")
def tab(desk: BrowserContext) -> Iterator[Page]:
    """Give one tab to all these tests: each opens its page anew."""
    page = desk.new_page()
    yield page
    page.close()


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_page_is_sane_for_all(
    tab: Page, view: View, entrance: Entrance, held: dict[str, str]
) -> None:
    tab.goto(entrance.url + view.path.format(**held))
    stand_still(tab)
    view.act(tab)
    grave = grave_in(tab, view.name)
    assert not grave, "\n".join(grave)


@pytest.mark.parametrize("shown", ["talk-at-work", "run-at-work"])
def test_what_moves_is_sane_for_all(
    tab: Page, live: LivePlatform, entrance: Entrance, shown: str
) -> None:
    talk, run = asked(live, f"How does a lease hold, with {shown} looked at, at length?")
    try:
        if shown == "talk-at-work":
            tab.goto(f"{entrance.url}?talk={talk}")
            expect(tab.get_by_test_id("stChatMessage").last).to_contain_text("ten seconds")
        else:
            tab.goto(f"{entrance.url}runs?run={run}")
            expect_soon(tab.locator(".sz-node.busy").filter(has_text="write"))
        grave = grave_in(tab, shown, moving=True)
        assert not grave, "\n".join(grave)
    finally:
        cancel(live, run)


def test_the_menu_opens_over_a_page_on_a_phone(page: Page, entrance: Entrance) -> None:
    page.set_viewport_size(PHONE)
    page.goto(f"{entrance.url}health")
    stand_still(page)
    page.get_by_test_id("stExpandSidebarButton").click()
    runs = page.get_by_test_id("stSidebarNav").get_by_role("link", name="Runs")
    expect(runs).to_be_in_viewport()
    stand_still(page)
    runs.click()
    expect_soon(page.get_by_role("heading", name="Runs", exact=True))
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_in_viewport()


def test_who_is_taken_in_chooses_a_password_and_is_told_how_to_begin(
    browser: Browser, live: LivePlatform
) -> None:
    way = take_in(live, "cleo")
    grave: list[str] = []
    with browser.new_context() as context:
        context.set_default_timeout(PATIENCE_S * 1000)
        page = context.new_page()
        page.goto(way.url)
        grave += grave_in(page, "signed-out")
        page.get_by_role("link", name="Log in").click()
        expect_soon(page.locator("input[name=email]"))
        grave += grave_in(page, "login")
        page.locator("input[name=email]").fill(way.email)
        page.locator("input[name=password]").fill(way.password)
        page.locator("button[type=submit]").click()
        expect_soon(page.get_by_text("Choose one of your own"))
        grave += grave_in(page, "first-password")
        for label in ("Password now", "New password", "New password again"):
            word = way.password if label == "Password now" else "a password of my own"
            page.get_by_label(label, exact=True).fill(word)
        page.get_by_role("button", name="Change it").click()
        expect_soon(page.get_by_text("There is nothing to answer from"))
        grave += grave_in(page, "empty-ask")
        for name, told in (("Runs", "Nothing has run yet"), ("Knowledge", "Drop files above"),
                               ("Graph", "There is nothing in default yet")):  # fmt: skip
            go(page, name)
            expect_soon(page.get_by_text(re.compile(told)))
            grave += grave_in(page, f"empty-{name.lower()}")
    assert not grave, "\n".join(grave)
