"""The dashboard's pages, run as Streamlit runs them, against core's answers."""

import re
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

import sutazai_ui
from tests.unit.ui.core_server import RUN, SECRET, Core, event, problem, said

APP = Path(sutazai_ui.__file__).parent / "app.py"
Open = Callable[[], AppTest]


@pytest.fixture
def cookies(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The browser's cookies."""
    kept = {"sutazai_session": SECRET}
    monkeypatch.setattr(ContextProxy, "cookies", property(lambda self: kept))
    return kept


@pytest.fixture
def page(core: Core, cookies: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open the page in a new tab."""
    login = "http://127.0.0.1:10010/login"
    monkeypatch.setattr(sys, "argv", ["app", "--api-url", core.url, "--login-url", login])
    return lambda: AppTest.from_file(str(APP), default_timeout=20).run()


def words(page: AppTest) -> str:
    """Give all that is to be read, as it reads."""
    kinds = (page.title, page.markdown, page.info, page.error, page.warning, page.caption)
    markdown = "\n".join(str(element.value) for kind in kinds for element in kind)
    plain = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown).replace("\u2060", "")
    return plain + unescape(re.sub(r"<[^>]+>", "", markup(page)))


def markup(page: AppTest) -> str:
    """Give what the page's own HTML is."""
    return "\n".join(element.proto.body for element in page.get("html"))


def ask(page: AppTest, goal: str = "How long does a lease hold?") -> AppTest:
    """Ask, and run on until the answer is there."""
    return page.chat_input[0].set_value(goal).run()


def test_without_a_login_it_asks_for_one(page: Open, cookies: dict[str, str]) -> None:
    cookies.clear()
    opened = page()
    assert not opened.exception
    assert "Nothing leaves the machine" in words(opened)
    assert len(opened.chat_input) == 0


def test_a_session_that_ended_is_no_login(page: Open, core: Core) -> None:
    core.sessions.clear()
    assert len(page().chat_input) == 0


def test_without_documents_it_says_how_to_add_some(page: Open) -> None:
    opened = page()
    assert not opened.exception
    assert "Add documents at the side" in words(opened)
    assert opened.chat_input[0].disabled


def test_documents_are_listed_with_why_one_failed(page: Open, core: Core) -> None:
    core.add("good.md")
    core.add("bad.pdf", "failed", error="It is encrypted.")
    core.add("new.txt", "indexing")
    opened = page()
    assert "**default** holds 3 documents" in words(opened)
    for line in ("good.md · ready", "bad.pdf · failed — It is encrypted.", "new.txt · being read"):
        assert line in words(opened)
    assert not opened.chat_input[0].disabled


def test_of_many_documents_some_are_listed(page: Open, core: Core) -> None:
    for number in range(33):
        core.add(f"{number}.md")
    assert "and 3 more" in words(page())


def test_a_file_is_added_and_followed_until_it_is_ready(page: Open, core: Core) -> None:
    opened = page()
    opened.file_uploader[0].set_value(("new.md", b"text", "text/markdown")).run()
    assert not opened.exception
    assert core.uploads == ["new.md"]
    assert "1 being read" in words(opened)
    core.documents[-1]["status"] = "indexed"
    opened.run()
    assert "being read" not in words(opened)
    assert not opened.chat_input[0].disabled


def test_files_that_are_refused_are_named_until_that_is_read(page: Open, core: Core) -> None:
    files = [("a.zip", b"PK", "application/zip"), ("b.md", b"text", "text/markdown")]
    opened = page()
    opened.file_uploader[0].set_value(files).run()
    assert core.uploads == ["b.md"]
    assert "a.zip: It is an archive." in words(opened)
    core.documents[-1].update(status="failed", error="It holds nothing.")
    opened.run()
    assert "b.md: It holds nothing." in words(opened)
    opened.button("dismiss").click().run()
    assert "archive" not in words(opened)


def test_a_file_that_is_removed_meanwhile_is_waited_for_no_more(page: Open, core: Core) -> None:
    opened = page()
    opened.file_uploader[0].set_value(("new.md", b"text", "text/markdown")).run()
    core.documents.clear()
    opened.run()
    assert not opened.exception
    assert "being read" not in words(opened)


def test_a_question_is_answered_with_sources_that_open(page: Open, core: Core) -> None:
    core.add()
    core.events = [
        event("step.started", 1, data={"step": "write"}),
        said("Ten", 0),
        event("run.succeeded", 2, data={}),
    ]
    opened = ask(page())
    assert not opened.exception
    assert "Ten *seconds* [1]." in words(opened)
    assert "Confidence 8 of 10 · quoted from the documents" in words(opened)
    assert ("POST", "/api/v1/runs") in core.asked
    assert "[1] leases.md › Leases" in re.sub(r"[\\\u2060]", "", opened.expander[-1].label)
    open_source(opened)
    assert "Before. <mark>A lease holds ten seconds.</mark> After." in markup(opened)


def test_a_source_that_changed_shows_what_was_quoted(page: Open, core: Core) -> None:
    core.add()
    core.events, core.text = [event("run.succeeded", 1, data={})], "Something else by now."
    opened = ask(page())
    open_source(opened)
    assert "A lease holds ten seconds." in words(opened)
    assert "The document reads otherwise by now." in words(opened)


def open_source(page: AppTest) -> None:
    """Open the first source."""
    page.session_state[f"source-{RUN}-1"] = True
    page.run()
    assert not page.exception


HOSTILE = "<img src=http://x.example/a.png> ![a](http://x.example/b.png) :smile: www.x.example"


def test_nothing_that_is_said_is_markup(page: Open, core: Core) -> None:
    core.add(HOSTILE, "failed", error=HOSTILE)
    core.add("good.md")
    core.text = f"Before. A lease holds ten seconds. {HOSTILE}"
    assert core.result is not None
    core.result["answer"] = HOSTILE
    core.events = [event("run.succeeded", 1, data={})]
    opened = ask(page())
    open_source(opened)
    core.refusal = problem(503, "unavailable", HOSTILE)
    troubled = opened.run()
    assert words(troubled).count(HOSTILE) == 1
    core.refusal = None
    opened.run()
    open_source(opened)
    # Of the document its name and why it failed, the answer, and the text of the source.
    assert words(opened.run()).count(HOSTILE) == 4
    assert "<img" not in markup(opened)
    told = "\n".join(element.value for element in (*troubled.error, *opened.markdown))
    for live in ("<img", "![a]", ":smile:", "http:", "www."):
        assert live not in told


def test_an_answer_without_support_says_so(page: Open, core: Core) -> None:
    core.add()
    core.events = [event("run.succeeded", 1, data={})]
    core.result = {"answer": "Maybe.", "kind": "generated", "grounded": False, "confidence": 1}
    opened = ask(page(), "What?")
    assert "The documents do not support this." in words(opened)
    assert "Confidence 1 of 10 · written by a model" in words(opened)


def test_a_run_that_failed_says_why(page: Open, core: Core) -> None:
    core.add()
    core.events = [event("run.failed", 1, data={})]
    core.status, core.result = "failed", None
    assert "the writer gave up" in words(ask(page(), "What?"))


def test_a_run_that_was_stopped_says_so(page: Open, core: Core) -> None:
    core.add()
    core.events = [event("run.cancelled", 1, data={})]
    core.status, core.result = "cancelled", None
    assert "This was stopped." in words(ask(page(), "What?"))


def test_a_question_that_is_not_taken_says_why(page: Open, core: Core) -> None:
    core.add()
    core.refuses = ("POST", "/api/v1/runs")
    opened = ask(page(), "What?")
    assert "The queue is full." in words(opened)
    assert "What?" in words(opened)


def test_a_run_that_can_not_be_watched_is_taken_up_again(page: Open, core: Core) -> None:
    core.add()
    core.events = [event("run.succeeded", 1, data={})]
    core.refuses = ("GET", f"/api/v1/runs/{RUN}/events")
    opened = ask(page(), "What?")
    assert "The queue is full." in words(opened)
    core.refuses = None
    opened.button("watch-again").click().run()
    assert "Ten *seconds* [1]." in words(opened)


def test_trouble_is_said_with_the_id_of_its_request(page: Open, core: Core) -> None:
    core.refusal = problem(503, "database_unavailable", "The database does not answer now.")
    opened = page()
    assert not opened.exception
    assert "The database does not answer now." in words(opened)
    assert "req-7" in words(opened)


def test_core_that_is_away_is_said(
    cookies: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["app", "--api-url", "http://127.0.0.1:1"])
    opened = AppTest.from_file(str(APP), default_timeout=20).run()
    assert not opened.exception
    assert "SutazAI does not answer. Is it running?" in words(opened)


def test_a_session_that_ends_meanwhile_leads_back_to_the_login(page: Open, core: Core) -> None:
    core.add()
    opened = page()
    core.sessions.clear()
    opened.run()
    assert len(opened.chat_input) == 0
    assert "Nothing leaves the machine" in words(opened)
    assert "runs" not in opened.session_state
    assert "session" not in opened.session_state


def test_a_token_that_ends_before_its_session_is_renewed(page: Open, core: Core) -> None:
    core.add()
    opened = page()
    core.tokens.clear()
    opened.run()
    assert not opened.exception
    assert len(opened.chat_input) == 1
    assert core.asked.count(("POST", "/api/v1/session/token")) == 2


def test_a_new_token_that_is_not_taken_is_not_renewed_for_ever(page: Open, core: Core) -> None:
    core.refusal = problem(401, "unauthenticated", "No.")
    opened = page()
    assert len(opened.chat_input) == 0
    assert core.asked.count(("POST", "/api/v1/session/token")) == 1


def test_logging_out_ends_the_session(page: Open, core: Core) -> None:
    opened = page()
    opened.button("log-out").click().run()
    assert not core.sessions
    assert "Nothing leaves the machine" in words(opened)


def test_slow_answers_are_said(
    core: Core, cookies: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["app", "--api-url", core.url, "--answer-s", "0.05"])
    core.delay_s = 1
    opened = AppTest.from_file(str(APP), default_timeout=20).run()
    assert "took too long" in words(opened)
    core.delay_s = 0
    opened.button("again").click().run()
    assert len(opened.chat_input) == 1
