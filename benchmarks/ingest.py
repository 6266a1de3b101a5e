"""Ingest through the whole platform against the bare embedder, the same texts, interleaved.

The platform stores, parses, chunks, embeds, indexes and commits; the bare embedder only embeds the
very chunks the platform made. Both use one thread for the model.
"""

import asyncio
import json
import random
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.platform import Running, running
from sutazai.adapters.minilm.inprocess import InProcessEmbeddings, open_inprocess_embeddings

DOCUMENTS = 6
PARAGRAPHS = 24
TEXT = (
    "the lease holds while a worker answers and the ledger keeps every step of a run so that "
    "nothing is lost when a process ends and a person can see which source an answer came from "
    "queue database vector chunk heading sentence paragraph document question agent memory"
)
WORDS = TEXT.split()


def _document(seed: int) -> str:
    draw = random.Random(seed)
    parts = [f"# Document {seed}"]
    for number in range(PARAGRAPHS):
        parts.append(f"## Section {number}")
        words = [draw.choice(WORDS) + ("." if draw.random() < 0.07 else "") for _ in range(180)]
        parts.append(" ".join(words))
    return "\n\n".join(parts)


def _ingest(platform: Running, first: int) -> tuple[float, list[str]]:
    """Upload documents, wait until all are indexed; gives seconds, and the runs' ids."""
    begun = time.perf_counter()
    runs: list[str] = []
    for seed in range(first, first + DOCUMENTS):
        file = (f"document-{seed}.md", _document(seed).encode())
        answer = platform.client.post("/api/v1/collections/default/documents", files={"file": file})
        answer.raise_for_status()
        runs.append(answer.json()["run"]["id"])
    for run in runs:
        with platform.client.stream("GET", f"/api/v1/runs/{run}/events") as stream:
            for line in stream.iter_lines():
                if line.startswith("event: run.") and "started" not in line:
                    break
    return time.perf_counter() - begun, runs


def _texts(platform: Running, runs: list[str]) -> list[str]:
    """Read the chunks that runs made, as they were embedded but for their headings."""
    texts: list[str] = []
    for run in runs:
        output = platform.client.get(f"/api/v1/runs/{run}").json()["steps"][0]["output"]
        name = output["chunks_sha256"]
        [path] = platform.home.glob(f"files/*/{name[:2]}/{name}")
        texts += [json.loads(line)["text"] for line in path.read_text().splitlines()]
    return texts


async def _bare(embeddings: InProcessEmbeddings, texts: list[str]) -> float:
    begun = time.perf_counter()
    for start in range(0, len(texts), 32):
        await embeddings.embed(texts[start : start + 32])
    return time.perf_counter() - begun


async def _measure(rounds: int) -> dict[str, float]:
    with TemporaryDirectory(prefix="sutazai-bench-") as folder:
        home = Path(folder) / "home"
        with running(home) as platform:
            async with open_inprocess_embeddings(home / "models") as embeddings:
                rates: list[float] = []
                ratios: list[float] = []
                for number in range(rounds):
                    seconds, runs = _ingest(platform, number * DOCUMENTS)
                    texts = _texts(platform, runs)
                    bare = await _bare(embeddings, texts)
                    rates.append(len(texts) / seconds)
                    ratios.append(bare / seconds)
    return {
        "ingest_chunks_per_s": statistics.median(rates),
        "ingest_to_bare_embedder": statistics.median(ratios),
    }


def measure(rounds: int = 5) -> dict[str, float]:
    """Measure; medians over the rounds."""
    return asyncio.run(_measure(rounds))
