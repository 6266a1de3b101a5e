"""Questions that ask the graph too: a real platform, in a run and in a conversation."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from sutazai.adapters.graph.sql import SqlGraph
from sutazai.core.runs.service import NewRun
from sutazai_contracts.errors import GraphUnavailable, InvalidInput
from sutazai_contracts.workflows import Step, Workflow
from tests.integration.api.answers import assert_problem, ended, indexed
from tests.integration.api.running import Running, Tenant
from tests.quality.two_documents import pairs

# Islands that ferries sail to: without what joins them, the questions find ferries alone.
ISLANDS = pairs()[2::3][:12]
QUESTION = ISLANDS[0].question


@pytest.fixture(scope="module")
def about(platform: Running) -> Tenant:
    """Make a tenant whose best passages do not hold the answer."""
    tenant = platform.new_tenant()
    with platform.client(tenant) as api:
        for number, pair in enumerate(ISLANDS):
            indexed(api, f"ferry{number}.txt", pair.first)
            indexed(api, f"island{number}.txt", pair.second)
    return tenant


@pytest.fixture
def asker(platform: Running, about: Tenant) -> httpx2.Client:
    return platform.client(about)


def names(sources: list[dict[str, Any]], **wanted: object) -> set[str]:
    """Name the documents of sources that have these values."""
    kept = [one for one in sources if all(one[key] == value for key, value in wanted.items())]
    return {one["document"]["name"] for one in kept}


def ask(api: httpx2.Client, **more: object) -> dict[str, Any]:
    started = api.post("/api/v1/runs", json={"goal": QUESTION, **more})
    assert started.status_code == 202, started.text
    run = ended(api, started.json()["id"])
    assert run["status"] == "succeeded", run
    return run


def research(run: dict[str, Any]) -> dict[str, Any]:
    """Give what the researcher handed over."""
    output: dict[str, Any] = next(one for one in run["steps"] if one["id"] == "research")["output"]
    return output


@pytest.fixture
def graph_statements(platform: Running) -> Callable[[], int]:
    """Count the statements that asked the graph since the last time."""
    seen = len(platform.statements)

    def count() -> int:
        nonlocal seen
        new, seen = platform.statements[seen:], len(platform.statements)
        return sum("FROM mentions" in statement.text for statement in new)

    return count


def test_a_run_reads_what_the_best_passages_lead_to(
    asker: httpx2.Client, graph_statements: Callable[[], int]
) -> None:
    plain = ask(asker)
    assert plain["graph"] is False
    assert names(plain["citations"], by_graph=True) == set()
    assert graph_statements() == 0
    run = ask(asker, graph=True)
    assert run["graph"] is True
    assert graph_statements() > 0
    assert "island0.txt" not in names(research(plain)["passages"])
    assert "island0.txt" in names(research(run)["passages"], by_graph=True)
    assert {"ferry0.txt", "island0.txt"} <= names(run["citations"])
    assert names(run["citations"], by_graph=True) == {"island0.txt"}
    listed = asker.get("/api/v1/runs").json()["items"]
    assert [one["graph"] for one in listed[:2]] == [True, False]


def test_search_and_run_place_the_same_passages(asker: httpx2.Client) -> None:
    body = {"query": QUESTION, "limit": 8, "graph": True}
    hits = asker.post("/api/v1/search", json=body).json()["hits"]
    passages = research(ask(asker, graph=True))["passages"]
    shown = [(one["chunk"], one["by_graph"], one["score"]) for one in passages]
    assert shown == [(one["chunk"], one["by_graph"], one["score"]) for one in hits]


def test_a_conversation_asks_it_for_the_questions_that_want_it(asker: httpx2.Client) -> None:
    talk = asker.post("/api/v1/conversations", json={}).json()["id"]
    path = f"/api/v1/conversations/{talk}/messages"
    for graph in (True, False):
        posted = asker.post(path, json={"goal": QUESTION, "graph": graph}).json()
        assert posted["run"]["graph"] is graph
        assert ended(asker, posted["run"]["id"])["status"] == "succeeded"
    newest = asker.get(path).json()["items"]
    assert "island0.txt" in names(newest[2]["citations"], by_graph=True)
    assert names(newest[0]["citations"], by_graph=True) == set()


def test_the_same_key_is_for_the_same_question(asker: httpx2.Client) -> None:
    talk = asker.post("/api/v1/conversations", json={}).json()["id"]
    for path in ("/api/v1/runs", f"/api/v1/conversations/{talk}/messages"):
        headers = {"Idempotency-Key": path}
        body = {"goal": QUESTION, "graph": True}
        first = asker.post(path, json=body, headers=headers)
        again = asker.post(path, json=body, headers=headers)
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.headers["location"] == again.headers["location"]
        ended(asker, first.headers["location"].rpartition("/")[2])
        other = asker.post(path, json={"goal": QUESTION}, headers=headers)
        assert_problem(other, 409, "idempotency_mismatch")


@pytest.mark.parametrize("value", ["yes", 1, None, []])
def test_what_is_no_yes_or_no_is_refused(asker: httpx2.Client, value: object) -> None:
    talk = asker.post("/api/v1/conversations", json={}).json()["id"]
    for path in ("/api/v1/runs", f"/api/v1/conversations/{talk}/messages"):
        answer = asker.post(path, json={"goal": QUESTION, "graph": value})
        assert_problem(answer, 422, "invalid_input", "graph")


def test_a_workflow_that_can_not_ask_it_is_not_started(platform: Running) -> None:
    step = Step(id="one", agent="researcher", collection="read", input={"question": "$run.goal"})
    blind = Workflow(name="blind", description="x", steps=(step,), result="$steps.one")
    runs = replace(platform.platform.runs, workflows={"blind": blind})
    new = NewRun(workflow="blind", goal=QUESTION, collection_name="default", graph=True)
    with pytest.raises(InvalidInput, match=r"blind can't ask the graph") as refused:
        runs.compose(platform.tenant.id, new)
    assert refused.value.field == "graph"


def test_a_graph_that_is_away_is_done_without_and_said(
    asker: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise GraphUnavailable("The graph can't be asked: the cable is cut.")

    plain = ask(asker)
    monkeypatch.setattr(SqlGraph, "named", away)
    run = ask(asker, graph=True)
    assert run["citations"] == plain["citations"]
    assert research(run)["without_graph"] == "The graph can't be asked: the cable is cut."
