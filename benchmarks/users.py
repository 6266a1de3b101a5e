"""A hundred people at their dashboards: how long reads of the API take, and how many fail.

    python -m benchmarks.users                                   # a `sutazai run` of its own
    python -m benchmarks.users --stack                           # a stack of its own
    python -m benchmarks.users --url http://127.0.0.1:10005 --key sk_…   # an installation that runs

Each user has a connection of their own and asks what a dashboard asks, one thing at a time: the
agents, the collections, a page of documents, a page of runs, a run, a document. Search is measured
apart, since it embeds. With a think time a user pauses that long between two requests, at random
around it; without one each answer is followed by the next request at once, so that the machine is
saturated and the times say how many requests it answers. The users live in one process of their
own that writes and reads plain bytes; what it takes of the processors is told with the figures.
"""

import argparse
import asyncio
import json
import multiprocessing
import shutil
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any, cast
from urllib.parse import urlsplit

import httpx2
import uvloop

from benchmarks.platform import running
from benchmarks.stack import running_stack

USERS = 100
THINK_S = 1.0
SECONDS = 20.0
WARM_S = 3.0
DOCUMENTS, RUNS = 30, 20
BUDGET_P95_MS = 200.0
PAGES = "/api/v1/agents", "/api/v1/collections", "/api/v1/runs?limit=50"
QUESTIONS = tuple(f"How long does a lease of kind {n} hold?" for n in range(20))
# All users ask with one key; they are counted, and never refused.
NO_LIMIT = {"SUTAZAI_API_RATE_PER_S": "100000", "SUTAZAI_API_BURST": "100000"}
ENDED = {"succeeded", "failed", "cancelled"}
READY_S = 120.0


@dataclass
class Seen:
    """What the users saw: milliseconds of each answer that was good, by kind of request, and the
    others by status.
    """

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failed: Counter[str] = field(default_factory=Counter)
    cpu_s: float = 0.0


class User(asyncio.Protocol):
    """One connection: sends prepared requests, and tells how long each answer took to be whole."""

    def __init__(self) -> None:
        """Begin without an answer that is waited for."""
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._waiting: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are not derived from it

    def data_received(self, data: bytes) -> None:
        """Collect an answer; its end is known by its length, or by the last chunk."""
        self._received += data
        head = self._received.find(b"\r\n\r\n")
        if head < 0 or self._waiting is None or self._waiting.done():
            return
        fields = bytes(self._received[:head]).lower()
        at = fields.find(b"\r\ncontent-length:")
        if at >= 0:
            length = int(fields[at + 17 :].split(b"\r\n", 1)[0])
            whole = len(self._received) >= head + 4 + length
        else:
            whole = self._received.endswith(b"0\r\n\r\n")
        if whole:
            status = int(self._received[9:12])
            self._received.clear()
            self._waiting.set_result(status)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what is waited for."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError("the connection was closed"))

    async def ask(self, request: bytes) -> int:
        """Send a request; gives the status of its answer once all of that is there."""
        assert self._transport is not None
        if self._transport.is_closing():
            raise ConnectionError("the connection was closed")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting


@dataclass(frozen=True)
class Plan:
    """What the users do: where, what, how many they are, and how they pause."""

    url: str
    requests: Sequence[bytes]
    users: int
    think_s: float
    seconds: float


def ask_all(plan: Plan) -> Seen:
    """Let the users ask, in a process of their own; gives what they saw."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_ask_here, (plan,))


def _ask_here(plan: Plan) -> Seen:
    return uvloop.run(_ask(plan))


async def _ask(plan: Plan) -> Seen:
    seen = Seen()
    begun, cpu = time.perf_counter(), time.process_time()
    from_, until = begun + WARM_S, begun + WARM_S + plan.seconds
    async with asyncio.TaskGroup() as users:
        for number in range(plan.users):
            users.create_task(_user(plan, Random(number), seen, from_, until))
    seen.cpu_s = time.process_time() - cpu
    return seen


async def _user(plan: Plan, random: Random, seen: Seen, from_: float, until: float) -> None:
    place = urlsplit(plan.url)
    loop = asyncio.get_running_loop()

    async def connected() -> User:
        return (await loop.create_connection(User, str(place.hostname), place.port or 80))[1]

    # Not all at once, whoever thinks: people do not come on the same second.
    await asyncio.sleep(random.random() * max(0.2, plan.think_s))
    user = await connected()
    while (sent := time.perf_counter()) < until:
        request = random.choice(plan.requests)
        try:
            status = await user.ask(request)
            problem = "" if status == 200 else str(status)
        except ConnectionError as exc:
            problem, user = str(exc), await connected()
        if sent >= from_:
            if problem:
                seen.failed[problem] += 1
            else:
                seen.times[kind_of(request)].append((time.perf_counter() - sent) * 1e3)
        if plan.think_s:
            await asyncio.sleep(plan.think_s * (0.5 + random.random()))


def kind_of(request: bytes) -> str:
    """Name what a request asks for: the collection's words of its path, `_one` where one of them.

    Such as `runs`, `runs_one`, `documents`, `search`.
    """
    words = request.split(b" ", 2)[1].decode().partition("?")[0].split("/")[3:]
    return words[-1] if len(words) % 2 else f"{words[-2]}_one"


def reads(client: httpx2.Client) -> list[bytes]:
    """Give an installation something to show; gives the requests of a dashboard, as bytes."""
    documents = _documents(client)
    runs = _runs(client)
    base = "/api/v1/collections/default/documents"
    paths = [*PAGES, "/api/v1/runs?limit=50", f"{base}?limit=50", "/api/v1/collections/default"]
    # As many as there are pages, so that none of them counts for all.
    chosen = Random(3)
    paths += [f"/api/v1/runs/{chosen.choice(runs)}" for _ in range(4)]
    paths += [f"{base}/{chosen.choice(documents)}" for _ in range(2)]
    return [_request(client, "GET", path) for path in paths]


def searches(client: httpx2.Client) -> list[bytes]:
    """Give searches, each of which was asked before: its vector is known."""
    for question in QUESTIONS:
        client.post("/api/v1/search", json={"query": question}).raise_for_status()
    return [_request(client, "POST", "/api/v1/search", {"query": one}) for one in QUESTIONS]


def _documents(client: httpx2.Client) -> list[str]:
    base = "/api/v1/collections/default/documents"
    sent = []
    for number in range(DOCUMENTS):
        text = (
            f"# Leases of kind {number}\n\nA lease of kind {number} holds for {number} seconds.\n"
        )
        answer = client.post(base, files={"file": (f"leases-{number}.md", text.encode())})
        sent.append(answer.raise_for_status().json()["document"])
    for one in sent:
        _ended(client, one["run"])
    return [str(one["id"]) for one in sent]


def _runs(client: httpx2.Client) -> list[str]:
    made = []
    for number in range(RUNS):
        body = {"goal": QUESTIONS[number % len(QUESTIONS)]}
        made.append(client.post("/api/v1/runs", json=body).raise_for_status().json()["id"])
    for one in made:
        _ended(client, one)
    return [str(one) for one in made]


def _ended(client: httpx2.Client, run: str) -> None:
    deadline = time.monotonic() + READY_S
    while client.get(f"/api/v1/runs/{run}").raise_for_status().json()["status"] not in ENDED:
        if time.monotonic() > deadline:
            raise SystemExit(f"the run {run} did not end")
        time.sleep(0.05)


def _request(client: httpx2.Client, method: str, path: str, body: Any = None) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {urlsplit(str(client.base_url)).netloc}",
        f"Authorization: {client.headers['authorization']}",
    ]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


def figures(
    client: httpx2.Client, rounds: int, users: int = USERS, seconds: float = SECONDS
) -> dict[str, float]:
    """Measure an installation: medians over rounds, in which the ways of asking take turns."""
    pages = reads(client)
    asked = {
        "users": (pages, THINK_S),
        "users_at_once": (pages, 0.0),
        "users_search": (searches(client), THINK_S),
    }
    url, found = str(client.base_url), {name: list[dict[str, float]]() for name in asked}
    for _ in range(rounds):
        for name, (requests, think_s) in asked.items():
            found[name].append(_round(Plan(url, requests, users, think_s, seconds)))
    return {
        f"{name}_{figure}": _of(figure)(one[figure] for one in shown)
        for name, shown in found.items()
        for figure in shown[0]
    }


def _of(figure: str) -> Callable[[Any], float]:
    """Failures are added up over the rounds, everything else is a median."""
    return sum if figure == "failed" else statistics.median


def _round(plan: Plan) -> dict[str, float]:
    seen = ask_all(plan)
    times = sorted(chain(*seen.times.values()))
    if not times:
        raise SystemExit(f"no answer was good: {dict(seen.failed)}")
    if seen.failed:
        print(f"  failed: {dict(seen.failed)}")
    # Of each kind as well: a slow one would hide among those that are asked more often.
    kinds = {} if len(seen.times) == 1 else seen.times
    return {
        "p50_ms": _percentile(times, 0.5),
        "p95_ms": _percentile(times, 0.95),
        "p99_ms": _percentile(times, 0.99),
        **{f"{kind}_p95_ms": _percentile(sorted(of), 0.95) for kind, of in sorted(kinds.items())},
        "per_s": len(times) / plan.seconds,
        "failed": float(seen.failed.total()),
        "generator_cpu_percent": 100 * seen.cpu_s / (plan.seconds + WARM_S),
    }


def _percentile(ordered: Sequence[float], part: float) -> float:
    return ordered[int(len(ordered) * part)]


def measure(rounds: int = 5, users: int = USERS, seconds: float = SECONDS) -> dict[str, float]:
    """Start a platform and measure it."""
    folder = Path(tempfile.mkdtemp(prefix="sutazai-bench-"))
    try:
        with running(folder / "home") as platform:
            platform.wait_whole()
            return figures(platform.client, rounds, users, seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _client(url: str, key: str) -> httpx2.Client:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx2.Client(base_url=url, headers=headers, timeout=60)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--stack", action="store_true", help="a stack of its own")
    parser.add_argument("--url", help="an installation that runs")
    parser.add_argument("--key", help="an API key of it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args()
    told = (options.rounds, options.users, options.seconds)
    if options.stack:
        with running_stack(**NO_LIMIT) as stack, _client(stack.gateway, stack.api_key) as client:
            found = figures(client, *told)
    elif options.url:
        with _client(options.url, options.key) as client:
            found = figures(client, *told)
    else:
        found = measure(*told)
    for name, figure in found.items():
        over = name.endswith("p95_ms") and figure > BUDGET_P95_MS
        print(f"{name:40} {figure:12,.2f}{'   over the budget' if over else ''}")


if __name__ == "__main__":
    main()
