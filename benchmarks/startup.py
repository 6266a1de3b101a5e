"""How long a start takes, and how much memory the platform holds when nobody asks anything."""

import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.platform import running

SETTLE_S = 5.0


def measure(rounds: int = 5) -> dict[str, float]:
    """Start on a fresh home once, then again and again; medians of the warm starts."""
    with TemporaryDirectory(prefix="sutazai-bench-") as folder:
        home = Path(folder) / "home"
        with running(home) as first:
            first_s = first.ready_s
        ready: list[float] = []
        sizes: list[dict[str, float]] = []
        for _ in range(rounds):
            with running(home) as platform:
                ready.append(platform.ready_s)
                platform.wait_whole()
                # Idle is what is left once the start's own work has ended.
                time.sleep(SETTLE_S)
                sizes.append(platform.pss_mb())
    figures = {"first_start_s": first_s, "ready_s": statistics.median(ready)}
    for part in sizes[0]:
        figures[f"idle_pss_{part}_mb"] = statistics.median(size[part] for size in sizes)
    figures["idle_pss_mb"] = statistics.median(sum(size.values()) for size in sizes)
    return figures
