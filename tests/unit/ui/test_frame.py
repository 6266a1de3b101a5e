"""What stands around every page: the login, the session, trouble, who may what."""

import sys

import pytest

from tests.unit.ui.core_answers import OTHER, problem
from tests.unit.ui.core_server import Core
from tests.unit.ui.opening import Open, opened, words

PAGES = ("ask", "runs", "knowledge", "graph", "agents", "models", "health", "settings")


def test_without_a_login_it_asks_for_one(page: Open, cookies: dict[str, str]) -> None:
    cookies.clear()
    tab = page()
    assert not tab.exception
    assert "Nothing leaves the machine" in words(tab)
    assert len(tab.chat_input) == 0


def test_a_session_that_ended_is_no_login(page: Open, core: Core) -> None:
    core.sessions.clear()
    assert len(page().chat_input) == 0


def test_every_page_says_whose_it_is(page: Open, core: Core) -> None:
    for name in PAGES:
        tab = page(name)
        assert not tab.exception, name
        assert "ann@example.org · home" in words(tab)
        assert len(tab.title) == 1


@pytest.mark.parametrize("name", PAGES)
def test_trouble_is_said_with_the_id_of_its_request(page: Open, core: Core, name: str) -> None:
    core.refusal = problem(503, "database_unavailable", "The database does not answer now.")
    tab = page(name)
    assert not tab.exception
    assert "The database does not answer now." in words(tab)
    assert "req-7" in words(tab)


@pytest.mark.parametrize("name", PAGES)
def test_slow_answers_are_said(
    core: Core, cookies: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["app", "--api-url", core.url, "--answer-s", "0.3"])
    core.slow = "/api/v1/session/token"
    tab = opened(name)
    assert "took too long" in words(tab)
    core.slow = ""
    monkeypatch.setattr(sys, "argv", ["app", "--api-url", core.url])
    tab.button("again").click().run()
    assert len(tab.title) == 1


def test_core_that_is_away_is_said(
    cookies: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["app", "--api-url", "http://127.0.0.1:1"])
    tab = opened()
    assert not tab.exception
    assert "SutazAI does not answer. Is it running?" in words(tab)


def test_a_session_that_ends_meanwhile_leads_back_to_the_login(page: Open, core: Core) -> None:
    core.add()
    tab = page()
    core.sessions.clear()
    tab.run()
    assert len(tab.chat_input) == 0
    assert "Nothing leaves the machine" in words(tab)
    assert "session" not in tab.session_state


def test_a_token_that_ends_before_its_session_is_renewed(page: Open, core: Core) -> None:
    core.add()
    tab = page()
    core.tokens.clear()
    tab.run()
    assert not tab.exception
    assert len(tab.chat_input) == 1
    assert core.asked.count(("POST", "/api/v1/session/token")) == 2


def test_a_new_token_that_is_not_taken_is_not_renewed_for_ever(page: Open, core: Core) -> None:
    core.refusal = problem(401, "unauthenticated", "No.")
    tab = page()
    assert len(tab.chat_input) == 0
    assert core.asked.count(("POST", "/api/v1/session/token")) <= 3


def test_logging_out_ends_the_session(page: Open, core: Core) -> None:
    tab = page()
    tab.button("log-out").click().run()
    assert not core.sessions
    assert "Nothing leaves the machine" in words(tab)


def test_another_tenant_finds_nothing_of_the_one_before(page: Open, core: Core) -> None:
    tab = page()
    tab.session_state["parts"] = {"secret": "of the first"}
    core.tokens.clear()
    core.user |= {"tenant": str(OTHER), "tenant_name": "away"}
    tab.run()
    assert "ann@example.org · away" in words(tab)
    assert "parts" not in tab.session_state


def test_a_password_that_was_given_is_changed_first(page: Open, core: Core) -> None:
    core.user["must_change_password"] = True
    tab = page("runs")
    assert "Choose one of your own" in words(tab)
    old, new, again = tab.text_input
    old.set_value("old")
    new.set_value("a new long one")
    again.set_value("a new long one")
    tab.button[0].click().run()
    assert not tab.exception
    assert tab.title[0].value == "Runs"


def test_runs_at_work_are_counted_at_the_side(page: Open, core: Core) -> None:
    core.status = "running"
    assert "1 run at work" in words(page("agents"))
