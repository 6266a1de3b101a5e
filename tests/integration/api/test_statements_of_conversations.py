"""How many statements a request to conversations takes: a number that grows here is a choice."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.integration.api.answers import ended, indexed
from tests.integration.api.counting import Sent, count, shortened
from tests.integration.api.running import Running

CONVERSATIONS = "/api/v1/conversations"
QUESTION = {"goal": "Who counts?"}


@dataclass(frozen=True)
class Talked:
    """A conversation with some questions, and whose it is."""

    client: httpx2.Client
    conversation: str


@pytest.fixture(scope="module")
def talked(platform: Running) -> Iterator[Talked]:
    """Make a tenant with a document and a conversation of three questions."""
    with platform.client(platform.new_tenant()) as client:
        indexed(client, "there.txt", "Words to count.")
        conversation = client.post(CONVERSATIONS, json={}).json()["id"]
        talked = Talked(client, conversation)
        for _ in range(3):
            ask(talked)
        yield talked


def ask(talked: Talked) -> None:
    path = f"{CONVERSATIONS}/{talked.conversation}/messages"
    posted = talked.client.post(path, json=QUESTION)
    assert posted.status_code == 202, posted.text
    ended(talked.client, posted.json()["run"]["id"])


def of_the_request(platform: Running) -> list[str]:
    platform.call(asyncio.sleep(0.01))  # asyncpg tells its listeners in the loop's next turn
    return [one.text for one in platform.statements if one.role == "sutazai_app"]


@pytest.mark.parametrize(
    ("method", "path", "body", "sent"),
    [
        ("GET", "", None, Sent(2, 2)),
        ("GET", "?limit=200", None, Sent(2, 2)),
        ("GET", "/{conversation}", None, Sent(2, 2)),
        ("GET", "/{conversation}/messages?limit=200", None, Sent(2, 2)),
        ("PATCH", "/{conversation}", {"title": "Counted"}, Sent(2, 2)),
        # The key, the collection, the conversation.
        ("POST", "", {}, Sent(3, 3)),
    ],
    ids=["list", "list many", "read", "messages", "rename", "make"],
)
def test_statements_of_a_request(
    platform: Running,
    talked: Talked,
    method: str,
    path: str,
    body: dict[str, Any] | None,
    sent: Sent,
) -> None:
    filled = CONVERSATIONS + path.format(conversation=talked.conversation)
    platform.statements.clear()
    answer = talked.client.request(method, filled, json=body)
    assert answer.status_code < 300, answer.text
    found = of_the_request(platform)
    assert count(found) == sent, shortened(found)


def test_a_question_takes_as_many_whatever_was_said_before(
    platform: Running, talked: Talked
) -> None:
    path = f"{CONVERSATIONS}/{talked.conversation}/messages"
    counted = []
    for _ in range(3):
        platform.statements.clear()
        posted = talked.client.post(path, json=QUESTION)
        found = of_the_request(platform)
        ended(talked.client, posted.json()["run"]["id"])
        counted.append(count(found))
    # The key, the conversation, what was said; then its lock, its state, run, question; the run.
    assert counted == [Sent(9, 11)] * 3, shortened(found)


def test_the_end_of_a_run_takes_one_statement_more_than_outside_of_a_conversation(
    platform: Running, talked: Talked
) -> None:
    def workers(path: str) -> list[str]:
        platform.statements.clear()
        started = talked.client.post(path, json=QUESTION).json()
        ended(talked.client, (started.get("run") or started)["id"])
        platform.call(asyncio.sleep(0.01))
        sent = [one.text for one in platform.statements if one.role == "sutazai_worker"]
        return [text for text in shortened(sent) if text.startswith("INSERT INTO messages")]

    assert workers("/api/v1/runs") == []
    assert len(workers(f"{CONVERSATIONS}/{talked.conversation}/messages")) == 1
