"""The child process that the tests supervise, described for ``Supervised``."""

import sys
from dataclasses import replace
from pathlib import Path

from sutazai.bootstrap.processes.child import Child, Restarts

PROGRAM = Path(__file__).parent / "programs" / "child.py"


def describe(root: Path, *options: str, restarts: Restarts | None = None) -> Child:
    """Return the child, ready when its marker names a process of its own."""
    marker = root / "marker"
    marker.unlink(missing_ok=True)

    async def ready() -> bool:
        return marker.exists()

    return Child(
        name="The test child",
        command=[sys.executable, str(PROGRAM), str(marker), *options],
        pid_path=root / "run" / "child.pid",
        ready=ready,
        log_path=root / "logs" / "child.log",
        stop_timeout_s=5.0,
        restarts=restarts or Restarts(first_s=0.01, longest_s=0.05),
    )


def with_timeouts(child: Child, *, ready_s: float = 60.0, stop_s: float = 5.0) -> Child:
    """Return the child with other limits of time."""
    return replace(child, ready_timeout_s=ready_s, stop_timeout_s=stop_s)
