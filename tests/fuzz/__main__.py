"""Send a running platform whatever its OpenAPI document allows, and what it does not.

    python -m tests.fuzz 20000 [seed]

Schemathesis makes the calls, stateful ones by the links between operations among them; each answer
has to be documented, fit its schema, and be no error of the server's. Rounds follow one another,
each with a seed of its own, until so many calls were made. A failure ends it, with the seed.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
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
# Examples of one operation in one round.
EXAMPLES = 100
# Nobody but us asks, so nothing is held back; what is uploaded goes with the home.
ENVIRONMENT = {"SUTAZAI_API_RATE_PER_S": "0", "SUTAZAI_API_UPLOAD_LIMIT_MB": "1"}


def fuzz_round(
    live: LivePlatform, seed: int, examples: int, phases: str = PHASES
) -> tuple[int, int]:
    """Make one round of calls; gives how many were made, and the exit status."""
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
            "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks",
            "PYTHONPATH": str(ROOT),
        }
        status = subprocess.run(command, cwd=folder, env=environment).returncode
        return calls_of(report), status


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
        while made < wanted:
            calls, status = fuzz_round(live, seed + rounds, EXAMPLES)
            made, rounds = made + calls, rounds + 1
            took = time.monotonic() - begun
            print(f"round {rounds}, seed {seed + rounds - 1}: {made} calls in {took:.0f} s")
            if status != 0 or not calls:
                return status or 1
        assert live.stop() == 0
    print(f"{made} calls: no error of the server, no undocumented answer")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
