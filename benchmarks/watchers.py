"""Five hundred people who watch runs where nothing happens, on the real process: its memory.

    python -m benchmarks.watchers

The connections are real and stay open, so that each is pinged every 15 s. The runs are copies of
one that ended, set to be at work: nothing touches them. Private memory (USS) is sampled from the
time that all have settled; growth is the straight line through the samples.
"""

import argparse
import asyncio
import statistics
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx2
import psutil
import psycopg

from benchmarks.platform import Running, running

WATCHERS = 500
RUNS = 50
SETTLE_S = 35.0  # two pings
WATCH_S = 90.0
EVERY_S = 1.0
_COPY = """
INSERT INTO sutazai.runs (id, tenant_id, workflow, goal, input, plan, status, seq)
SELECT %s, tenant_id, workflow, goal, input, plan, 'running', 0 FROM sutazai.runs WHERE id = %s
"""


def measure(watch_s: float = WATCH_S, watchers: int = WATCHERS) -> dict[str, float]:
    """Start a platform, let so many watch, and sample its memory for so long."""
    with TemporaryDirectory(prefix="sutazai-bench-") as folder, running(Path(folder)) as platform:
        runs = _idle_runs(platform)
        return asyncio.run(_measure(platform, runs, watch_s, watchers))


def _idle_runs(platform: Running) -> list[str]:
    """Make runs that are at work for ever."""
    answer = platform.client.post("/api/v1/runs", json={"goal": "What is there?"})
    model = answer.raise_for_status().json()["id"]
    server = str(platform.home / "run" / "postgres")
    runs = [str(uuid4()) for _ in range(RUNS)]
    with psycopg.connect(host=server, dbname="postgres", user="postgres") as connection:
        for run in runs:
            connection.execute(_COPY, (run, model))
    return runs


async def _measure(
    platform: Running, runs: list[str], watch_s: float, watchers: int
) -> dict[str, float]:
    core = psutil.Process(platform.process.pid)
    pinged = [0] * watchers
    limits = httpx2.Limits(max_connections=None)
    headers = dict(platform.client.headers)
    async with httpx2.AsyncClient(
        base_url=platform.client.base_url, headers=headers, limits=limits, timeout=60
    ) as client:
        before = core.memory_full_info().uss
        watching = [
            asyncio.create_task(_watch(client, runs[n % len(runs)], pinged, n))
            for n in range(watchers)
        ]
        await asyncio.sleep(SETTLE_S)
        samples = await _samples(core, watch_s)
        ended = sum(task.done() for task in watching)
        for task in watching:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*watching, return_exceptions=True)
    if ended or min(pinged) == 0:
        raise RuntimeError(f"{ended} streams ended, and {pinged.count(0)} were never pinged")
    times, sizes = zip(*samples, strict=True)
    line = statistics.linear_regression(times, sizes)
    return {
        "watchers": watchers,
        "kb_per_watcher": (sizes[0] - before) / watchers / 1e3,
        "uss_settled_mb": sizes[0] / 1e6,
        "uss_worst_mb": max(sizes) / 1e6,
        "uss_last_mb": sizes[-1] / 1e6,
        "growth_kb_per_minute": line.slope * 60 / 1e3,
        "pings_each": statistics.median(pinged),
    }


async def _watch(client: httpx2.AsyncClient, run: str, pinged: list[int], number: int) -> None:
    async with client.stream("GET", f"/api/v1/runs/{run}/events") as stream:
        async for line in stream.aiter_lines():
            pinged[number] += line.startswith(": ping")


async def _samples(core: psutil.Process, watch_s: float) -> list[tuple[float, int]]:
    """Sample private memory; seconds and bytes."""
    begun, samples = time.perf_counter(), []
    while (at := time.perf_counter() - begun) < watch_s:
        samples.append((at, core.memory_full_info().uss))
        await asyncio.sleep(EVERY_S)
    return samples


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=WATCH_S)
    options = parser.parse_args()
    for name, figure in measure(options.seconds).items():
        print(f"{name:24} {figure:12,.2f}")


if __name__ == "__main__":
    main()
