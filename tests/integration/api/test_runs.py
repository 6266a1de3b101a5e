"""Runs: a goal becomes a cited answer; replayed by key, listed in pages, cancelled."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx2
import psycopg
import pytest

from sutazai.bootstrap.processes.sockets import socket_folder
from tests.integration.api.answers import assert_problem, ended, eventually, indexed, upload
from tests.integration.api.kept import nothing_kept, rows
from tests.integration.api.running import Running, Tenant

RUNS = "/api/v1/runs"
HANDBOOK = """# Handbook

## Travel

Every trip above two hundred euros is approved by Ms. Okonkwo — 東京 included ✈️ — in writing.

## Coffee

The coffee machine on the third floor is cleaned by whoever finds it empty.
"""


@pytest.fixture(scope="module")
def tenant(platform: Running) -> Tenant:
    """Make a tenant whose runs are these alone."""
    return platform.new_tenant()


@pytest.fixture(scope="module")
def client(platform: Running, tenant: Tenant) -> Iterator[httpx2.Client]:
    """Open its client, with a handbook in its collection."""
    with platform.client(tenant) as opened:
        indexed(opened, "handbook.md", HANDBOOK)
        yield opened


def start(client: httpx2.Client, goal: str, key: str | None = None, **body: str) -> httpx2.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(RUNS, json={"goal": goal, **body}, headers=headers)


def test_a_question_is_embedded_while_its_run_is_written(
    platform: Running, client: httpx2.Client
) -> None:
    before = embedded(platform)
    with ThreadPoolExecutor(1) as asking, psycopg.connect(platform.admin) as connection:
        connection.execute("LOCK sutazai.runs")
        posted = asking.submit(start, client, "Who finds the coffee machine on the third floor?")
        eventually(lambda: embedded(platform) == before + 1, "the question is embedded")
        assert not posted.done()
        connection.rollback()
        assert ended(client, posted.result().json()["id"])["status"] == "succeeded"


def embedded(platform: Running) -> int:
    """Ask the embedder how many texts it has embedded."""
    path = socket_folder(platform.home / "run" / "embedder", "embedder.sock") / "embedder.sock"
    transport = httpx2.HTTPTransport(uds=str(path), verify=False, trust_env=False)
    with httpx2.Client(transport=transport, base_url="http://embedder") as client:
        return int(client.get("/health/ready").json()["texts"])


@pytest.mark.requirement("C9", part="citations and confidence of an extract")
def test_a_goal_becomes_a_cited_answer(client: httpx2.Client) -> None:
    answer = start(client, "Who approves a trip above two hundred euros?")
    assert answer.status_code == 202
    begun = answer.json()
    assert UUID(begun["id"]).version == 7
    assert answer.headers["location"] == f"{RUNS}/{begun['id']}"
    # As it was written, whatever has become of it since.
    assert (begun["status"], begun["result"], begun["usage"]) == ("pending", None, {"attempts": 0})
    assert [step["status"] for step in begun["steps"]] == ["ready", "waiting", "waiting"]
    assert [step["id"] for step in begun["steps"]] == ["research", "write", "review"]
    assert [step["needs"] for step in begun["steps"]] == [[], ["research"], ["research", "write"]]

    run = ended(client, begun["id"])
    assert run["status"] == "succeeded"
    assert run["error"] is None
    assert run["goal"] == "Who approves a trip above two hundred euros?"
    assert (run["workflow"], run["collection"]) == ("answer", "default")
    assert run["steps"][0]["task"] == begun["steps"][0]["task"]
    assert begun["created_at"] == run["created_at"] <= run["started_at"] <= run["finished_at"]
    result = run["result"]
    assert set(result) == {"answer", "kind", "grounded", "confidence"}
    assert "Okonkwo" in result["answer"]
    assert (result["kind"], result["grounded"]) == ("extract", True)
    assert 1 <= result["confidence"] <= 10
    for step in run["steps"]:
        assert (step["status"], step["attempts"], step["error"]) == ("succeeded", 1, None)
        assert step["started_at"] <= step["finished_at"]
        assert UUID(step["task"]).version == 7
        assert step["output"]
    assert run["usage"]["attempts"] == 3


def test_a_citation_opens(client: httpx2.Client) -> None:
    run = ended(client, start(client, "Who cleans the coffee machine?").json()["id"])
    citations = run["citations"]
    assert citations
    assert [citation["n"] for citation in citations] == list(range(1, len(citations) + 1))
    for citation in citations:
        assert set(citation) == {
            *("n", "document", "heading_path", "start", "end", "quote", "by_graph")
        }
        assert citation["document"]["name"] == "handbook.md"
        path = f"/api/v1/collections/default/documents/{citation['document']['id']}/text"
        span = {"start": citation["start"], "end": citation["end"]}
        assert client.get(path, params=span).json()["text"] == citation["quote"]
    assert citations[0]["heading_path"] == ["Handbook", "Coffee"]
    assert "[1]" in run["result"]["answer"]


def test_nothing_fitting_is_said_so(client: httpx2.Client) -> None:
    run = ended(client, start(client, "What is the boiling point of tungsten?").json()["id"])
    assert run["status"] == "succeeded"
    assert run["result"]["grounded"] is False
    assert run["citations"] == []


def test_a_question_to_an_empty_collection_succeeds_without_sources(client: httpx2.Client) -> None:
    assert client.post("/api/v1/collections", json={"name": "bare"}).status_code == 201
    run = ended(client, start(client, "Is anybody there?", collection="bare").json()["id"])
    assert run["status"] == "succeeded"
    assert run["result"]["grounded"] is False
    assert run["collection"] == "bare"


def test_a_key_gives_the_same_run(platform: Running, tenant: Tenant, client: httpx2.Client) -> None:
    assert client.post("/api/v1/collections", json={"name": "elsewhere"}).status_code == 201
    key = str(uuid.uuid4())
    first = start(client, "Who cleans it?", key)
    assert first.status_code == 202
    run = ended(client, first.json()["id"])
    with nothing_kept(platform, tenant):
        replayed = start(client, "Who cleans it?", key)
        assert replayed.status_code == 202
        assert replayed.headers["location"] == first.headers["location"]
        # As it is now, not as it was.
        assert replayed.json() == run
        # The same in other words of JSON: a default that is spelled out.
        spelled = start(client, "Who cleans it?", key, collection="default", workflow="answer")
        assert spelled.json()["id"] == run["id"]
        for other in ({"goal": "Who else?"}, {"goal": "Who cleans it?", "collection": "elsewhere"}):
            answer = client.post(RUNS, json=other, headers={"Idempotency-Key": key})
            assert_problem(answer, 409, "idempotency_mismatch", "Idempotency-Key")


def test_without_a_key_each_is_a_run(client: httpx2.Client) -> None:
    one, two = (start(client, "Once more.").json()["id"] for _ in range(2))
    assert one != two
    for run in (one, two):
        ended(client, run)


def test_a_key_is_the_tenants_own(client: httpx2.Client, neighbour_api: httpx2.Client) -> None:
    key = str(uuid.uuid4())
    ours = start(client, "Whose key?", key).json()["id"]
    theirs = start(neighbour_api, "Ours, and another body.", key)
    assert theirs.status_code == 202
    assert theirs.json()["id"] != ours
    ended(client, ours)
    ended(neighbour_api, theirs.json()["id"])


def test_runs_are_listed_newest_first_in_pages(platform: Running) -> None:
    with platform.client(platform.new_tenant()) as client:
        assert client.get(RUNS).json() == {"items": [], "next": None}
        started = [start(client, f"Goal {number}").json()["id"] for number in range(5)]
        for run in started:
            ended(client, run)
        first = client.get(RUNS, params={"limit": 3}).json()
        second = client.get(RUNS, params={"limit": 3, "cursor": first["next"]}).json()
        listed = first["items"] + second["items"]
        assert second["next"] is None
        assert [run["id"] for run in listed] == started[::-1]
        assert "steps" not in listed[0]
        whole = client.get(f"{RUNS}/{started[0]}").json()
        assert {name: whole[name] for name in listed[4]} == listed[4]
        done = client.get(RUNS, params={"status": "succeeded"}).json()["items"]
        assert len(done) == 5
        assert client.get(RUNS, params={"status": "failed"}).json()["items"] == []


def long_run(client: httpx2.Client, name: str) -> dict[str, Any]:
    """Start a run that is at work for some seconds: the indexing of a long text."""
    text = "\n\n".join(f"{name}: paragraph {n} of many words. " * 30 for n in range(60))
    run: dict[str, Any] = upload(client, name, text).json()["run"]
    return run


def test_a_running_run_is_cancelled(client: httpx2.Client) -> None:
    run = long_run(client, "cancelled.txt")
    path = f"{RUNS}/{run['id']}"
    eventually(lambda: client.get(path).json()["status"] == "running", "it runs")
    answer = client.post(f"{path}/cancel")
    assert answer.status_code == 200
    cancelled = answer.json()
    assert cancelled["status"] == "cancelled"
    assert [step["status"] for step in cancelled["steps"]] == ["cancelled"]
    assert cancelled["finished_at"] is not None
    # Once more changes nothing.
    assert client.post(f"{path}/cancel").json() == cancelled
    assert ended(client, run["id"]) == cancelled


def test_an_ended_run_is_not_cancelled(client: httpx2.Client) -> None:
    run = ended(client, start(client, "Done soon.").json()["id"])
    assert client.post(f"{RUNS}/{run['id']}/cancel").json() == run


def test_ids_are_read_in_any_case(client: httpx2.Client) -> None:
    run = ended(client, start(client, "In capitals.").json()["id"])
    assert client.get(f"{RUNS}/{run['id'].upper()}").json() == run


def test_a_run_outlives_its_collection(client: httpx2.Client) -> None:
    assert client.post("/api/v1/collections", json={"name": "brief"}).status_code == 201
    key = str(uuid.uuid4())
    run = ended(client, start(client, "For a while.", key, collection="brief").json()["id"])
    assert client.delete("/api/v1/collections/brief").status_code == 204
    assert client.get(f"{RUNS}/{run['id']}").json() == run
    assert start(client, "For a while.", key, collection="brief").json()["id"] == run["id"]
    for other in (None, str(uuid.uuid4())):
        again = start(client, "For a while.", other, collection="brief")
        assert_problem(again, 404, "not_found")


def test_another_tenants_run_is_not_there(
    platform: Running, client: httpx2.Client, tenant: Tenant, neighbour_api: httpx2.Client
) -> None:
    run = ended(client, start(client, "Ours alone.").json()["id"])
    before = rows(platform, tenant)
    assert_problem(neighbour_api.get(f"{RUNS}/{run['id']}"), 404, "not_found")
    assert_problem(neighbour_api.get(f"{RUNS}/{run['id']}/events"), 404, "not_found")
    assert_problem(neighbour_api.post(f"{RUNS}/{run['id']}/cancel"), 404, "not_found")
    theirs = neighbour_api.get(RUNS, params={"limit": 200}).json()["items"]
    assert run["id"] not in {item["id"] for item in theirs}
    assert rows(platform, tenant) == before


@pytest.mark.parametrize(
    "goal", ["x" * 10_000, "👩‍👩‍👧 " * 100, "$run.goal", "$$", "'; DROP TABLE runs"]
)
def test_odd_goals_are_worked_on_as_they_are(client: httpx2.Client, goal: str) -> None:
    run = ended(client, start(client, goal).json()["id"])
    assert run["goal"] == goal
    assert run["status"] == "succeeded", run


def test_a_run_says_what_each_step_was_given(client: httpx2.Client) -> None:
    run = ended(client, start(client, "Who cleans the coffee machine?").json()["id"])
    given = {step["id"]: step["input"] for step in run["steps"]}
    assert given["research"]["question"] == "Who cleans the coffee machine?"
    outputs = {step["id"]: step["output"] for step in run["steps"]}
    assert given["write"]["passages"] == outputs["research"]["passages"]
    assert given["review"]["answer"] == outputs["write"]


def test_runs_of_one_workflow_are_listed(client: httpx2.Client) -> None:
    ended(client, start(client, "One question at least.").json()["id"])
    for workflow in ("answer", "index"):
        items = client.get(RUNS, params={"workflow": workflow, "limit": 200}).json()["items"]
        assert {item["workflow"] for item in items} == {workflow}
    assert client.get(RUNS, params={"workflow": "nobody-has-it"}).json()["items"] == []
    assert_problem(
        client.get(RUNS, params={"workflow": "Not a name"}), 422, "invalid_input", "workflow"
    )
