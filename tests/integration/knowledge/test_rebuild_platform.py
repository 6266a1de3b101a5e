"""The whole platform changes its embedder: another model of another dimension, killed half-way."""

import asyncio
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.faults.checker import store_problems
from tests.faults.facts import read_records, read_stores
from tests.integration.knowledge.bag_of_words import BagOfWords
from tests.support.embedding_servers import Served, Vectors, ollama_embedder, words
from tests.support.model_servers import serve_app
from tests.support.platform import LivePlatform, live_platform
from tests.support.programs import eventually

pytestmark = pytest.mark.faults

BEES = "# Bees\n\nBees make honey from the nectar of flowers.\n"
LEASES = "# Leases\n\nA lease ends when nobody renews it.\n"
LONG = "".join(f"# Part {n}\n\n{f'Sentence {n} is one of many. ' * 12}\n\n" for n in range(120))
# One for each short document, then two for a batch of the long one.
CALLS_BEFORE_THE_KILL = 7
ATTEMPTS = "SELECT attempt FROM tasks WHERE run_id = %s"


class Gate:
    """A model that embeds some calls of chunks and then waits until it is opened."""

    def __init__(self) -> None:
        """Start open."""
        self.bag = BagOfWords()
        self.left: int | None = None
        self.waits = threading.Event()
        self.embedded = 0

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed, unless the calls that are let through are used up."""
        if self.left is not None:
            while self.left <= 0:
                self.waits.set()
                await asyncio.sleep(0.01)
            self.left -= 1
        self.embedded += len(texts)
        return await self.bag.embed(texts)


@pytest.fixture
def platform(models_dir: Path) -> Iterator[LivePlatform]:
    """Give a platform that holds documents, embedded by the local model; it does not run."""
    with live_platform(models_dir) as opened:
        opened.start()
        for name, text in (("bees.md", BEES), ("leases.md", LEASES), ("long.md", LONG)):
            upload(opened, name, text)
        opened.stop()
        yield opened


def upload(platform: LivePlatform, name: str, text: str) -> None:
    """Upload a document and wait until it is indexed."""
    path = "/api/v1/collections/default/documents"
    with platform.client() as client:
        answer = client.post(path, files={"file": (name, text.encode())})
        assert answer.status_code == 202, answer.text
        run = answer.json()["run"]["id"]
        eventually(lambda: status(platform, run) == "succeeded", f"{name} is indexed", 60)


def status(platform: LivePlatform, run: str) -> str:
    """Tell where a run stands."""
    with platform.client() as client:
        found: str = client.get(f"/api/v1/runs/{run}").json()["status"]
        assert found in ("pending", "running", "succeeded"), client.get(f"/api/v1/runs/{run}").text
        return found


def search(platform: LivePlatform, query: str) -> tuple[int, Any]:
    """Search in the collection `default`."""
    with platform.client() as client:
        answer = client.post("/api/v1/search", json={"query": query, "collection": "default"})
        return answer.status_code, answer.json()


def use(platform: LivePlatform, url: str) -> None:
    """Set the embedder that is served there."""
    platform.environment |= {
        "SUTAZAI_EMBEDDINGS_PROVIDER": "ollama",
        "SUTAZAI_EMBEDDINGS_MODEL": "bag",
        "SUTAZAI_EMBEDDINGS_URL": url,
    }


@pytest.mark.timeout(300)
async def test_another_embedder_by_setting_then_rebuild(platform: LivePlatform) -> None:
    served = Served(BagOfWords().embed, words, name="bag")
    async with serve_app(ollama_embedder(served)) as url:
        use(platform, url)
        await asyncio.to_thread(_changes_over, platform)


def _changes_over(platform: LivePlatform) -> None:
    platform.start()
    code, told = search(platform, "honey")
    assert (code, told["code"]) == (409, "model_mismatch")
    assert "sutazai index rebuild default" in told["detail"]
    done = subprocess.run(
        platform.command("index", "rebuild"),
        env=platform.variables,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "default: done" in done.stdout
    code, told = search(platform, "honey nectar")
    assert code == 200
    assert told["hits"][0]["document"]["name"] == "bees.md"
    with platform.client() as client:
        model = client.get("/api/v1/collections/default").json()["model"]
        assert (model["name"], model["dimension"]) == ("bag:latest", 64)
    upload(platform, "chess.md", "# Chess\n\nChess is played on Thursdays.\n")
    assert search(platform, "chess thursdays")[1]["hits"][0]["document"]["name"] == "chess.md"
    check(platform)


@pytest.mark.timeout(300)
async def test_killed_half_way_it_goes_on_and_ends_right(platform: LivePlatform) -> None:
    gate = Gate()
    async with serve_app(ollama_embedder(Served(gate.embed, words, name="bag"))) as url:
        use(platform, url)
        await asyncio.to_thread(_killed, platform, gate)


def _killed(platform: LivePlatform, gate: Gate) -> None:
    platform.start()
    gate.left = CALLS_BEFORE_THE_KILL
    with platform.client() as client:
        begun = client.post("/api/v1/collections/default/rebuild")
        assert begun.status_code == 202, begun.text
        run = begun.json()["id"]
        assert begun.headers["Location"] == f"/api/v1/runs/{run}"
    assert gate.waits.wait(60)
    platform.kill()
    gate.left, gate.embedded = None, 0
    platform.start()
    eventually(lambda: status(platform, run) == "succeeded", "it is rebuilt", 120)
    # Two attempts; what the first one wrote is not embedded again.
    with platform.postgres() as connection:
        (attempts,) = connection.execute(ATTEMPTS, (run,)).fetchone() or (0,)
        (chunks,) = connection.execute("SELECT count(*) FROM chunks").fetchone() or (0,)
    assert attempts == 2
    assert gate.embedded < chunks
    assert search(platform, "honey nectar")[1]["hits"][0]["document"]["name"] == "bees.md"
    check(platform)


def check(platform: LivePlatform) -> None:
    """See that points = chunks = lines, and stop the platform for that."""
    with platform.postgres() as connection:
        records = read_records(connection)
    assert platform.stop() == 0
    stores = asyncio.run(read_stores(platform.home, records))
    assert list(store_problems(records, stores)) == []
    assert all(stores.points.values())
