"""What each container of the stack holds while nothing happens: proportional set size (PSS).

    python -m benchmarks.memory                    # a standard stack of its own
    python -m benchmarks.memory --project sutazai  # the stack of `make up`

PSS counts a page that processes share as their shares of it, so that the sum is what the machine
gives. It is read from /proc/<pid>/smaps_rollup of every process of a container, which takes root.
The stack has indexed a document and answered a question, so that what is loaded on first use is
there, and was left alone since.
"""

import argparse
import json
import re
import statistics
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.stack import running_stack
from tests.stack.running import run

SETTLE_S = 60.0
SAMPLES = 5
EVERY_S = 5.0
AGENTS = ("librarian", "researcher", "reviewer", "writer")
BUDGET_AGENT_MB = 80.0


def container_pss_mb(project: str) -> dict[str, float]:
    """Give the PSS of each running container of a project, in MB (10^6 bytes), by service."""
    label = f"label=com.docker.compose.project={project}"
    ids = run("docker", "ps", "-q", "--no-trunc", "--filter", label).split()
    if not ids:
        raise SystemExit(f"nothing of {project} runs")
    sizes: dict[str, float] = defaultdict(float)
    for made in json.loads(run("docker", "inspect", *ids)):
        service = made["Config"]["Labels"]["com.docker.compose.service"]
        for pid in run("docker", "top", made["Id"], "-eo", "pid").split()[1:]:
            sizes[service] += _pss_mb(int(pid))
    return dict(sizes)


def _pss_mb(pid: int) -> float:
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0  # a health check that has ended since
    found = re.search(r"^Pss:\s+(\d+) kB$", told, re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def measure(project: str, samples: int = SAMPLES) -> dict[str, float]:
    """Sample a stack that runs; gives each service's median."""
    found: dict[str, list[float]] = defaultdict(list)
    for number in range(samples):
        if number:
            time.sleep(EVERY_S)
        for service, size in container_pss_mb(project).items():
            found[service].append(size)
    return {service: statistics.median(sizes) for service, sizes in sorted(found.items())}


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--project", help="of a stack that runs and was used")
    options = parser.parse_args()
    if options.project:
        found = measure(options.project)
    else:
        with running_stack() as stack:
            time.sleep(SETTLE_S)
            found = measure(stack.project)
    print("| container | PSS, MB |\n| --- | --- |")
    for service, size in sorted(found.items(), key=lambda one: -one[1]):
        over = service in AGENTS and size > BUDGET_AGENT_MB
        print(f"| {service} | {size:.0f}{' (over the budget)' if over else ''} |")
    print(f"| all | {sum(found.values()):.0f} |")


if __name__ == "__main__":
    main()
