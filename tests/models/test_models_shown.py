"""The whole platform and a real Ollama that comes late and goes: `sutazai models` and the API."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.gguf import write_tiny_llama
from tests.support.ollama import find_ollama, serve
from tests.support.platform import LivePlatform, free_port, live_platform
from tests.support.programs import eventually

LATE_S = 20.0


@pytest.fixture
def platform(models_dir: Path) -> Iterator[LivePlatform]:
    """Give a platform that is not started yet."""
    with live_platform(models_dir) as opened:
        yield opened


@pytest.mark.timeout(180)
def test_a_runtime_that_comes_late_is_used_and_one_that_goes_is_left(
    platform: LivePlatform,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    binary, port = find_ollama(), free_port()
    assert binary is not None
    platform.environment |= {
        "SUTAZAI_MODELS_RUNTIME": "auto",
        "SUTAZAI_MODELS_OLLAMA_URL": f"http://127.0.0.1:{port}",
        "SUTAZAI_MODELS_NUM_CTX": "512",
    }
    platform.start()

    def shown() -> dict[str, Any]:
        with platform.client() as client:
            found: dict[str, Any] = client.get("/api/v1/models").json()
            return found

    assert shown()["state"] == "no_runtime"
    assert "ollama pull" in command(platform)
    monkeypatch.setattr("tests.support.ollama._free_port", lambda: port)
    with serve(binary) as server:
        eventually(lambda: shown()["state"] == "no_model", "the runtime is found", LATE_S)
        server.register_chat(
            "tinyllama", write_tiny_llama(tmp_path / "tiny.gguf", context=1024, layers=1)
        )
        eventually(lambda: shown()["state"] == "ready", "the model is found", LATE_S)
        state = shown()
        assert state["runtime"]["provider"] == "ollama"
        assert state["runtime"]["version"]
        (model,) = state["models"]
        assert (model["name"], model["roles"]) == (
            "tinyllama:latest",
            ["coder", "default", "reviewer", "writer"],
        )
        assert model["capabilities"]["context_tokens"] == 1024
        out = command(platform)
        assert f"ollama {state['runtime']['version']} at http://127.0.0.1:{port}" in out
        assert "tinyllama:latest" in out
        assert "tinyllama:latest (1024 tokens" in platform.log()
    eventually(lambda: shown()["state"] == "no_runtime", "it is left", LATE_S)
    assert platform.stop() == 0


def command(platform: LivePlatform) -> str:
    """Give what `sutazai models` prints."""
    done = subprocess.run(
        platform.command("models"), env=platform.variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
