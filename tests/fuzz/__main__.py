"""Send a running platform whatever its OpenAPI document allows, and what it does not.

    python -m tests.fuzz 20000 [seed]

Schemathesis makes the calls, stateful ones by the links between operations among them; each answer
has to be documented, fit its schema, and be no error of the server's. Rounds follow one another,
each with a seed of its own, until so many calls were made. A failure ends it, with the seed; so
does a round after which the caller's key is good for nothing any more. A case that schemathesis
could not make, by an error of Python's own parser, ends nothing; it is told.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

from tests.support.embeddings import prepared_models
from tests.support.platform import LivePlatform, live_platform

ROOT = Path(__file__).parents[2]
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
PHASES = "examples,coverage,fuzzing,stateful"
HOOKS = "tests.fuzz.hooks"
# Examples of one operation in one round.
EXAMPLES = 100
# Nobody but us asks, so nothing is held back; what is uploaded goes with the home.
ENVIRONMENT = {"SUTAZAI_API_RATE_PER_S": "0", "SUTAZAI_API_UPLOAD_LIMIT_MB": "1"}


def fuzz_round(
    live: LivePlatform, own: Collection[str], seed: int, examples: int, phases: str = PHASES
) -> tuple[int, int]:
    """Make one round of calls; gives how many were made, and the exit status.

    `own` are the ids of what no call may change, see `own_ids`.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "calls.ndjson"
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            *("run", f"{live.url}/openapi.json"),
            *("--header", f"Authorization: {live.headers['Authorization']}"),
            *("--checks", ",".join(CHECKS)),
            *("--phases", phases),
            *("--max-examples", str(examples)),
            *("--seed", str(seed)),
            *("--workers", "2"),
            *("--request-timeout", "30"),
            *("--suppress-health-check", "all"),
            *("--warnings", "off"),
            "--no-color",
            "--generation-database=none",
            *("--report", "ndjson", "--report-ndjson-path", str(report)),
        ]
        environment = {
            **os.environ,
            "SCHEMATHESIS_HOOKS": HOOKS,
            "PYTHONPATH": str(ROOT),
            "FUZZ_OWN": ",".join(own),
        }
        status = subprocess.run(command, cwd=folder, env=environment).returncode
        if status and is_no_finding(report):
            print("a case could not be made, by an error of Python's own parser")
            status = 0
        return calls_of(report), status


def own_ids(live: LivePlatform) -> list[str]:
    """Give the ids of a new platform's only key, by which all calls are made, and its person."""
    with live.client() as client:
        [key] = client.get("/api/v1/keys").raise_for_status().json()["items"]
    return [key["id"], key["user"]]


def check_rights(live: LivePlatform) -> None:
    """Fail where the caller's key is good for nothing any more, or not for an admin's work."""
    with live.client() as client:
        client.get("/api/v1/users").raise_for_status()


def is_no_finding(report: Path) -> bool:
    """Tell whether a round ended badly by errors of Python's own parser alone.

    CPython 3.11 counts the depth of `ast.parse` wrongly where it is called deep in other calls.
    """
    errors: list[str] = []
    for line in report.read_text("utf-8").splitlines():
        event = json.loads(line)
        if "ScenarioFinished" in event:
            checks = event["ScenarioFinished"].get("recorder", {}).get("checks", {})
            if any(check.get("status") == "failure" for each in checks.values() for check in each):
                return False
        if any("Error" in kind for kind in event):
            errors.append(line)
    return bool(errors) and all("AST constructor recursion depth mismatch" in e for e in errors)


def calls_of(report: Path) -> int:
    """Count the calls that a report tells of."""
    count = 0
    with report.open(encoding="utf-8") as lines:
        for line in lines:
            if "ScenarioFinished" in (event := json.loads(line)):
                recorded = event["ScenarioFinished"].get("recorder", {})
                count += len(recorded.get("interactions", {}))
    return count


def main(wanted: int, seed: int) -> int:
    """Make rounds until so many calls were made; gives the exit status."""
    begun, made, rounds = time.monotonic(), 0, 0
    with live_platform(prepared_models(), **ENVIRONMENT) as live:
        live.start()
        own = own_ids(live)
        while made < wanted:
            calls, status = fuzz_round(live, own, seed + rounds, EXAMPLES)
            made, rounds = made + calls, rounds + 1
            took = time.monotonic() - begun
            print(f"round {rounds}, seed {seed + rounds - 1}: {made} calls in {took:.0f} s")
            if status != 0 or not calls:
                return status or 1
            check_rights(live)
        assert live.stop() == 0
    print(f"{made} calls: no error of the server, no undocumented answer")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
