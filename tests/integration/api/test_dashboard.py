"""The dashboard's pages on the real platform, run as Streamlit runs them."""

import re
import sys
import time
from collections.abc import Callable

import httpx2
import pytest
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from tests.integration.api.answers import ended, indexed, upload
from tests.integration.api.running import Running
from tests.unit.ui.opening import Open, markup, opened, words

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
GUIDE = "# Guide\n\n## Otters\n\nAn otter sleeps on its back and holds the paw of another.\n"
YARD = "# Yards\n\nHalden Works has a yard in Trondheim. A yard is a place for ships.\n"
ENGINE = "# Engines\n\nThe Zephyr 9 was made by Halden Works in 1987.\n"
PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def session(platform: Running) -> str:
    """Log in by the form; give what the browser's cookie holds then."""
    kept = platform.first_login
    with httpx2.Client(base_url=platform.url, timeout=20, verify=False, trust_env=False) as browser:
        form = dict(HIDDEN.findall(browser.get("/login").text))
        answer = browser.post("/login", data=form | kept)
        assert answer.status_code == 303, answer.text
        return str(browser.cookies["sutazai_session"])


@pytest.fixture
def page(platform: Running, session: str, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open a page in a new tab of that browser."""
    cookies = {"sutazai_session": session}
    monkeypatch.setattr(ContextProxy, "cookies", property(lambda self: cookies))
    monkeypatch.setattr(sys, "argv", ["app", "--api-url", platform.url])
    return opened


def run_until(tab: AppTest, condition: Callable[[], bool]) -> None:
    """Run a page on, as its own clock does in a browser, until something is to be seen."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, words(tab)
        tab.run()
        assert not tab.exception


@pytest.mark.requirement("H1", part="upload, chat with sources, runs with their plan, settings")
def test_a_newcomer_finds_the_way(page: Open) -> None:
    tab = page("knowledge")
    assert not tab.exception
    tab.file_uploader[0].set_value(("guide.md", GUIDE.encode(), "text/markdown")).run()
    run_until(tab, lambda: "[✓ ready] **guide.md**" in words(tab))

    tab = page("ask")
    tab.chat_input[0].set_value("How does an otter sleep?").run()
    assert not tab.exception
    told = words(tab)
    assert "sleeps on its back" in told
    assert re.search(r"Confidence \d+ of 10 · quoted from the documents", told)
    key = re.search(r"source-[0-9a-f-]+-1", "\n".join(box.proto.id for box in tab.expander))
    assert key is not None
    tab.session_state[key[0]] = True
    tab.run()
    assert "<mark>An otter sleeps on its back" in markup(tab)

    tab = page("runs")
    assert "How does an otter sleep?" in words(tab)
    run = re.search(
        r"run=([0-9a-f-]+)", "\n".join(link.proto.query_string for link in tab.page_link)
    )
    assert run is not None
    tab = page("runs", run=run[1])
    assert not tab.exception
    told = words(tab)
    assert markup(tab).count('<li class="sz-node ok"') == 6
    assert "began after" in told


def test_every_other_page_says_how_the_platform_does(page: Open) -> None:
    told = words(page("agents"))
    for agent in ("librarian", "researcher", "reviewer", "writer"):
        assert agent in told
    assert "No model runs here." in words(page("models"))
    assert "parts are well." in words(page("health"))
    assert "32 MB" in words_of_limits(page)


def words_of_limits(page: Open) -> str:
    tab = page("settings")
    tab.pills[0].set_value("Limits").run()
    assert not tab.exception
    return words(tab)


@pytest.fixture
def guide(platform: Running) -> None:
    """Bring the guide in, where no test did before."""
    with platform.client() as api:
        answer = upload(api, "guide.md", GUIDE)
        if answer.status_code != 200:
            ended(api, answer.json()["run"]["id"])


def test_what_a_search_finds_opens_in_its_document(page: Open, guide: None) -> None:
    tab = page("knowledge")
    query = next(field for field in tab.text_input if field.key == "query")
    query.set_value("otter paw").run()
    assert not tab.exception
    assert "<mark>otter</mark>" in markup(tab)
    assert "<mark>paw</mark>" in markup(tab)
    opens = next(link for link in tab.page_link if "start=" in link.proto.query_string)
    place = dict(re.findall(r"(\w+)=([^&]*)", opens.proto.query_string))
    tab = page("knowledge", **place)
    assert not tab.exception
    assert "An otter sleeps on its back" in re.sub("<[^>]+>", "", markup(tab))
    assert "<mark>" in markup(tab)


@pytest.mark.requirement("H1", part="the graph")
def test_the_graph_leads_to_what_it_was_read_from(page: Open, platform: Running) -> None:
    with platform.client() as api:
        for name, text in (("yard.md", YARD), ("engine.md", ENGINE)):
            indexed(api, name, text)
        run = api.post("/api/v1/runs", json={"goal": "Who made the Zephyr 9?"}).json()["id"]
        ended(api, run)
    tab = page("graph")
    tab.text_input("graph-find").set_value("halden").run()
    assert not tab.exception
    found = next(link for link in tab.page_link if "entity=" in link.proto.query_string)
    tab = page("graph", **dict(re.findall(r"(\w+)=([^&]*)", found.proto.query_string)))
    assert not tab.exception
    assert tab.title[0].value == "Halden Works"
    assert "Around Halden Works" in words(tab)
    open_all(tab)
    assert "<mark>Halden Works has a yard in Trondheim" in markup(tab)
    tab = page("graph", part="way", start="zephyr")
    tab.text_input("way-end").set_value("trondheim").run()
    assert not tab.exception
    assert "2 links" in words(tab)
    assert "Halden Works" in words(page("graph", part="groups"))
    tab = page("graph", run=run)
    assert not tab.exception
    open_all(tab)
    assert "cited as [1]" in words(tab)


def open_all(tab: AppTest) -> None:
    """Open every link at the passages that say so."""
    ids = "\n".join(box.proto.id for box in tab.expander)
    for key in re.findall(r"reason-[0-9a-f-]{36}-\w+-[0-9a-f-]{36}", ids):
        tab.session_state[key] = True
    tab.run()
    assert not tab.exception
