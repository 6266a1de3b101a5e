"""What tests say of answers, and how they wait for runs."""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import httpx2

ENDED = {"succeeded", "failed", "cancelled"}


def assert_problem(
    answer: httpx2.Response, status: int, code: str, field: str | None = None
) -> dict[str, Any]:
    """See that an answer is a problem document (RFC 9457) that says what is wrong, and where."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["code"] == code, problem
    assert problem["type"] == f"urn:sutazai:problem:{code}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]
    fields = [error["field"] for error in problem["errors"]]
    assert all(error["message"] for error in problem["errors"])
    if field is not None:
        assert field in fields, problem
    return problem


def upload(
    api: httpx2.Client,
    name: str,
    content: str | bytes,
    collection: str = "default",
    media_type: str = "application/octet-stream",
) -> httpx2.Response:
    """Upload a document as clients do: the part's type says nothing."""
    data = content.encode() if isinstance(content, str) else content
    return api.post(
        f"/api/v1/collections/{collection}/documents", files={"file": (name, data, media_type)}
    )


def indexed(
    api: httpx2.Client, name: str, content: str | bytes, collection: str = "default"
) -> dict[str, Any]:
    """Upload a document, wait until it is indexed, and give its state.

    A test that is tried again finds its document there: that is as good.
    """
    answer = upload(api, name, content, collection)
    assert answer.status_code in {200, 202}, answer.text
    body = answer.json()
    if body["run"] is not None:
        run = ended(api, body["run"]["id"])
        assert run["status"] == "succeeded", run
    path = f"/api/v1/collections/{collection}/documents/{body['document']['id']}"
    document: dict[str, Any] = api.get(path).json()
    assert document["status"] == "indexed"
    return document


def ended(api: httpx2.Client, run: str, seconds: float = 30.0) -> dict[str, Any]:
    """Wait for a run's end by its stream, and give the run."""
    list(events(api, run, seconds=seconds))
    found: dict[str, Any] = api.get(f"/api/v1/runs/{run}").json()
    assert found["status"] in ENDED
    return found


@dataclass(frozen=True)
class Seen:
    """A server-sent event as it came over the wire, or a comment."""

    id: str | None
    event: str | None
    data: str | None
    comment: str | None = None


def events(
    api: httpx2.Client, run: str, after: str | None = None, *, seconds: float = 30.0
) -> Generator[Seen, None, None]:
    """Watch a run until the stream ends; comments are given too."""
    headers = {"Last-Event-ID": after} if after is not None else {}
    deadline = time.monotonic() + seconds
    with api.stream("GET", f"/api/v1/runs/{run}/events", headers=headers) as stream:
        assert stream.status_code == 200, stream.read()
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        block: dict[str, str] = {}
        for line in stream.iter_lines():
            assert time.monotonic() < deadline, "the run takes too long"
            if line:
                name, _, value = line.partition(": ")
                assert name not in block, "two fields of one name in one event"
                block[name] = value
            elif block:
                yield Seen(block.get("id"), block.get("event"), block.get("data"), block.get(""))
                block = {}
        assert not block, "the stream ended within an event"


def eventually(condition: Callable[[], object], what: str, seconds: float = 10.0) -> None:
    """Wait for a condition; fail, naming it, when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not in {seconds} s: {what}"
        time.sleep(0.01)
