"""The way of a newcomer over HTTP, given an address and an API key; a profile's test opens it.

Nothing here knows what runs behind the address: that is what makes two profiles one product.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2
import pytest

LEASES = (
    "# Leases\n\nHow a worker keeps its task.\n\n## How long they hold\n\n"
    "A lease holds for ten seconds without a heartbeat. Heartbeats renew it every second.\n"
)
QUESTION = "How long does a lease hold without a heartbeat?"
DOCUMENTS = "/api/v1/collections/{collection}/documents"
AGENTS = {"librarian", "researcher", "reviewer", "writer"}
STEPS = ["research", "write", "review"]
# A run takes less than a second; to cancel one in time may want a few of them.
CANCELS = 20

Event = dict[str, str]


@dataclass(frozen=True)
class Door:
    """Where a platform is reached, and the key that lets in."""

    url: str
    api_key: str

    def client(self, **headers: str) -> httpx2.Client:
        """Open a client that is let in; the caller closes it."""
        known = {"Authorization": f"Bearer {self.api_key}", **headers}
        return httpx2.Client(base_url=self.url, headers=known, timeout=60, verify=False)


class JourneySuite:
    """Ingest, ask, watch, open what is cited, cancel, remove; a profile gives `door`."""

    @pytest.fixture
    def door(self) -> Door:
        """Give the way in."""
        raise NotImplementedError

    @pytest.fixture
    def client(self, door: Door) -> Iterator[httpx2.Client]:
        with door.client() as client:
            yield client

    @pytest.fixture
    def collection(self, client: httpx2.Client) -> Iterator[str]:
        """Give a collection of the test's own."""
        name = f"journey-{uuid4().hex[:8]}"
        assert client.post("/api/v1/collections", json={"name": name}).status_code == 201
        yield name
        client.delete(f"/api/v1/collections/{name}")

    def test_it_is_ready_and_its_agents_are_there(self, client: httpx2.Client) -> None:
        ready = client.get("/health/ready")
        assert ready.status_code == 200
        assert ready.json()["ready"] is True
        agents = client.get("/api/v1/agents").json()["items"]
        assert {agent["name"] for agent in agents if agent["status"] != "down"} >= AGENTS

    def test_no_key_or_a_wrong_one_is_refused(self, door: Door) -> None:
        for headers in ({}, {"Authorization": "Bearer sk_wrong"}):
            answer = httpx2.get(f"{door.url}/api/v1/runs", headers=headers, timeout=30)
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/problem+json"

    def test_a_question_is_answered_with_citations_that_open(
        self, client: httpx2.Client, collection: str
    ) -> None:
        upload(client, collection, "leases.md", LEASES)
        run = ask(client, collection)
        events = watch(client, run)
        assert [event["event"] for event in events][-1] == "run.succeeded"
        shown = client.get(f"/api/v1/runs/{run}").json()
        assert [step["id"] for step in shown["steps"]] == STEPS
        assert "ten seconds" in shown["result"]["answer"]
        assert shown["result"]["grounded"] is True
        [first, *_] = shown["citations"]
        assert first["document"]["name"] == "leases.md"
        assert first["heading_path"] == ["Leases", "How long they hold"]
        for citation in shown["citations"]:
            assert open_citation(client, collection, citation) == citation["quote"]

    def test_events_come_one_by_one_and_go_on_after_the_last_one_seen(
        self, client: httpx2.Client, collection: str
    ) -> None:
        upload(client, collection, "leases.md", LEASES)
        run = ask(client, collection)
        seen = watch(client, run, until="step.started")
        rest = watch(client, run, after=seen[-1]["id"])
        numbers = [int(event["id"]) for event in (*seen, *rest)]
        assert numbers == list(range(1, len(numbers) + 1))
        kinds = [event["event"] for event in (*seen, *rest)]
        assert kinds.count("step.succeeded") == len(STEPS)
        assert kinds[-1] == "run.succeeded"
        # A run that has ended gives all of its events again, and nothing after the last.
        assert [event["id"] for event in watch(client, run)] == [str(n) for n in numbers]

    @pytest.mark.requirement("E6", part="conversation history: asked over HTTP, in both profiles")
    def test_a_question_that_leans_on_another_is_answered_in_its_conversation(
        self, client: httpx2.Client, collection: str
    ) -> None:
        upload(client, collection, "leases.md", LEASES)
        made = client.post("/api/v1/conversations", json={"collection": collection})
        place = f"/api/v1/conversations/{made.json()['id']}"
        for question in ("What keeps a lease of a worker?", "And how long does it hold?"):
            posted = client.post(f"{place}/messages", json={"goal": question})
            assert posted.status_code == 202, posted.text
            events = watch(client, posted.json()["run"]["id"])
            assert events[-1]["event"] == "run.succeeded"
        messages = client.get(f"{place}/messages").json()["items"]
        assert [message["role"] for message in messages] == ["assistant", "user"] * 2
        assert "ten seconds" in messages[0]["text"]
        assert messages[0]["context"]["used"] == 2
        run = client.get(f"/api/v1/runs/{messages[0]['run']}").json()
        assert run["conversation"] == made.json()["id"]
        assert client.delete(place).status_code == 204
        assert client.get(place).status_code == 404

    @pytest.mark.requirement("E2", part="unchanged content skipped")
    def test_the_same_file_again_costs_nothing(
        self, client: httpx2.Client, collection: str
    ) -> None:
        first = upload(client, collection, "twice.md", "# Twice\n\nSent two times, kept once.\n")
        again = send(client, collection, "twice.md", "# Twice\n\nSent two times, kept once.\n")
        assert again.status_code == 200
        assert again.json()["run"] is None
        assert again.json()["document"]["id"] == first["id"]
        assert again.json()["document"]["status"] == "indexed"
        other = send(client, collection, "twice.md", "# Twice\n\nOther words.\n")
        assert other.status_code == 202
        assert other.json()["document"]["version"] == 2

    def test_the_same_run_by_its_key_is_one_run(
        self, client: httpx2.Client, collection: str
    ) -> None:
        body, key = {"goal": QUESTION, "collection": collection}, {"Idempotency-Key": str(uuid4())}
        ids = {client.post("/api/v1/runs", json=body, headers=key).json()["id"] for _ in range(3)}
        assert len(ids) == 1

    def test_a_run_is_cancelled_and_stays_so(self, client: httpx2.Client, collection: str) -> None:
        upload(client, collection, "leases.md", LEASES)
        path, cancelled = eventually_cancelled(client, collection)
        assert watch(client, path.rpartition("/")[2])[-1]["event"] == "run.cancelled"
        # Once more changes nothing.
        again = client.post(f"{path}/cancel").json()
        assert again["finished_at"] == cancelled["finished_at"]
        assert again["result"] is None

    def test_a_document_that_is_removed_is_found_no_more(
        self, client: httpx2.Client, collection: str
    ) -> None:
        document = upload(client, collection, "leases.md", LEASES)
        place = f"{DOCUMENTS.format(collection=collection)}/{document['id']}"
        assert client.delete(place).status_code == 204
        assert client.get(place).status_code == 404
        run = ask(client, collection)
        watch(client, run)
        shown = client.get(f"/api/v1/runs/{run}").json()
        assert shown["citations"] == []
        assert "ten seconds" not in (shown["result"] or {}).get("answer", "")


def send(client: httpx2.Client, collection: str, name: str, text: str) -> httpx2.Response:
    """Send a document; gives the answer."""
    files = {"file": (name, text.encode(), "application/octet-stream")}
    return client.post(DOCUMENTS.format(collection=collection), files=files)


def upload(client: httpx2.Client, collection: str, name: str, text: str) -> dict[str, Any]:
    """Send a document and wait until it is indexed; gives the document."""
    answer = send(client, collection, name, text)
    assert answer.status_code == 202, answer.text
    document: dict[str, Any] = answer.json()["document"]
    assert answer.headers["location"].endswith(document["id"])
    assert watch(client, answer.json()["run"]["id"])[-1]["event"] == "run.succeeded"
    return document


def ask(client: httpx2.Client, collection: str, goal: str = QUESTION) -> str:
    """Start a run; gives its id."""
    answer = client.post("/api/v1/runs", json={"goal": goal, "collection": collection})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def watch(
    client: httpx2.Client, run: str, *, after: str | None = None, until: str | None = None
) -> list[Event]:
    """Watch the numbered events of a run until one of a kind, or to the end of the stream."""
    headers = {} if after is None else {"Last-Event-ID": after}
    seen: list[Event] = []
    with client.stream("GET", f"/api/v1/runs/{run}/events", headers=headers) as stream:
        assert stream.status_code == 200
        event: Event = {}
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            if line:
                event[name] = value
                continue
            if "id" in event:
                seen.append(event)
                if event["event"] == until:
                    break
            event = {}
    return seen


def open_citation(client: httpx2.Client, collection: str, citation: dict[str, Any]) -> str:
    """Open a citation: the stored text at its span."""
    path = f"{DOCUMENTS.format(collection=collection)}/{citation['document']['id']}/text"
    answer = client.get(path, params={"start": citation["start"], "end": citation["end"]})
    assert answer.status_code == 200
    return str(answer.json()["text"])


def eventually_cancelled(client: httpx2.Client, collection: str) -> tuple[str, dict[str, Any]]:
    """Cancel runs until one had not ended before; gives its path and what it says."""
    for _ in range(CANCELS):
        path = f"/api/v1/runs/{ask(client, collection)}"
        answer = client.post(f"{path}/cancel")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        if shown["status"] == "cancelled":
            return path, shown
        assert shown["status"] == "succeeded"
    raise AssertionError(f"{CANCELS} runs ended before they could be cancelled")
