"""Retries over HTTP: from a failed run to a cited answer, in its conversation where it has one."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.integration.api.answers import assert_problem, ended, events, indexed
from tests.integration.api.failing import fail
from tests.integration.api.kept import nothing_kept, rows
from tests.integration.api.running import Running, Tenant

RUNS, CONVERSATIONS = "/api/v1/runs", "/api/v1/conversations"
QUESTION = "Who finds the coffee machine?"


@pytest.fixture(scope="module")
def tenant(platform: Running) -> Tenant:
    """Make a tenant whose runs are these alone."""
    return platform.new_tenant()


@pytest.fixture(scope="module")
def client(platform: Running, tenant: Tenant) -> Iterator[httpx2.Client]:
    """Open its client, with a handbook in its collection."""
    with platform.client(tenant) as opened:
        indexed(opened, "handbook.md", "# Coffee\n\nThe coffee machine is found by Ms. Okonkwo.\n")
        yield opened


def retry(client: httpx2.Client, run: str, key: str | None = None) -> httpx2.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(f"{RUNS}/{run}/retry", headers=headers)


def failed(platform: Running, client: httpx2.Client, step: str = "write") -> str:
    """Give a run that failed at a step."""
    run: str = client.post(RUNS, json={"goal": QUESTION}).json()["id"]
    assert ended(client, run)["status"] == "succeeded"
    fail(platform, run, step)
    return run


def test_a_run_that_failed_is_taken_up_where_it_failed(
    platform: Running, client: httpx2.Client
) -> None:
    run = failed(platform, client)
    before = client.get(f"{RUNS}/{run}").json()
    answer = retry(client, run)
    assert answer.status_code == 202
    begun = answer.json()
    assert answer.headers["location"] == f"{RUNS}/{begun['id']}"
    assert (begun["retry_of"], begun["goal"], begun["collection"]) == (run, QUESTION, "default")

    done = ended(client, begun["id"])
    assert done["status"] == "succeeded"
    assert [step["kept"] for step in done["steps"]] == [True, False, False]
    assert [step["attempts"] for step in done["steps"]] == [0, 1, 1]
    assert done["usage"]["attempts"] == 2
    assert done["steps"][0]["output"] == before["steps"][0]["output"]
    assert "Okonkwo" in done["result"]["answer"]
    (citation,) = done["citations"]
    path = f"/api/v1/collections/default/documents/{citation['document']['id']}/text"
    span = {"start": citation["start"], "end": citation["end"]}
    assert client.get(path, params=span).json()["text"] == citation["quote"]
    # The old one stays as it ended, and lists tell which is which.
    assert client.get(f"{RUNS}/{run}").json() == before
    listed = {item["id"]: item["retry_of"] for item in client.get(RUNS).json()["items"]}
    assert (listed[run], listed[begun["id"]]) == (None, run)


def test_its_stream_tells_what_was_kept_and_then_what_is_worked(
    platform: Running, client: httpx2.Client
) -> None:
    run = failed(platform, client)
    told = [seen for seen in events(client, retry(client, run).json()["id"]) if seen.id]
    assert [int(seen.id or 0) for seen in told] == list(range(1, len(told) + 1))
    first = json.loads(told[0].data or "")
    assert (first["type"], first["data"]["step"]) == ("step.succeeded", "research")
    assert (first["data"]["attempt"], first["data"]["kept_from"]) == (0, run)
    about = [(seen.event, json.loads(seen.data or "")["data"].get("step")) for seen in told[1:]]
    worked = [what for what in about if what[0] != "step.progress"]
    assert worked == [
        ("step.ready", "write"),
        ("run.started", None),
        ("step.started", "write"),
        ("step.succeeded", "write"),
        ("step.ready", "review"),
        ("step.started", "review"),
        ("step.succeeded", "review"),
        ("run.succeeded", None),
    ]


def test_a_key_gives_the_same_retry(
    platform: Running, tenant: Tenant, client: httpx2.Client
) -> None:
    run, key = failed(platform, client), str(uuid.uuid4())
    begun = ended(client, retry(client, run, key).json()["id"])
    other = failed(platform, client)
    with nothing_kept(platform, tenant):
        replayed = retry(client, run, key)
        assert (replayed.status_code, replayed.json()) == (202, begun)
        assert_problem(retry(client, other, key), 409, "idempotency_mismatch", "Idempotency-Key")


def test_what_can_t_be_retried_is_refused_in_words(
    platform: Running, tenant: Tenant, client: httpx2.Client, neighbour_api: httpx2.Client
) -> None:
    done = client.post(RUNS, json={"goal": QUESTION}).json()["id"]
    assert ended(client, done)["status"] == "succeeded"
    run = failed(platform, client)
    indexing = client.get(RUNS, params={"workflow": "index"}).json()["items"][0]["id"]
    before = rows(platform, tenant)
    told = assert_problem(retry(client, done), 409, "run_not_retriable")
    assert "succeeded" in told["detail"]
    told = assert_problem(retry(client, indexing), 409, "run_not_retriable")
    assert "by the platform only" in told["detail"]
    assert_problem(retry(neighbour_api, run), 404, "not_found")
    assert_problem(retry(client, str(uuid.uuid4())), 404, "not_found")
    assert rows(platform, tenant) == before


def test_a_run_without_its_collection_is_not_retried(
    platform: Running, client: httpx2.Client
) -> None:
    assert client.post("/api/v1/collections", json={"name": "brief"}).status_code == 201
    run = client.post(RUNS, json={"goal": QUESTION, "collection": "brief"}).json()["id"]
    ended(client, run)
    fail(platform, run, "write")
    key = str(uuid.uuid4())
    begun = ended(client, retry(client, run, key).json()["id"])
    assert client.delete("/api/v1/collections/brief").status_code == 204
    assert client.post("/api/v1/collections", json={"name": "brief"}).status_code == 201
    told = assert_problem(retry(client, run), 409, "run_not_retriable")
    assert "brief is not there any more" in told["detail"]
    assert retry(client, run, key).json() == begun


def ask(client: httpx2.Client, conversation: str, goal: str) -> str:
    answer = client.post(f"{CONVERSATIONS}/{conversation}/messages", json={"goal": goal})
    assert answer.status_code == 202, answer.text
    run: str = answer.json()["run"]["id"]
    return run


def messages(client: httpx2.Client, conversation: str) -> list[dict[str, Any]]:
    """List messages, oldest first."""
    items = client.get(f"{CONVERSATIONS}/{conversation}/messages").json()["items"]
    return [*reversed(items)]


def test_a_question_of_a_conversation_is_answered_in_it(
    platform: Running, client: httpx2.Client
) -> None:
    conversation = client.post(CONVERSATIONS, json={}).json()["id"]
    ended(client, ask(client, conversation, "Is there a coffee machine?"))
    run = ask(client, conversation, QUESTION)
    before = ended(client, run)
    fail(platform, run, "write")
    key = str(uuid.uuid4())
    begun = retry(client, run, key).json()
    assert (begun["conversation"], begun["context"]) == (conversation, before["context"])
    done = ended(client, begun["id"])
    *_, asked, answered = messages(client, conversation)
    assert (asked["number"], answered["number"]) == (5, 6)
    assert (asked["text"], asked["run"], asked["context"]) == (
        QUESTION,
        begun["id"],
        before["context"],
    )
    assert (answered["run"], answered["status"]) == (begun["id"], "succeeded")
    assert answered["text"] == done["result"]["answer"]
    assert answered["citations"] == done["citations"] != []
    found = client.get(f"{CONVERSATIONS}/{conversation}").json()
    assert (found["messages"], found["busy"]) == (6, False)
    assert found["title"] == "Is there a coffee machine?"
    assert retry(client, run, key).json()["id"] == begun["id"]
    assert len(messages(client, conversation)) == 6


def test_a_conversation_answers_one_question_at_a_time(
    platform: Running, client: httpx2.Client
) -> None:
    conversation = client.post(CONVERSATIONS, json={}).json()["id"]
    run = ask(client, conversation, QUESTION)
    ended(client, run)
    fail(platform, run, "write")
    later = ask(client, conversation, "And where is it?")
    ended(client, later)
    # As it is while agents work.
    platform.execute(
        "DELETE FROM messages WHERE run_id = %(run)s AND role = 'assistant'", {"run": later}
    )
    assert_problem(retry(client, run), 409, "conversation_busy")
    assert len(messages(client, conversation)) == 3


def test_of_somebody_else_s_conversation_nobody_retries_a_question(
    platform: Running, tenant: Tenant, client: httpx2.Client
) -> None:
    conversation = client.post(CONVERSATIONS, json={}).json()["id"]
    run = ask(client, conversation, QUESTION)
    ended(client, run)
    fail(platform, run, "review")
    with platform.client(platform.new_user(tenant.id)) as colleague:
        told = assert_problem(retry(colleague, run), 409, "run_not_retriable")
        assert "conversation of somebody else" in told["detail"]
        # Once the conversation is gone, the run is one as any other.
        assert client.delete(f"{CONVERSATIONS}/{conversation}").status_code == 204
        done = ended(colleague, retry(colleague, run).json()["id"])
    assert (done["status"], done["conversation"]) == ("succeeded", None)
