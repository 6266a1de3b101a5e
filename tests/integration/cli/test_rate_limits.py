"""An installation whose callers may ask seldom, by its environment; and a command that waits."""

import subprocess
from pathlib import Path

import pytest

from tests.support.embeddings import models_dir  # noqa: F401
from tests.support.platform import live_platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


@pytest.mark.requirement("G2", part="rate limits at core, by the environment")
def test_who_asks_too_often_is_refused_and_the_command_line_waits(
    models_dir: Path,  # noqa: F811
) -> None:
    environment = {"SUTAZAI_API_RATE_PER_S": "0.2", "SUTAZAI_API_BURST": "4"}
    with live_platform(models_dir, **environment) as platform:
        platform.start()
        with platform.client() as client:
            answers = [client.get("/api/v1/agents") for _ in range(12)]
            refused = [answer for answer in answers if answer.status_code == 429]
            assert {answer.status_code for answer in answers} == {200, 429}
            assert all(1 <= int(answer.headers["retry-after"]) <= 5 for answer in refused)
            assert client.get("/health/live").status_code == 200
            ended = subprocess.run(
                platform.command("collections", "list"),
                env=platform.variables,
                capture_output=True,
                text=True,
                timeout=60,
            )
        assert ended.returncode == 0, ended.stderr
        assert "default" in ended.stdout
