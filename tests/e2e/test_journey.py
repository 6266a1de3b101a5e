"""The way of a newcomer through the platform: first start, documents, a cited answer, events."""

import json
import socket
import stat
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx2
import pytest

from tests.journey.suite import Door, JourneySuite, open_citation, watch
from tests.support.platform import LivePlatform, live_platform
from tests.support.programs import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

# The agent `effects` takes so long for each of the five items of a run's first steps.
PAUSE_S = "0.7"
PLUGIN = Path(__file__).parents[1] / "faults" / "plugin"
FIELDS = {"email", "password", "api_key", "api_url", "dashboard_url"}
LEASES = (
    "# Leases\n\nHow a worker keeps its task.\n\n## How long they hold\n\n"
    "A lease holds for ten seconds without a heartbeat. Heartbeats renew it every second.\n"
)
BACKUPS = "# Backups\n\nThe folder of the platform is copied while it is stopped.\n"


@pytest.fixture(scope="module")
def live(models_dir: Path) -> Iterator[LivePlatform]:
    """Give a platform that was started for the first time; what was seen of it is checked."""
    with live_platform(models_dir, PYTHONPATH=str(PLUGIN), EFFECTS_PAUSE_S=PAUSE_S) as platform:
        platform.environment["EFFECTS_FILE"] = str(platform.root / "effects.jsonl")
        platform.launch()
        eventually(lambda: _ready_and_complete(platform), "the platform is ready", 60)
        yield platform


@pytest.fixture
def client(live: LivePlatform) -> Iterator[httpx2.Client]:
    with live.client() as client:
        yield client


def command(live: LivePlatform, *arguments: str, code: int = 0) -> str:
    """Run a command of the command line; give what it printed."""
    done = subprocess.run(
        live.command(*arguments), env=live.variables, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_first_start_makes_credentials_of_its_owner_alone(live: LivePlatform) -> None:
    path = live.home / "credentials.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    credentials = live.credentials
    assert credentials["api_url"] == live.url
    assert credentials["dashboard_url"] is None
    assert "@" in credentials["email"]
    assert len(credentials["password"]) >= 12
    # The password is kept nowhere in clear.
    with live.postgres() as connection:
        [(stored,)] = connection.execute("SELECT password_hash FROM users").fetchall()
    assert stored.startswith("$argon2")


class TestOverHttp(JourneySuite):
    """The journey that every profile gives, here on a platform of one process group."""

    @pytest.fixture
    def door(self, live: LivePlatform) -> Door:
        return Door(live.url, str(live.credentials["api_key"]))


@pytest.mark.requirement("C9", part="an answer by extracts has citations that open")
def test_documents_and_a_question_give_a_cited_answer(
    live: LivePlatform, client: httpx2.Client, tmp_path: Path
) -> None:
    for name, text in (("leases.md", LEASES), ("backups.txt", BACKUPS)):
        (tmp_path / name).write_text(text)
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "page.html").write_text(
        "<h1>Tasks</h1><script>no()</script><p>A task that is lost is done by another worker.</p>"
    )
    files = [str(tmp_path / name) for name in ("leases.md", "backups.txt", "more")]
    ingested = json.loads(command(live, "ingest", *files, "--json"))
    assert [file["status"] for file in ingested["files"]] == ["indexed"] * 3

    question = "How long does a lease hold without a heartbeat?"
    run = json.loads(command(live, "ask", question, "--json"))
    assert run["status"] == "succeeded"
    assert run["result"]["kind"] == "extract"
    assert run["result"]["grounded"] is True
    assert "ten seconds" in run["result"]["answer"]
    assert run["citations"][0]["document"]["name"] == "leases.md"
    assert run["citations"][0]["heading_path"] == ["Leases", "How long they hold"]
    for citation in run["citations"]:
        assert open_citation(client, "default", citation) == citation["quote"]

    printed = command(live, "ask", question)
    assert "ten seconds" in printed
    assert "leases.md" in printed


@pytest.mark.requirement("C3", part="cancel reaches the agent")
def test_a_run_that_is_cancelled_stops_working(live: LivePlatform, client: httpx2.Client) -> None:
    run = client.post("/api/v1/runs", json={"goal": "Stop", "workflow": "effects"}).json()
    path = f"/api/v1/runs/{run['id']}"
    watch(client, run["id"], until="step.started")
    answer = client.post(f"{path}/cancel")
    assert answer.json()["status"] == "cancelled"
    assert watch(client, run["id"])[-1]["event"] == "run.cancelled"

    eventually(lambda: _busy(client, "effects") == 0, "the agent has let go", 20)
    lines = Path(live.environment["EFFECTS_FILE"]).read_text().splitlines()
    done = [line for line in map(json.loads, lines) if line["run"] == run["id"]]
    assert len(done) < 5, "both first steps were worked to their end"
    assert not any(line["step"] == "last" for line in done)
    # Once more changes nothing.
    assert client.post(f"{path}/cancel").json()["finished_at"] == answer.json()["finished_at"]


@pytest.mark.requirement("C3", part="a run that failed is retried: the failed step alone, once")
def test_a_run_that_failed_is_retried_and_has_each_effect_once(
    live: LivePlatform, client: httpx2.Client
) -> None:
    wanted = live.root / "wanted"
    body = {"goal": str(wanted), "workflow": "wanting"}
    run = client.post("/api/v1/runs", json=body).json()["id"]
    assert watch(client, run)[-1]["event"] == "run.failed"
    # The second step had an effect before it gave up.
    assert effects_of(live, run) == [("first", "item-0"), ("first", "item-1"), ("second", "item-0")]
    said = command(live, "runs", "retry", run, code=1)
    assert "second" in said
    assert "is not there" in said
    wanted.touch()
    said = command(live, "runs", "retry", run)
    assert "kept from the run before" in said
    retries = [item for item in client.get("/api/v1/runs").json()["items"] if item["retry_of"]]
    assert {item["retry_of"] for item in retries} == {run}
    done = client.get(f"/api/v1/runs/{retries[0]['id']}").json()
    first, second = done["steps"]
    assert (done["status"], first["kept"], first["attempts"]) == ("succeeded", True, 0)
    assert second["output"] == {"items": ["item-0", "item-1", "item-2"], "found": 1}
    # Whoever had the run's first step again would see it here, under whatever run's name.
    assert effects_of(live, done["id"]) == [("second", "item-1"), ("second", "item-2")]
    assert effects_of(live, retries[1]["id"]) == []
    kinds = [event["event"] for event in watch(client, done["id"])]
    assert kinds[:4] == ["step.succeeded", "step.ready", "run.started", "step.started"]
    assert kinds[-2:] == ["step.succeeded", "run.succeeded"]
    assert set(kinds[4:-2]) == {"step.progress"}


def effects_of(live: LivePlatform, run: str) -> list[tuple[str, str]]:
    """Give what a run did to the world: step and item of each effect, in order."""
    lines = Path(live.environment["EFFECTS_FILE"]).read_text().splitlines()
    return [(line["step"], line["item"]) for line in map(json.loads, lines) if line["run"] == run]


def test_a_second_start_on_the_same_home_names_the_first(live: LivePlatform) -> None:
    assert live.process is not None
    said = command(live, "run", code=1)
    assert f"process {live.process.pid}" in said
    with live.client() as client:
        assert client.get("/health/ready").status_code == 200


@pytest.mark.faults
def test_a_start_waits_for_an_instance_that_is_stopping(live: LivePlatform) -> None:
    assert live.process is not None
    first = live.process.pid
    credentials = live.credentials
    with _half_sent_upload(live) as upload:
        assert live.restart() == 0
        head, _, body = _received(upload).partition(b"\r\n\r\n")
    # What was under way is told to come again, as everything that is away for a moment.
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"application/problem+json" in head
    assert b"retry-after: 1" in head.lower()
    assert json.loads(body)["code"] == "unavailable"

    assert live.process.pid != first
    assert live.credentials == credentials
    with live.client() as client:
        names = [item["name"] for item in client.get("/api/v1/collections").json()["items"]]
    assert names == ["default"]


def test_doctor_finds_all_well_and_says_when_nothing_runs(live: LivePlatform) -> None:
    report = json.loads(command(live, "doctor", "--json"))
    assert {check["state"] for check in report["checks"]} <= {"ok", "note"}
    assert live.stop() == 0
    report = json.loads(command(live, "doctor", "--json"))
    states = {check["name"]: check["state"] for check in report["checks"]}
    assert states["instance"] == "note"
    assert "failed" not in states.values()


def _ready_and_complete(platform: LivePlatform) -> bool:
    """Tell whether the platform is ready; the credentials are whole or not there at any time."""
    path = platform.home / "credentials.json"
    try:
        ready = httpx2.get(f"{platform.url}/health/ready", timeout=5).status_code == 200
    except httpx2.TransportError:
        ready = False
    assert platform.process is not None
    assert platform.process.poll() is None, platform.log()
    if path.exists():
        assert set(platform.credentials) == FIELDS
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    else:
        assert not ready, "it is ready before the credentials are there"
    return ready


def _half_sent_upload(live: LivePlatform) -> socket.socket:
    """Begin an upload whose end does not come, and see that the platform waits for it."""
    upload = socket.create_connection(("127.0.0.1", live.port), timeout=60)
    upload.sendall(
        b"POST /api/v1/collections/default/documents HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n"
        + f"Authorization: {live.headers['Authorization']}\r\n\r\n--b\r\n".encode()
    )
    with live.client() as client:  # answered after what came before
        assert client.get("/health/live").status_code == 200
    return upload


def _received(connection: socket.socket) -> bytes:
    """Read until the other side closes."""
    return b"".join(iter(partial(connection.recv, 65_536), b""))


def _busy(client: httpx2.Client, name: str) -> int:
    agents = client.get("/api/v1/agents").json()["items"]
    return next(int(agent["busy"]) for agent in agents if agent["name"] == name)
