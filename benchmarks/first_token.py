"""How soon the first word of an answer is seen, beside a direct call to the same Ollama.

    python -m benchmarks.first_token
    python -m benchmarks.first_token --stack

A real Ollama serves a small model of random weights. The direct call asks just what the platform
asks, with another question of the same length, so that neither finds more of its prompt in the
runtime's cache; by the runtime's count both are of as many tokens. The platform's time runs from
the request that makes the run until the first text is at a watcher of its events, the direct call's
until the first text that is more than space, which the platform does not say either.
Within it the research step searches, which has a budget of its own: it is measured apart, and the
difference to the direct call is given without it (`over_direct`) and with it (`whole_over_direct`).
All else that comes before the first word is part of both. Rounds are interleaved; figures are their
medians.

With `--stack` the same is measured of the stack that runs: see `benchmarks.first_token_stack`.
"""

import argparse
import json
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.platform import running
from benchmarks.writers_request import request_of
from tests.support.gguf import write_tiny_llama
from tests.support.ollama import find_ollama, serve

MODEL = "tiny"
CONTEXT = 2048
ASKED = "How long does a lease hold without a heartbeat? ({:08d})"
DOCUMENT = "# Leases\n\nA lease holds for ten seconds without a heartbeat.\n"
ENDED = {"run.succeeded", "run.failed", "run.cancelled"}
LAST = 99_999_999


def measure(rounds: int = 20) -> dict[str, float]:
    """Ask a platform and its Ollama in turn; without an Ollama there are no figures."""
    binary = find_ollama()
    if binary is None:
        print("no Ollama on this machine: not measured")
        return {}
    folder = Path(tempfile.mkdtemp(prefix="sutazai-bench-"))
    try:
        gguf = write_tiny_llama(folder / "tiny.gguf", context=CONTEXT, width=512, layers=4)
        with serve(binary) as ollama:
            ollama.register_chat(MODEL, gguf)
            told = {
                "SUTAZAI_MODELS_RUNTIME": "ollama",
                "SUTAZAI_MODELS_OLLAMA_URL": ollama.url,
                "SUTAZAI_MODELS_DEFAULT": MODEL,
                "SUTAZAI_MODELS_NUM_CTX": str(CONTEXT),
                "SUTAZAI_MODELS_NUM_THREAD": "1",
            }
            writer = Writer(MODEL, ollama.url, CONTEXT, num_thread=1)
            with running(folder / "home", **told) as platform:
                upload = platform.client.post(
                    "/api/v1/collections/default/documents",
                    files={"file": ("leases.md", DOCUMENT.encode())},
                )
                watched(platform.client, upload.raise_for_status().json()["run"]["id"])
                return in_turn(platform.client, "default", writer, rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Writer:
    """The model that writes, where its Ollama answers, and how the platform asks it."""

    model: str
    ollama: str
    num_ctx: int
    num_thread: int | None = None


def in_turn(
    client: httpx2.Client, collection: str, writer: Writer, rounds: int, pause_s: float = 0
) -> dict[str, float]:
    """Ask a platform and its Ollama in turn; figures are medians, in milliseconds."""
    # Answers are kept: what was asked at another time is not asked again.
    first = random.randrange(LAST // 4)
    taken: list[dict[str, float]] = []
    request: dict[str, Any] = {}
    # The first round loads the model.
    for number in range(first, first + rounds + 1):
        seen = through_the_platform(client, ASKED.format(number), collection)
        run = client.get(f"/api/v1/runs/{seen.run}").raise_for_status().json()
        request = request or request_of(
            run, writer.model, writer.ollama, writer.num_ctx, writer.num_thread
        )
        other = ASKED.format(LAST - number)
        direct, last = directly(writer.ollama, request, ASKED.format(first), other)
        if last["prompt_eval_count"] != run["usage"]["prompt_tokens"]:
            raise SystemExit(
                f"the direct call was of {last['prompt_eval_count']} tokens, and the platform's of "
                f"{run['usage']['prompt_tokens']:g}: it asks in another way"
            )
        taken.append(compared(seen, direct))
        time.sleep(pause_s)
    return medians(taken[1:])


@dataclass(frozen=True)
class Seen:
    """A run as its watcher saw it: milliseconds to its first text, and those of its research."""

    run: str
    whole: float
    research: float


def compared(seen: Seen, direct: float) -> dict[str, float]:
    """Give the figures of one round, milliseconds."""
    return {
        "first_token_ms": seen.whole,
        "first_token_research_ms": seen.research,
        "first_token_direct_ms": direct,
        "first_token_over_direct_ms": seen.whole - seen.research - direct,
        "first_token_whole_over_direct_ms": seen.whole - direct,
    }


def medians(taken: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Give the median of each figure over the rounds."""
    return {name: statistics.median(one[name] for one in taken) for name in taken[0]}


def through_the_platform(client: httpx2.Client, question: str, collection: str = "default") -> Seen:
    """Ask a platform, and watch the run to its end."""
    begun = time.perf_counter()
    answer = client.post("/api/v1/runs", json={"goal": question, "collection": collection})
    run = answer.raise_for_status().json()["id"]
    times = watched(client, run)
    shown = client.get(f"/api/v1/runs/{run}").raise_for_status().json()
    # The text of an answer that was kept is no token.
    if "step.text" not in times or not shown["usage"].get("model_calls"):
        raise SystemExit(f"a run asked no model: {shown['result'] or shown['error']}")
    research = times["research step.succeeded"] - times["research step.started"]
    return Seen(run, (times["step.text"] - begun) * 1e3, research * 1e3)


def watched(client: httpx2.Client, run: str) -> dict[str, float]:
    """Watch a run to its end; give when what was first seen, on the performance counter."""
    times: dict[str, float] = {}
    kind = ""
    with client.stream("GET", f"/api/v1/runs/{run}/events") as events:
        for line in events.iter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
                times.setdefault(kind, time.perf_counter())
            elif name == "data":
                data = json.loads(value)
                step = data.get("step") or data.get("data", {}).get("step", "")
                times.setdefault(f"{step} {kind}", time.perf_counter())
                if kind in ENDED:
                    break
    return times


def directly(
    url: str, chat: Mapping[str, Any], question: str, other: str
) -> tuple[float, dict[str, Any]]:
    """Ask Ollama what the platform asked, with another question.

    Returns:
        The time to the first text in milliseconds, and the last line of the answer.
    """
    body = json.dumps(chat).replace(question, other)
    with httpx2.Client(base_url=url, timeout=120, trust_env=False) as client:
        client.get("/api/version")  # the connection stands, as the platform's does
        first, begun, last = None, time.perf_counter(), {}
        # To its end, as the platform does: nothing of it may still run in the next round.
        with client.stream("POST", "/api/chat", content=body) as answer:
            for line in answer.iter_lines():
                last = json.loads(line)
                if first is None and last.get("message", {}).get("content", "").strip():
                    first = time.perf_counter()
    if first is None:
        raise SystemExit("Ollama answered without any text")
    return (first - begun) * 1e3, last


def main() -> None:
    """Measure what is asked for, and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--stack", action="store_true", help="of the stack that runs")
    options = parser.parse_args()
    if options.stack:
        from benchmarks.first_token_stack import measure_stack

        figures = measure_stack(options.rounds)
    else:
        figures = measure(options.rounds)
    for name, value in figures.items():
        print(f"{name:40} {value:8.1f}")


if __name__ == "__main__":
    main()
