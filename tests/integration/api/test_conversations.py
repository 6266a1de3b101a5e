"""Conversations over HTTP: a question and its answer stand together, seen by their user alone."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.integration.api.answers import assert_problem, ended, indexed
from tests.integration.api.kept import nothing_kept, rows
from tests.integration.api.running import Running, Tenant

CONVERSATIONS = "/api/v1/conversations"
LEASE = """# The flat

## Deposit

The deposit is 2,820 euros. The landlord returns it six months after the flat is handed back.

## Pets

Cats may be kept. A dog needs the landlord's consent.
"""


@pytest.fixture(scope="module")
def tenant(platform: Running) -> Tenant:
    """Make a tenant whose conversations are these alone."""
    return platform.new_tenant()


@pytest.fixture(scope="module")
def client(platform: Running, tenant: Tenant) -> Iterator[httpx2.Client]:
    """Open its client, with a lease in its collection."""
    with platform.client(tenant) as opened:
        indexed(opened, "lease.md", LEASE)
        yield opened


@pytest.fixture(scope="module")
def colleague(platform: Running, tenant: Tenant) -> Iterator[httpx2.Client]:
    """Open a client of another user of the same tenant."""
    with platform.client(platform.new_user(tenant.id)) as opened:
        yield opened


def begin(client: httpx2.Client, **body: str) -> str:
    made = client.post(CONVERSATIONS, json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def post(
    client: httpx2.Client, conversation: str, goal: str, key: str | None = None, **body: str
) -> httpx2.Response:
    headers = {"Idempotency-Key": key} if key else {}
    path = f"{CONVERSATIONS}/{conversation}/messages"
    return client.post(path, json={"goal": goal, **body}, headers=headers)


def ask(client: httpx2.Client, conversation: str, goal: str) -> dict[str, Any]:
    """Ask, wait for the run's end, and give the answer's message, which is there at once."""
    posted = post(client, conversation, goal)
    assert posted.status_code == 202, posted.text
    ended(client, posted.json()["run"]["id"])
    return messages(client, conversation)[0]


def messages(client: httpx2.Client, conversation: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{CONVERSATIONS}/{conversation}/messages").json()[
        "items"
    ]
    return found


def test_a_question_and_its_answer_stand_together(client: httpx2.Client) -> None:
    made = client.post(CONVERSATIONS, json={})
    assert made.status_code == 201
    conversation = made.json()
    assert made.headers["location"] == f"{CONVERSATIONS}/{conversation['id']}"
    assert (conversation["title"], conversation["collection"]) == (None, "default")
    assert (conversation["messages"], conversation["busy"]) == (0, False)

    posted = post(client, conversation["id"], "How much is the deposit?")
    assert posted.status_code == 202
    question, run = posted.json()["message"], posted.json()["run"]
    assert posted.headers["location"] == f"/api/v1/runs/{run['id']}"
    assert (question["number"], question["role"], question["run"]) == (1, "user", run["id"])
    assert question["text"] == run["goal"] == "How much is the deposit?"
    assert question["context"]["used"] == 0

    done = ended(client, run["id"])
    answer, asked = messages(client, conversation["id"])
    assert asked == question
    assert (answer["number"], answer["role"], answer["run"]) == (2, "assistant", run["id"])
    assert (answer["status"], answer["error"]) == ("succeeded", None)
    assert answer["text"] == done["result"]["answer"]
    assert "2,820 euros" in answer["text"]
    for name in ("kind", "grounded", "confidence"):
        assert answer[name] == done["result"][name]
    assert answer["citations"] == done["citations"]
    assert done["conversation"] == conversation["id"]

    after = client.get(f"{CONVERSATIONS}/{conversation['id']}").json()
    assert after["title"] == "How much is the deposit?"
    assert (after["messages"], after["busy"]) == (2, False)


def test_a_run_of_its_own_names_no_conversation(client: httpx2.Client) -> None:
    run = client.post("/api/v1/runs", json={"goal": "Are cats allowed?"}).json()
    assert ended(client, run["id"])["conversation"] is None
    assert run["context"] is None


def test_a_follow_up_is_answered_from_what_it_means(client: httpx2.Client) -> None:
    conversation = begin(client)
    ask(client, conversation, "How much is the deposit?")
    answer = ask(client, conversation, "And when is it returned?")
    assert "six months" in answer["text"]
    assert answer["context"]["used"] == 2
    assert answer["context"]["dropped"] == 0
    assert 0 < answer["context"]["tokens"] <= answer["context"]["budget"]
    run = client.get(f"/api/v1/runs/{answer['run']}").json()
    assert run["context"] == answer["context"]


def test_an_answer_that_fails_says_why(client: httpx2.Client, platform: Running) -> None:
    conversation = begin(client)
    posted = post(client, conversation, "Will this be cancelled?")
    run = posted.json()["run"]["id"]
    client.post(f"/api/v1/runs/{run}/cancel")
    if ended(client, run)["status"] == "cancelled":
        answer = messages(client, conversation)[0]
        assert (answer["status"], answer["text"]) == ("cancelled", "")
        assert answer["error"] == "cancelled by request"
    assert client.get(f"{CONVERSATIONS}/{conversation}").json()["busy"] is False


def test_one_question_at_a_time(client: httpx2.Client, platform: Running) -> None:
    conversation = begin(client)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: post(client, conversation, f"Cats {n}?"), range(4)))
    taken = [answer for answer in answers if answer.status_code == 202]
    assert taken
    for answer in answers:
        if answer.status_code != 202:
            assert_problem(answer, 409, "conversation_busy")
    for answer in taken:
        ended(client, answer.json()["run"]["id"])
    found = messages(client, conversation)
    assert [each["number"] for each in found] == list(range(2 * len(taken), 0, -1))
    assert ask(client, conversation, "And dogs?")["number"] == 2 * len(taken) + 2


def test_a_key_asks_once(platform: Running, client: httpx2.Client, tenant: Tenant) -> None:
    conversation, key = begin(client), str(uuid.uuid4())
    first = post(client, conversation, "Are cats allowed?", key)
    ended(client, first.json()["run"]["id"])
    with nothing_kept(platform, tenant):
        again = post(client, conversation, "Are cats allowed?", key)
        assert again.status_code == 202
        assert again.json()["message"] == first.json()["message"]
        assert again.json()["run"]["id"] == first.json()["run"]["id"]
        other = post(client, conversation, "Are dogs allowed?", key)
        assert_problem(other, 409, "idempotency_mismatch", "Idempotency-Key")
        elsewhere = client.post(
            "/api/v1/runs", json={"goal": "x"}, headers={"Idempotency-Key": key}
        )
        assert_problem(elsewhere, 409, "idempotency_mismatch")
    another = begin(client)
    assert_problem(post(client, another, "Are cats allowed?", key), 409, "idempotency_mismatch")
    assert client.get(f"{CONVERSATIONS}/{another}").json()["messages"] == 0


def test_conversations_are_listed_last_asked_first(platform: Running) -> None:
    with platform.client(platform.new_tenant()) as client:
        assert client.get(CONVERSATIONS).json() == {"items": [], "next": None}
        made = [begin(client, title=f"Number {number}") for number in range(5)]
        ask(client, made[1], "Is anybody there?")
        expected = [made[1], made[4], made[3], made[2], made[0]]
        first = client.get(CONVERSATIONS, params={"limit": 3}).json()
        second = client.get(CONVERSATIONS, params={"limit": 3, "cursor": first["next"]}).json()
        assert [one["id"] for one in first["items"] + second["items"]] == expected
        assert second["next"] is None
        assert first["items"][0]["title"] == "Number 1"
        refused = client.get(CONVERSATIONS, params={"cursor": "bm9uZQ"})
        assert_problem(refused, 422, "invalid_input", "cursor")


def test_messages_are_listed_in_pages(client: httpx2.Client) -> None:
    conversation = begin(client)
    for _ in range(2):
        ask(client, conversation, "Are cats allowed?")
    path, numbers = f"{CONVERSATIONS}/{conversation}/messages", []
    page = client.get(path, params={"limit": 3}).json()
    numbers += [each["number"] for each in page["items"]]
    page = client.get(path, params={"limit": 3, "cursor": page["next"]}).json()
    numbers += [each["number"] for each in page["items"]]
    assert numbers == [4, 3, 2, 1]
    assert page["next"] is None
    assert_problem(client.get(path, params={"cursor": "LTE"}), 422, "invalid_input", "cursor")


def test_a_title_is_changed(client: httpx2.Client) -> None:
    conversation = begin(client)
    path = f"{CONVERSATIONS}/{conversation}"
    renamed = client.patch(path, json={"title": "The flat"})
    assert renamed.status_code == 200
    assert renamed.json()["title"] == "The flat"
    ask(client, conversation, "Are cats allowed?")
    assert client.get(path).json()["title"] == "The flat"
    assert_problem(client.patch(path, json={"title": " "}), 422, "invalid_input", "title")
    assert_problem(client.patch(path, json={"title": "x" * 201}), 422, "invalid_input", "title")


def test_what_is_removed_is_gone_and_its_runs_stay(
    platform: Running, client: httpx2.Client, tenant: Tenant
) -> None:
    before = rows(platform, tenant)
    conversation = begin(client)
    first = ask(client, conversation, "Are cats allowed?")
    working = post(client, conversation, "And dogs?").json()["run"]["id"]
    assert client.delete(f"{CONVERSATIONS}/{conversation}").status_code == 204
    for path in (CONVERSATIONS, f"{CONVERSATIONS}/{conversation}"):
        listed = client.get(path)
        assert conversation not in listed.text or listed.status_code == 404
    assert_problem(client.get(f"{CONVERSATIONS}/{conversation}/messages"), 404, "not_found")
    assert_problem(post(client, conversation, "Still there?"), 404, "not_found")
    assert_problem(client.delete(f"{CONVERSATIONS}/{conversation}"), 404, "not_found")
    assert client.get(f"/api/v1/runs/{first['run']}").json()["conversation"] is None
    assert ended(client, working)["status"] in {"cancelled", "succeeded"}
    after = rows(platform, tenant)
    for table in ("conversations", "messages", "turns"):
        assert after[table] == before[table], table
    assert after["runs"] == before["runs"] + 2


@pytest.mark.requirement("E6", part="conversation history: kept by user, seen by nobody else")
@pytest.mark.parametrize("who", ["colleague", "neighbour_api"])
def test_nobody_else_sees_or_changes_a_conversation(
    request: pytest.FixtureRequest, platform: Running, client: httpx2.Client, who: str
) -> None:
    stranger: httpx2.Client = request.getfixturevalue(who)
    conversation = begin(client, title="Mine")
    ask(client, conversation, "How much is the deposit?")
    open_run = post(client, conversation, "And when is it returned?").json()["run"]["id"]
    path = f"{CONVERSATIONS}/{conversation}"
    assert all(one["id"] != conversation for one in stranger.get(CONVERSATIONS).json()["items"])
    for answer in (
        stranger.get(path),
        stranger.get(f"{path}/messages"),
        stranger.patch(path, json={"title": "Theirs"}),
        stranger.delete(path),
        stranger.post(f"{path}/messages", json={"goal": "What did they ask?"}),
    ):
        assert_problem(answer, 404, "not_found")
    assert ended(client, open_run)["status"] == "succeeded", "nobody else cancels it by removing"
    assert client.get(path).json()["title"] == "Mine"
    assert len(messages(client, conversation)) == 4


def test_whoever_cancels_the_run_the_answer_reaches_its_conversation(
    client: httpx2.Client, colleague: httpx2.Client
) -> None:
    conversation = begin(client)
    run = post(client, conversation, "Are cats allowed?").json()["run"]["id"]
    assert colleague.post(f"/api/v1/runs/{run}/cancel").status_code == 200
    status = ended(client, run)["status"]
    answer = messages(client, conversation)[0]
    assert (answer["role"], answer["status"]) == ("assistant", status)


def test_what_is_not_there_is_said(client: httpx2.Client) -> None:
    missing = client.post(CONVERSATIONS, json={"collection": "missing"})
    assert_problem(missing, 404, "not_found")
    conversation = begin(client)
    assert_problem(post(client, conversation, "x", collection="missing"), 404, "not_found")
    refused = post(client, conversation, "x", workflow="missing")
    assert_problem(refused, 422, "invalid_input", "workflow")
    assert_problem(post(client, conversation, "x", workflow="index"), 422, "invalid_input")
    assert_problem(post(client, conversation, " "), 422, "invalid_input", "goal")
    assert_problem(post(client, str(uuid.uuid4()), "x"), 404, "not_found")
    assert client.get(f"{CONVERSATIONS}/{conversation}").json()["messages"] == 0
