"""Run tests in a network namespace that has a loopback alone, and tell what tried to leave.

    unshare --net python -m tests.offline.inside tests/e2e/test_journey.py …

Whatever is sent elsewhere goes to the loopback too, where nobody answers and all of it is noted.
Prints one JSON object as its last line: the status of pytest, the packets seen, what was found.
"""

import json
import subprocess
import sys
from pathlib import Path

CAPTURE = Path(__file__).parents[1] / "stack" / "capture.py"
ONLY_LOOPBACK = (
    ("ip", "link", "set", "lo", "up"),
    ("ip", "route", "add", "default", "dev", "lo"),
    ("ip", "-6", "route", "add", "default", "dev", "lo"),
)


def main(arguments: list[str]) -> int:
    """Watch the loopback while the tests run; gives 0 once it has told."""
    for command in ONLY_LOOPBACK:
        subprocess.run(command, check=True)
    watch = subprocess.Popen(
        [sys.executable, str(CAPTURE), "[]", "[]"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert watch.stdout is not None
    assert watch.stdout.readline() == "listening\n"
    status = subprocess.run([sys.executable, *arguments]).returncode
    told = json.loads(watch.communicate()[0])
    print(json.dumps({"status": status, **told}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
