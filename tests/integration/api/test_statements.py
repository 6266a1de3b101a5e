"""How many statements a request takes, and a step of a run: a number that grows here is a choice.

Round trips are statements with what surrounds them: transactions, the tenant, checks of pools.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import httpx2
import pytest

from sutazai.records.database import Database
from sutazai.records.runs import SqlRuns
from tests.integration.api.answers import ended, events, indexed
from tests.integration.api.counting import Sent, count, heard, shortened
from tests.integration.api.running import Running

DOCUMENTS = "/api/v1/collections/default/documents"
RUN, QUESTION = {"goal": "Who counts?"}, {"query": "count"}
FILE, SAME = {"file": ("new.txt", b"New words.")}, {"file": ("there.txt", b"Words to count.")}


@dataclass(frozen=True)
class Asked:
    """Things that requests ask for."""

    client: httpx2.Client
    run: str
    document: str


@pytest.fixture(scope="module")
def database(platform: Running) -> Iterator[Database]:
    """Give the platform's connections, all of them new and heard."""
    opened = cast(SqlRuns, platform.platform.runs.records).database
    with heard(opened.engine, platform.statements):
        platform.call(opened.engine.dispose())
        yield opened
        platform.call(opened.engine.dispose())


@pytest.fixture(scope="module")
def asked(platform: Running, database: Database) -> Iterator[Asked]:
    """Make a tenant with a document and a run that ended."""
    with platform.client(platform.new_tenant()) as client:
        document = indexed(client, "there.txt", "Words to count.")["id"]
        run = client.post("/api/v1/runs", json=RUN).json()["id"]
        assert ended(client, run)["status"] == "succeeded"
        yield Asked(client, run, document)


def of_the_request(platform: Running) -> list[str]:
    """Give what requests sent: the workers' role is at work beside them."""
    platform.call(asyncio.sleep(0.01))  # asyncpg tells its listeners in the loop's next turn
    return [one.text for one in platform.statements if one.role == "sutazai_app"]


@pytest.mark.parametrize(
    ("method", "path", "body", "sent"),
    [
        ("GET", "/api/v1/runs/{run}", {}, Sent(2, 2)),
        ("GET", "/api/v1/runs?limit=200", {}, Sent(2, 2)),
        ("POST", "/api/v1/runs/{run}/cancel", {}, Sent(4, 6)),
        ("GET", "/api/v1/collections", {}, Sent(2, 2)),
        ("GET", "/api/v1/collections/default", {}, Sent(2, 2)),
        ("GET", DOCUMENTS, {}, Sent(2, 2)),
        ("GET", DOCUMENTS + "/{document}", {}, Sent(2, 2)),
        ("GET", DOCUMENTS + "/{document}/text", {}, Sent(2, 8)),
        ("POST", "/api/v1/search", {"json": QUESTION}, Sent(3, 3)),
        ("POST", "/api/v1/runs", {"json": RUN}, Sent(2, 2)),
        ("POST", DOCUMENTS, {"files": SAME}, Sent(5, 11)),
        ("POST", DOCUMENTS, {"files": FILE}, Sent(8, 14)),
        ("GET", "/api/v1/agents", {}, Sent(1, 1)),
        ("GET", "/health/live", {}, Sent(0, 0)),
        ("GET", "/health/ready", {}, Sent(1, 1)),
    ],
    ids=[
        *("read a run", "list runs", "cancel a run that ended", "list collections"),
        *("read a collection", "list documents", "read a document", "open a passage", "search"),
        *("start a run", "upload what is there", "upload what is new", "list agents", "live"),
        "ready",
    ],
)
def test_statements_of_a_request(
    platform: Running, asked: Asked, method: str, path: str, body: dict[str, Any], sent: Sent
) -> None:
    platform.statements.clear()
    filled = path.format(run=asked.run, document=asked.document)
    answer = asked.client.request(method, filled, **body)
    assert answer.status_code < 300, answer.text
    found = of_the_request(platform)
    if answer.status_code == 202:
        started = answer.json().get("run") or answer.json()
        ended(asked.client, started["id"])
    assert count(found) == sent, shortened(found)


def test_a_list_takes_as_many_statements_as_one_item(platform: Running, asked: Asked) -> None:
    for number in range(5):
        indexed(asked.client, f"{number}.txt", f"Text {number}.")
    for path in (DOCUMENTS, "/api/v1/collections", "/api/v1/runs"):
        platform.statements.clear()
        assert asked.client.get(path).status_code == 200
        assert count(of_the_request(platform)).statements == 2


def test_a_watcher_of_an_ended_run_takes_three_statements(platform: Running, asked: Asked) -> None:
    platform.statements.clear()
    assert list(events(asked.client, asked.run))
    assert count(of_the_request(platform)) == Sent(3, 3)  # the key, the run, its events
