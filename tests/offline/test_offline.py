"""With every network but the loopback cut, the journey works and nothing tries to leave."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.offline, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
# From the first start to the last, over HTTP and the command line; and the dashboard's process.
JOURNEY = ("tests/e2e/test_journey.py", "tests/integration/processes/test_dashboard.py")
REACHES_OUT = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
    line.sendto(b"x", ("198.51.100.7", 9))
    # A question for the address of outside.example (RFC 1035), to whoever is asked for names.
    name = b"\\x07outside\\x07example\\x00"
    asked = b"ab\\x01\\x00" + b"\\x00\\x01" + bytes(6) + name + b"\\x00\\x01" * 2
    line.sendto(asked, ("127.0.0.1", 53))
"""


def cut_off(*arguments: str) -> dict[str, Any]:
    """Run Python with a loopback alone; gives its status and what tried to leave."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("a network namespace needs root, and the programs unshare and ip")
    command = ["unshare", "--net", sys.executable, "-m", "tests.offline.inside", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0 and "Operation not permitted" in done.stderr:
        pytest.skip("this machine allows no network namespaces, not even to root")
    print(done.stdout[-20_000:], done.stderr[-5_000:])
    assert done.returncode == 0
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_what_tries_to_leave_is_seen() -> None:
    seen = cut_off("-c", REACHES_OUT)
    assert seen["status"] == 0
    assert seen["found"] == ["a packet to 198.51.100.7", "a question for outside.example"]


@pytest.mark.requirement("A1", part="embedded: the journey with the loopback alone, nothing leaves")
def test_the_journey_works_and_nothing_tries_to_leave() -> None:
    seen = cut_off("-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *JOURNEY)
    assert seen["status"] == 0, "the journey does not work offline"
    assert seen["found"] == []
    # It did see what was said on the loopback.
    assert seen["packets"] > 100
