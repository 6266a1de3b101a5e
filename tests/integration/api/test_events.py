"""Events of a run as a stream: in order, without gaps, resumed where a watcher left off."""

import json
import time
from collections.abc import Iterator

import httpx2
import pytest

from tests.integration.api.answers import assert_problem, ended, events, eventually, indexed, upload
from tests.integration.api.running import PING_S, Running

RUNS = "/api/v1/runs"
KINDS = {
    *("run.started", "step.ready", "step.started", "step.progress", "step.succeeded"),
    *("step.failed", "run.succeeded", "run.failed", "run.cancelled"),
}


@pytest.fixture(scope="module")
def client(platform: Running) -> Iterator[httpx2.Client]:
    """Open a client of a tenant with one document."""
    with platform.client(platform.new_tenant()) as opened:
        indexed(opened, "sea.txt", "The sea is salt because rivers carry minerals into it.")
        yield opened


@pytest.fixture(scope="module")
def finished(client: httpx2.Client) -> str:
    """Run a question to its end."""
    run = client.post(RUNS, json={"goal": "Why is the sea salt?"}).json()["id"]
    assert ended(client, run)["status"] == "succeeded"
    return str(run)


@pytest.fixture
def at_work(client: httpx2.Client) -> Iterator[str]:
    """Start a run that is at work until it is cancelled at the end."""
    text = "\n\n".join(f"{time.time()} paragraph {n} of words. " * 30 for n in range(120))
    run = upload(client, "slow.txt", text).json()["run"]["id"]
    yield run
    client.post(f"{RUNS}/{run}/cancel")


def test_events_come_in_order_without_gaps(client: httpx2.Client, finished: str) -> None:
    seen = [event for event in events(client, finished) if event.id]
    assert [event.id for event in seen] == [str(n) for n in range(1, len(seen) + 1)]
    kinds = [event.event for event in seen]
    assert set(kinds) <= KINDS
    assert kinds[0] == "step.ready"
    assert kinds[-1] == "run.succeeded"
    assert kinds.count("run.started") == 1
    assert [kinds.count(kind) for kind in ("step.ready", "step.started", "step.succeeded")] == [
        3
    ] * 3
    for event in seen:
        data = json.loads(event.data or "")
        assert (data["run"], str(data["seq"]), data["type"]) == (finished, event.id, event.event)
        assert set(data) == {"run", "seq", "type", "at", "data"}
    steps = [json.loads(event.data or "")["data"].get("step") for event in seen]
    assert {step for step in steps if step} == {"research", "write", "review"}


def test_a_watcher_from_the_start_sees_what_a_late_one_sees(client: httpx2.Client) -> None:
    run = client.post(RUNS, json={"goal": "What do rivers carry?"}).json()["id"]
    live, late = ([event for event in events(client, run) if event.id] for _ in range(2))
    assert [(event.id, event.event) for event in live] == [(e.id, e.event) for e in late]
    assert [json.loads(e.data or "") for e in live] == [json.loads(e.data or "") for e in late]
    assert live[-1].event == "run.succeeded"


def test_the_stream_goes_on_after_the_last_event_seen(client: httpx2.Client, finished: str) -> None:
    whole = [event for event in events(client, finished) if event.id]
    for last in range(len(whole)):
        assert list(events(client, finished, after=str(last))) == whole[last:]


@pytest.mark.parametrize("past", [0, 1, 1000, 2**31 - 1])
def test_a_stream_resumed_past_the_end_closes_at_once(
    client: httpx2.Client, finished: str, past: int
) -> None:
    last = len([event for event in events(client, finished) if event.id])
    after = min(last + past, 2**31 - 1)
    assert list(events(client, finished, after=str(after), seconds=5)) == []


def test_a_stream_resumed_in_the_future_goes_on_from_now(
    client: httpx2.Client, at_work: str
) -> None:
    stream = events(client, at_work, after="1000")
    assert next(stream).id != "1"
    client.post(f"{RUNS}/{at_work}/cancel")
    seen = [event for event in stream if event.id]
    assert seen[-1].event == "run.cancelled"
    assert int(seen[-1].id or 0) < 1000


def test_a_comment_comes_while_nothing_happens(client: httpx2.Client, at_work: str) -> None:
    begun = time.monotonic()
    for event in events(client, at_work):
        if event.comment is not None:
            assert (event.comment, event.id, event.event, event.data) == ("ping", None, None, None)
            break
    assert time.monotonic() - begun >= PING_S


def test_all_watchers_see_the_end(client: httpx2.Client, platform: Running, at_work: str) -> None:
    streams = [events(client, at_work), events(client, at_work)]
    firsts = [next(stream) for stream in streams]
    assert [first.id for first in firsts] == ["1", "1"]
    assert platform.platform.runs.feed.watchers >= 2
    client.post(f"{RUNS}/{at_work}/cancel")
    for stream in streams:
        assert [event.event for event in stream if event.id][-1] == "run.cancelled"


def test_a_watcher_that_leaves_is_forgotten(
    platform: Running, client: httpx2.Client, at_work: str
) -> None:
    feed = platform.platform.runs.feed
    eventually(lambda: feed.watchers == 0, "no earlier watcher is left")
    with httpx2.Client(base_url=platform.url, headers=client.headers, trust_env=False) as leaver:
        stream = events(leaver, at_work)
        assert next(stream).id == "1"
        assert feed.watchers == 1
        stream.close()
    eventually(lambda: feed.watchers == 0, "the watcher is gone")


def test_streams_are_not_compressed_or_kept(client: httpx2.Client, finished: str) -> None:
    with client.stream("GET", f"{RUNS}/{finished}/events") as stream:
        assert stream.headers["content-type"].split(";")[0] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-store"
        assert stream.headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in stream.headers


def test_a_browser_may_send_its_id_in_any_case(client: httpx2.Client, finished: str) -> None:
    headers = {"last-event-id": "1"}
    with client.stream("GET", f"{RUNS}/{finished}/events", headers=headers) as stream:
        assert next(stream.iter_lines()) == "id: 2"


def test_a_run_of_nobody_has_no_stream(client: httpx2.Client) -> None:
    nobody = "01900000-0000-7000-8000-000000000000"
    assert_problem(client.get(f"{RUNS}/{nobody}/events"), 404, "not_found")
