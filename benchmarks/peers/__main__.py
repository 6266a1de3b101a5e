"""Durable tasks, submitted until their results are stored: ours beside Celery's, in turns.

    make bench-peers

Both use the same RabbitMQ and PostgreSQL, wait for the broker's confirm of what they publish,
settle a task after its work, keep results in PostgreSQL, and have two processes that work. Neither
client asks for results: the same look at the table of results, every 20 ms, finds out that all are
there. Ours is measured by two ways: `service`, the service that the API's route calls, in the
client's process as Celery's `delay` is in its; and `api`, the whole HTTP API. CPU is that of the
client, the workers, core, the relay, RabbitMQ, PostgreSQL and (ours) Redis together.
"""

import argparse
import json
import os
import signal
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.peers.children import cpu_s
from benchmarks.peers.servers import open_servers
from benchmarks.peers.sides import Side, celery_side, our_side

REPORT = Path("build/peers.json")
LOOK_S = 0.02
LONGEST_S = 180.0
WARM = 200


@dataclass(frozen=True)
class Round:
    """What one side came to in one round: tasks a second, CPU by part for 1 000 tasks, starts."""

    rate: float
    cpu: Mapping[str, float]
    starts_ms: Sequence[float]

    @property
    def cost(self) -> float:
        """Give CPU seconds for 1 000 tasks, all parts together."""
        return sum(self.cpu.values())

    def start_ms(self, share: float) -> float:
        """Give the time within which this share of the tasks started."""
        return sorted(self.starts_ms)[max(0, round(len(self.starts_ms) * share) - 1)]


@dataclass(frozen=True)
class Way:
    """A side, and by which way its client submits."""

    name: str
    side: Side
    words: Mapping[str, str]

    def many(self, tasks: int) -> tuple[float, dict[str, float]]:
        """Submit many at once and wait until every result is stored."""
        side, pids = self.side, self.side.pids
        wanted = side.results() + tasks
        before = {name: cpu_s([pid]) for name, pid in pids.items()}
        begun = time.monotonic()
        side.client.ask(do="many", tasks=tasks, submitters=side.submitters, **self.words)
        while side.results() < wanted:
            if time.monotonic() - begun > LONGEST_S:
                said = "".join(child.said() for child in side.children)
                raise SystemExit(f"{wanted - side.results()} results are missing:\n{said}")
            time.sleep(LOOK_S)
        took = time.monotonic() - begun
        cpu = {name: cpu_s([pid]) - before[name] for name, pid in pids.items()}
        return tasks / took, {name: spent * 1000 / tasks for name, spent in cpu.items()}

    def round(self, tasks: int, hot: int) -> Round:
        """Measure once."""
        rate, cpu = self.many(tasks)
        starts = self.side.client.ask(do="hot", tasks=hot, **self.words)
        return Round(rate, cpu, starts)


@contextmanager
def opened(options: argparse.Namespace) -> Iterator[list[Way]]:
    """Start the servers and both sides."""
    with TemporaryDirectory(prefix="sutazai-peers-") as folder, ExitStack() as life:
        root = Path(folder)
        logs = {name: root / name for name in ("celery", "ours", "home")}
        for path in logs.values():
            path.mkdir()
        servers = life.enter_context(open_servers())
        celery = life.enter_context(
            celery_side(servers, options.python, logs["celery"], options.celery_submitters)
        )
        ours = life.enter_context(our_side(servers, logs["home"], logs["ours"], options.submitters))
        yield [
            Way("celery", celery, {}),
            *(Way(name, ours, {"way": name}) for name in options.ways),
        ]


def measure(options: argparse.Namespace) -> dict[str, list[Round]]:
    """Measure all ways in turns; gives their rounds by name."""
    with opened(options) as ways:
        rounds: dict[str, list[Round]] = {way.name: [] for way in ways}
        for way in ways:
            way.many(WARM)
        for number in range(options.rounds):
            # Each goes first as often as the others.
            for way in (*ways[number % len(ways) :], *ways[: number % len(ways)]):
                rounds[way.name].append(done := way.round(options.tasks, options.hot))
                parts = ", ".join(f"{name} {spent:.2f}" for name, spent in done.cpu.items())
                print(
                    f"  {number + 1} {way.name:8} {done.rate:7.0f}/s  {done.cost:5.2f} CPU-s  "
                    f"start p50 {done.start_ms(0.5):5.1f} p99 {done.start_ms(0.99):5.1f} ms"
                    f"  ({parts})",
                    flush=True,
                )
    return rounds


def figures(rounds: Mapping[str, Sequence[Round]]) -> dict[str, dict[str, float]]:
    """Give the medians of each way, and those of its ratios to Celery in the same round."""
    celery, found = rounds["celery"], {}
    for name, own in rounds.items():
        pairs = list(zip(own, celery, strict=True))
        found[name] = {
            "tasks_per_s": statistics.median(r.rate for r in own),
            "cpu_s_per_1000": statistics.median(r.cost for r in own),
            "start_p50_ms": statistics.median(r.start_ms(0.5) for r in own),
            "start_p99_ms": statistics.median(r.start_ms(0.99) for r in own),
            "rate_to_celery": statistics.median(one.rate / other.rate for one, other in pairs),
            "cpu_to_celery": statistics.median(one.cost / other.cost for one, other in pairs),
        }
    return found


def main() -> None:
    """Measure, print the table, write it down."""
    parser = argparse.ArgumentParser(prog="benchmarks.peers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", type=int, default=1000, help="of a round")
    parser.add_argument("--hot", type=int, default=300, help="tasks one at a time, of a round")
    parser.add_argument("--submitters", type=int, default=32, help="of ours, at once")
    parser.add_argument("--celery-submitters", type=int, default=8, help="threads of its client")
    parser.add_argument(
        "--python", type=Path, default=Path("build/peers/venv/bin/python"), help="with Celery"
    )
    parser.add_argument("--ways", nargs="+", default=["service", "api"], help="of ours")
    options = parser.parse_args()
    # Whoever ends this leaves no server and no worker behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    found = figures(measure(options))
    for name, values in found.items():
        print(f"{name:8} " + "  ".join(f"{what} {value:.2f}" for what, value in values.items()))
    REPORT.parent.mkdir(exist_ok=True)
    about = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "rounds": options.rounds,
        "tasks": options.tasks,
        "hot": options.hot,
    }
    REPORT.write_text(json.dumps({**about, "figures": found}, indent=2) + "\n")


if __name__ == "__main__":
    main()
