"""`sutazai models`, against a real HTTP server of the API's shapes."""

import re
from pathlib import Path
from typing import Any

from tests.unit.cli.conftest import Run
from tests.unit.cli.platform_server import PlatformServer

RUNTIME = {
    "provider": "ollama",
    "version": "0.11.4",
    "place": "http://127.0.0.1:1",
    "hosted": False,
}
TINY: dict[str, Any] = {
    "name": "tinyllama:latest",
    "capabilities": {"context_tokens": 2048, "json_schema": True, "tools": False},
    "size_bytes": 637_700_138,
    "roles": ["default", "writer"],
    "line": {"busy": 1, "waiting": 12},
    "new_field": "kept",
}
EMBED: dict[str, Any] = {
    "name": "all-minilm:latest",
    "capabilities": {"completion": False, "embeddings": True},
}


def test_models_are_shown_with_their_roles_and_lines(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    platform.models = {
        "state": "ready",
        "runtime": RUNTIME,
        "advice": "Pull a better one.",
        "models": [TINY, EMBED],
    }
    shown = cli("--home", home, "models")
    assert (shown.code, shown.err) == (0, "")
    lines = shown.out.splitlines()
    assert lines[0] == "ollama 0.11.4 at http://127.0.0.1:1"
    assert lines[1].split() == ["MODEL", "CONTEXT", "CAN", "SIZE", "ROLES", "BUSY/WAITING"]
    cells = ["tinyllama:latest", "2048", "write json", "608.2 MiB", "default writer", "1/12"]
    assert re.split(r"\s{2,}", lines[2].strip()) == cells
    assert lines[3].split()[:2] == ["all-minilm:latest", "embed"]
    assert lines[4] == "Pull a better one."


def test_no_runtime_and_no_model_that_writes_are_said(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    platform.models = {
        "state": "no_runtime",
        "runtime": None,
        "advice": "Run Ollama.",
        "models": [],
    }
    assert cli("--home", home, "models").out == "Run Ollama.\n"
    platform.models = {
        "state": "no_model",
        "runtime": {**RUNTIME, "hosted": True, "version": None},
        "advice": "Pull one.",
        "models": [EMBED],
    }
    out = cli("--home", home, "models").out
    assert "ollama at http://127.0.0.1:1 · prompts leave this machine" in out
    assert "answers are extracts" in out


def test_json_keeps_every_field(cli: Run, home: Path, platform: PlatformServer) -> None:
    platform.models = {"state": "ready", "runtime": RUNTIME, "advice": "", "models": [TINY]}
    assert cli("--home", home, "models", "--json").json == platform.models
