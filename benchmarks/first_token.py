"""How soon the first word of an answer is seen, beside a direct call to the same Ollama.

    python -m benchmarks.first_token
    python -m benchmarks.first_token --stack

A real Ollama serves a small model of random weights. A recorder stands before it, on the way of
both: it keeps what the platform asks, and the direct call asks just that with another question of
the same length, so that neither finds more of its prompt in the runtime's cache. The platform's
time runs from the request that makes the run until the first text is at a watcher of its events.
Within it the research step searches, which has a budget of its own: it is measured apart, and the
difference to the direct call is given without it (`over_direct`) and with it (`whole_over_direct`).
All else that comes before the first word is part of both. Rounds are interleaved; figures are their
medians.

With `--stack` the same is measured of the stack that runs: see `benchmarks.first_token_stack`.
"""

import argparse
import json
import shutil
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from benchmarks.platform import Running, running
from tests.support.gguf import write_tiny_llama
from tests.support.ollama import find_ollama, serve

MODEL = "tiny"
CONTEXT = 2048
ASKED = "How long does a lease hold without a heartbeat? ({:08d})"
DOCUMENT = "# Leases\n\nA lease holds for ten seconds without a heartbeat.\n"
ENDED = {"run.succeeded", "run.failed", "run.cancelled"}
STARTED_S = 20.0
LAST = 99_999_999


class Recorder:
    """Pass everything on to Ollama, and keep the first chat that was asked since `begin`."""

    def __init__(self, target: str) -> None:
        """Take where Ollama answers."""
        self._client = httpx2.AsyncClient(base_url=target, timeout=120, trust_env=False)
        self._chat: dict[str, Any] | None = None

    def begin(self) -> None:
        """Forget what was asked."""
        self._chat = None

    def first(self) -> dict[str, Any]:
        """Give the first chat that was asked."""
        if self._chat is None:
            raise SystemExit("the platform asked no model")
        return self._chat

    async def answer(self, request: Request) -> StreamingResponse:
        """Answer as Ollama does, piece by piece."""
        body = await request.body()
        if request.url.path == "/api/chat" and self._chat is None:
            self._chat = json.loads(body)
        asked = self._client.build_request(request.method, request.url.path, content=body)
        answer = await self._client.send(asked, stream=True)

        async def pieces() -> AsyncIterator[bytes]:
            try:
                async for piece in answer.aiter_raw():
                    yield piece
            finally:
                await answer.aclose()

        kind = answer.headers.get("content-type", "application/json")
        return StreamingResponse(pieces(), answer.status_code, media_type=kind)


@contextmanager
def recording(target: str) -> Iterator[tuple[str, Recorder]]:
    """Serve a recorder on a free port; gives its address."""
    recorder = Recorder(target)
    app = Starlette(
        routes=[Route("/{path:path}", recorder.answer, methods=["GET", "POST", "HEAD"])]
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # On asyncio's own loop such a socket would hold small pieces back (Nagle's algorithm).
        thread = threading.Thread(target=lambda: uvloop.run(server.serve([listening])))
        thread.start()
        try:
            deadline = time.monotonic() + STARTED_S
            while not server.started and time.monotonic() < deadline:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", recorder
        finally:
            server.should_exit = True
            thread.join()


def measure(rounds: int = 20) -> dict[str, float]:
    """Ask a platform and its Ollama in turn; without an Ollama there are no figures."""
    binary = find_ollama()
    if binary is None:
        print("no Ollama on this machine: not measured")
        return {}
    folder = Path(tempfile.mkdtemp(prefix="sutazai-bench-"))
    try:
        gguf = write_tiny_llama(folder / "tiny.gguf", context=CONTEXT, width=512, layers=4)
        with serve(binary) as ollama, recording(ollama.url) as (url, recorder):
            ollama.register_chat(MODEL, gguf)
            told = {
                "SUTAZAI_MODELS_RUNTIME": "ollama",
                "SUTAZAI_MODELS_OLLAMA_URL": url,
                "SUTAZAI_MODELS_DEFAULT": MODEL,
                "SUTAZAI_MODELS_NUM_CTX": str(CONTEXT),
                "SUTAZAI_MODELS_NUM_THREAD": "1",
            }
            with running(folder / "home", **told) as platform:
                return _measure(platform, recorder, url, rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(platform: Running, recorder: Recorder, url: str, rounds: int) -> dict[str, float]:
    upload = platform.client.post(
        "/api/v1/collections/default/documents", files={"file": ("leases.md", DOCUMENT.encode())}
    )
    watched(platform.client, upload.raise_for_status().json()["run"]["id"])
    taken: list[dict[str, float]] = []
    # The first round loads the model.
    for number in range(rounds + 1):
        recorder.begin()
        seen = through_the_platform(platform.client, ASKED.format(number))
        other = ASKED.format(LAST - number)
        direct, _ = directly(url, recorder.first(), ASKED.format(number), other)
        taken.append(compared(seen, direct))
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
