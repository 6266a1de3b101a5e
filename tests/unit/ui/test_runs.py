"""The page Runs: the list, and one run with its plan, its attempts and its steps."""

from datetime import UTC, datetime, timedelta

import pytest

from sutazai_ui.client import Step
from sutazai_ui.views.plan import graph, layers
from sutazai_ui.views.timeline import SHOWN, timeline
from sutazai_ui.watching import Attempt
from tests.unit.ui.core_answers import AT, OTHER, RUN, STEPS
from tests.unit.ui.core_server import Core, event
from tests.unit.ui.opening import Open, links, markup, words

BEGUN = datetime(2026, 11, 30, 8, tzinfo=UTC)


def step_event(kind: str, seq: int, **data: object) -> str:
    told = {"step": "write", "agent": "writer", "attempt": 1, **data}
    return event(kind, seq, at=AT, data=told)


def test_runs_are_listed_with_how_they_do(page: Open, core: Core) -> None:
    tab = page("runs")
    assert not tab.exception
    assert "✓ done" in words(tab)
    assert "How long does a lease hold?" in words(tab)
    assert f"runs?run={RUN}" in links(tab)


def test_where_nothing_ran_it_says_what_to_do(page: Open, core: Core) -> None:
    core.runs = 0
    assert "Nothing has run yet. Add documents" in words(page("runs"))


def test_runs_are_filtered(page: Open, core: Core) -> None:
    tab = page("runs")
    status, kind = tab.selectbox
    status.set_value("failed").run()
    assert "No run is like that" in words(tab)
    status.set_value(None)
    kind.set_value("index").run()
    assert core.sent[-1] == ("GET", "/runs", {"status": None, "workflow": "index"})
    assert "No run is like that" in words(tab)


def test_pages_are_turned(page: Open, core: Core) -> None:
    core.runs = 2
    tab = page("runs")
    assert tab.button("runs-back").disabled
    tab.button("runs-on").click().run()
    assert tab.button("runs-on").disabled
    tab.button("runs-back").click().run()
    assert not tab.button("runs-on").disabled
    tab.button("runs-on").click().run()
    core.runs = 0
    tab.run()
    assert "No runs are older than these" in words(tab)


def test_one_run_shows_its_plan_attempts_and_steps(page: Open, core: Core) -> None:
    core.events = [
        step_event("step.started", 1),
        step_event("step.succeeded", 2),
        event("run.succeeded", 3, at=AT, data={}),
    ]
    tab = page("runs", run=str(RUN))
    assert not tab.exception
    told = words(tab)
    assert "2 calls of a model · 1\u202f199 tokens read · 1.5 s of agents' time" in told
    assert ", after research, write" in told
    assert "0.0 s ✓ done, began after 0.0 s" in told
    assert "Confidence 8 of 10" in told
    tab.session_state["step-write"] = True
    tab.run()
    assert not tab.exception
    assert "How long?" in words(tab)
    assert '"passages": 7' in words(tab)
    assert "cost 0.2500" in words(tab)


def test_what_a_step_was_not_given_yet_is_said(page: Open, core: Core) -> None:
    core.status, core.result = "failed", None
    core.steps[1] |= {"status": "dead", "output": None, "error": "It broke.", "attempts": 3}
    core.steps[2] |= {"status": "waiting", "input": None, "started_at": None, "attempts": 0}
    core.steps[0]["output"] = {"text": "x" * 30_000}
    core.events = [event("run.failed", 1, at=AT, data={})]
    tab = page("runs", run=str(RUN))
    for step in ("research", "write", "review"):
        tab.session_state[f"step-{step}"] = True
    tab.run()
    told = words(tab)
    assert "✗ given up, attempt 3" in told
    assert "It has handed over nothing." in told
    assert "known once the steps before it are done" in told
    assert "The first 20,000 of 30," in told
    assert "It broke." in told


def test_a_run_is_cancelled(page: Open, core: Core) -> None:
    core.status, core.result, core.silent = "running", None, True
    core.steps[1]["status"] = "claimed"
    core.events = [step_event("step.started", 1)]
    tab = page("runs", run=str(RUN))
    assert "sz-node busy" in markup(tab)
    core.silent = False
    core.events.append(event("run.cancelled", 2, at=AT, data={}))
    tab.button("cancel-run").click().run()
    assert not tab.exception
    assert "■ stopped" in words(tab)
    assert "run-again" in {button.key for button in tab.button}


def test_a_cancel_that_is_refused_says_why(page: Open, core: Core) -> None:
    core.status, core.result = "running", None
    core.refuses = ("POST", f"/api/v1/runs/{RUN}/cancel")
    core.events = [step_event("step.started", 1)]
    tab = page("runs", run=str(RUN))
    tab.button("cancel-run").click().run()
    assert "The queue is full." in words(tab)


def test_a_run_is_run_again(page: Open, core: Core) -> None:
    core.events = [event("run.succeeded", 1, at=AT, data={})]
    tab = page("runs", run=str(RUN))
    tab.button("run-again").click().run()
    assert ("POST", "/runs", {"goal": "How long does a lease hold?", "collection": "default",
                              "workflow": "answer"}) in core.sent  # fmt: skip
    core.refuses = ("POST", "/api/v1/runs")
    tab.button("run-again").click().run()
    assert "The queue is full." in words(tab)


def test_a_run_that_failed_is_retried(page: Open, core: Core) -> None:
    core.status, core.result = "failed", None
    core.events = [event("run.failed", 1, at=AT, data={})]
    tab = page("runs", run=str(RUN))
    keys = [str(button.key) for button in tab.button]
    assert [key for key in keys if key.startswith("run-")] == ["run-retry", "run-again"]
    told = words(tab)
    assert "Retry keeps the steps that succeeded and works only the others again" in told
    assert "Run again works all of them" in told
    core.steps[0] |= {"kept": True, "attempts": 0, "started_at": None}
    core.status = "succeeded"
    core.events = [event("run.succeeded", 1, at=AT, data={})]
    tab.button("run-retry").click().run()
    assert not tab.exception
    assert [sent[:2] for sent in core.sent if sent[0] == "POST"] == [("POST", "/runs/retry")]
    assert tab.query_params["run"] == str(OTHER)
    told = words(tab)
    assert "kept from the run that this one retries" in told
    assert str(RUN) in told


def test_a_retry_that_is_refused_says_why(page: Open, core: Core) -> None:
    core.status, core.result = "cancelled", None
    core.events = [event("run.cancelled", 1, at=AT, data={})]
    core.refuses = ("POST", f"/api/v1/runs/{RUN}/retry")
    tab = page("runs", run=str(RUN))
    tab.button("run-retry").click().run()
    assert "The queue is full." in words(tab)


def test_retry_is_offered_where_something_is_left_to_be_worked(page: Open, core: Core) -> None:
    core.events = [event("run.succeeded", 1, at=AT, data={})]
    keys = {button.key for button in page("runs", run=str(RUN)).button}
    assert ("run-again" in keys, "run-retry" in keys) == (True, False)
    core.status, core.result, core.workflow = "failed", None, "index"
    core.events = [event("run.failed", 1, at=AT, data={})]
    assert "run-retry" not in {button.key for button in page("runs", run=str(RUN)).button}
    core.workflow, core.user["role"] = "answer", "viewer"
    tab = page("runs", run=str(RUN))
    assert "run-retry" not in {button.key for button in tab.button}
    assert "Retry keeps" not in words(tab)


def test_a_run_that_asked_the_graph_asks_it_again_and_says_where_it_could_not(
    page: Open, core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    core.events = [event("run.succeeded", 1, at=AT, data={})]
    away = {"graph": True, "steps": [STEPS[0] | {"output": {"without_graph": "It is away."}}]}
    told = core.run
    monkeypatch.setattr(core, "run", lambda: told() | away)
    tab = page("runs", run=str(RUN))
    assert "Answered without the graph: It is away." in words(tab)
    tab.button("run-again").click().run()
    [body] = [body for method, path, body in core.sent if (method, path) == ("POST", "/runs")]
    assert body["graph"] is True


def test_a_document_is_not_read_again_by_a_button(page: Open, core: Core) -> None:
    core.workflow = "index"
    core.events = [event("run.succeeded", 1, at=AT, data={})]
    tab = page("runs", run=str(RUN))
    assert "run-again" not in {button.key for button in tab.button}
    core.workflow, core.user["role"] = "answer", "viewer"
    tab = page("runs", run=str(RUN))
    assert "run-again" not in {button.key for button in tab.button}


def test_a_run_that_is_not_there_is_said(page: Open, core: Core) -> None:
    assert "That is no run's id." in words(page("runs", run="nonsense"))
    core.refuses = ("GET", f"/api/v1/runs/{RUN}")
    tab = page("runs", run=str(RUN))
    assert "The queue is full." in words(tab)
    assert tab.title[0].value == "Run"
    core.refuses = ("GET", f"/api/v1/runs/{RUN}/events")
    core.events = []
    told = words(page("runs", run=str(RUN)))
    assert "The queue is full." in told
    assert "✓ done" in told


def test_steps_stand_behind_all_they_wait_for() -> None:
    def step(name: str, *needs: str) -> Step:
        return Step(id=name, agent="writer", needs=needs, status="waiting")

    steps = [step("d", "b", "c"), step("a"), step("b", "a"), step("c", "a"), step("e", "a", "d")]
    assert layers(steps) == [["a"], ["b", "c"], ["d"], ["e"]]
    # A circle can't run, and is drawn nevertheless.
    assert sum(map(len, layers([step("a", "b"), step("b", "a")]))) == 2
    drawn = graph(steps)
    assert drawn.count('<li class="sz-node wait"') == 10
    assert "Plan of 5 steps" in drawn
    assert "Plan of 1 step" in graph([step("<b>", "gone")])
    assert "&lt;b&gt;" in graph([step("<b>")])


def test_attempts_lie_where_they_were_in_time() -> None:
    def attempt(number: int, start: float, end: float | None, how: str) -> Attempt:
        ended = None if end is None else BEGUN + timedelta(seconds=end)
        return Attempt("write", "writer", number, BEGUN + timedelta(seconds=start), ended, how, "")

    drawn = timeline(
        [attempt(1, 2, 4, "failed"), attempt(2, 5, None, "claimed")],
        BEGUN,
        None,
        now=BEGUN + timedelta(seconds=10),
    )
    assert "left:20.00%;width:20.00%" in drawn
    assert "left:50.00%;width:50.00%" in drawn
    assert "write, attempt 2" in drawn
    many = [attempt(n, n, n + 1, "failed") for n in range(SHOWN + 5)]
    assert "5 earlier attempts are left out." in timeline(many, BEGUN, None)
    assert timeline([], BEGUN, None) == ""
