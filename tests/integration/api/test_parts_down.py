"""What the API says while its database or its embedder is away, and that it comes back."""

import asyncio
import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sutazai.bootstrap.processes.server import EmbeddedPostgres
from tests.integration.api.answers import assert_problem, ended, eventually, indexed
from tests.integration.api.running import Running, running
from tests.support.postgres import private_folder, start_test_postgres

pytestmark = pytest.mark.faults


class Server:
    """A PostgreSQL that a test stops and starts."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now: EmbeddedPostgres = start_test_postgres(root)

    def stop(self) -> None:
        asyncio.run(self.now.stop("immediate"))

    def start(self) -> None:
        self.now = start_test_postgres(self.root)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with private_folder() as root:
        server = Server(root)
        yield server
        server.stop()


@pytest.fixture(scope="module")
def own(server: Server, models_dir: Path) -> Iterator[Running]:
    """Run a platform of its own, whose parts may be killed."""
    with private_folder() as home, running(home, server.now.admin_dsn, models_dir) as it:
        yield it


@pytest.fixture
def client(own: Running) -> Iterator[httpx2.Client]:
    with own.client() as opened:
        yield opened


def unwell(client: httpx2.Client) -> dict[str, Any] | None:
    """Give the part that readiness names as unwell, and see that the answer fits."""
    answer = client.get("/health/ready")
    body = answer.json()
    parts = [part for part in body["parts"] if not part["ok"]]
    assert (answer.status_code, body["ready"]) == ((503, False) if parts else (200, True))
    assert all(part["detail"] and part["remedy"] for part in parts)
    assert client.get("/health/live").status_code == 200
    return parts[0] if parts else None


def names(client: httpx2.Client) -> str | None:
    part = unwell(client)
    return part["name"] if part else None


def assert_away(answer: httpx2.Response, code: str) -> None:
    assert_problem(answer, 503, code)
    assert int(answer.headers["retry-after"]) >= 1


def embedder_pid(own: Running) -> int:
    return int(json.loads((own.home / "run" / "embedder.pid").read_text())["pid"])


def test_the_embedder_dies_and_comes_back(own: Running, client: httpx2.Client) -> None:
    indexed(client, "a.txt", "The ferry leaves at dawn.")
    assert unwell(client) is None
    os.kill(embedder_pid(own), signal.SIGKILL)
    eventually(lambda: names(client) == "embedder", "readiness names the embedder")
    # A search waits for it a while; where that is not enough it says so.
    found = client.post("/api/v1/search", json={"query": "ferry"})
    if found.status_code != 200:
        assert_away(found, "embedder_unavailable")
    # What needs no embedder goes on.
    assert client.get("/api/v1/collections").status_code == 200
    run = client.post("/api/v1/runs", json={"goal": "When does the ferry leave?"}).json()["id"]
    eventually(lambda: unwell(client) is None, "the embedder is back", 20)
    assert client.post("/api/v1/search", json={"query": "ferry"}).json()["hits"]
    assert ended(client, run)["status"] == "succeeded"


def lookups(client: httpx2.Client) -> dict[str, float]:
    """Count the questions whose vector was looked for, by how that ended."""
    found = re.findall(
        r'^sutazai_cache_lookups_total{cache="questions",outcome="(\w+)"} (\S+)$',
        client.get("/metrics").text,
        re.MULTILINE,
    )
    return {outcome: float(count) for outcome, count in found}


def test_a_question_asked_before_is_searched_without_the_embedder(
    own: Running, client: httpx2.Client
) -> None:
    indexed(client, "b.txt", "The lighthouse is kept by two sisters.")
    asked = {"query": "Who keeps the lighthouse?"}
    first = client.post("/api/v1/search", json=asked).json()["hits"]
    before, pid = lookups(client), embedder_pid(own)
    os.kill(pid, signal.SIGSTOP)
    try:
        again = client.post("/api/v1/search", json=asked)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert again.json()["hits"] == first
    assert lookups(client) == before | {"hit": before.get("hit", 0) + 1}


def test_the_embedder_hangs(own: Running, client: httpx2.Client) -> None:
    pid = embedder_pid(own)
    os.kill(pid, signal.SIGSTOP)
    try:
        assert names(client) == "embedder"
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    eventually(lambda: unwell(client) is None, "the embedder is back", 20)


def test_the_database_goes_and_comes_back(
    own: Running, client: httpx2.Client, server: Server
) -> None:
    run = client.post("/api/v1/runs", json={"goal": "When does the ferry leave?"}).json()["id"]
    assert ended(client, run)["status"] == "succeeded"
    server.stop()
    try:
        part = unwell(client)
        assert part is not None
        assert part["name"] == "database"
        for method, path, body in (
            ("GET", "/api/v1/collections", None),
            ("GET", f"/api/v1/runs/{run}", None),
            ("POST", "/api/v1/runs", {"goal": "g"}),
            ("POST", "/api/v1/search", {"query": "q"}),
        ):
            assert_away(client.request(method, path, json=body), "database_unavailable")
        assert_away(client.get(f"/api/v1/runs/{run}/events"), "database_unavailable")
        files = {"file": ("b.txt", b"text")}
        upload = client.post("/api/v1/collections/default/documents", files=files)
        assert_away(upload, "database_unavailable")
        # Without a key it is the key that is missing.
        bare = httpx2.get(f"{own.url}/api/v1/collections", trust_env=False)
        assert_problem(bare, 401, "unauthenticated")
    finally:
        server.start()
    eventually(lambda: unwell(client) is None, "the database is back", 20)
    eventually(
        lambda: client.get("/api/v1/collections").status_code == 200, "the API answers again"
    )
    again = client.post("/api/v1/runs", json={"goal": "And when does it come back?"})
    assert again.status_code == 202
    assert ended(client, again.json()["id"])["status"] == "succeeded"
    assert client.get(f"/api/v1/runs/{run}").json()["status"] == "succeeded"
