"""Run the benchmarks and print their figures beside the budgets: `python -m benchmarks`.

Budgets are those of the design; a figure over its budget is marked and fails nothing: machines
differ, and a noisy one says little. The figures are also written to `build/benchmarks.json`.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from loguru import logger

from benchmarks import first_token, ingest, ledger, search, startup, users, watchers

REPORT = Path("build/benchmarks.json")
# name: (limit, whether less is better)
BUDGETS: dict[str, tuple[float, bool]] = {
    "submit_to_start_p50_ms": (8, True),
    "submit_to_start_p99_ms": (30, True),
    "noop_tasks_per_s": (298, False),
    "cpu_ms_per_task": (4.2, True),
    "search_p95_ms": (30, True),
    "search_while_building_p95_ms": (30, True),
    "search_indexed_p95_ms": (30, True),
    "ready_with_the_collection_s": (5, True),
    "ingest_to_bare_embedder": (0.9, False),
    "first_token_over_direct_ms": (30, True),
    "users_p95_ms": (200, True),
    "users_at_once_p95_ms": (200, True),
    "users_search_p95_ms": (200, True),
    "ready_s": (5, True),
    "idle_pss_mb": (450, True),
}
PARTS: dict[str, Callable[[int], dict[str, float]]] = {
    "ledger": lambda rounds: ledger.measure(rounds),
    "search": lambda rounds: search.measure(100_000, rounds=rounds, index=True),
    "ingest": lambda rounds: ingest.measure(rounds),
    "first_token": lambda rounds: first_token.measure(4 * rounds),
    "startup": lambda rounds: startup.measure(rounds),
    "users": lambda rounds: users.measure(rounds),
    "watchers": lambda _: watchers.measure(),
}


def main() -> int:
    """Measure the parts asked for; gives the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all when none is named")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    logger.remove()
    figures: dict[str, float] = {}
    for name in options.parts or PARTS:
        print(f"{name} …", flush=True)
        measured = PARTS[name](options.rounds)
        for figure, value in measured.items():
            print(_line(figure, value), flush=True)
        figures |= measured
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(_report(figures, options.rounds), indent=2) + "\n")
    return 0


def _line(name: str, value: float) -> str:
    budget = BUDGETS.get(name)
    if budget is None:
        return f"  {name:36} {value:12,.2f}"
    limit, less = budget
    met = value <= limit if less else value >= limit
    sign = "≤" if less else "≥"
    return f"  {name:36} {value:12,.2f}   {sign} {limit:g}{'' if met else '   MISSED'}"


def _report(figures: dict[str, float], rounds: int) -> dict[str, object]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "rounds": rounds,
        "figures": figures,
    }


if __name__ == "__main__":
    sys.exit(main())
