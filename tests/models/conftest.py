"""The real Ollama for these tests: `make test-models` runs them where its binary is found."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gguf import write_tiny_llama
from tests.support.ollama import Ollama, find_ollama, serve

CONTEXT = 32_768


@pytest.fixture(scope="session")
def ollama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ollama]:
    """Serve a real Ollama with one tiny model of random weights."""
    binary = find_ollama()
    assert binary is not None, "no Ollama on this machine: `make test-models` looks before"
    # Of some size: Ollama 0.11.4 hangs for good where a call is closed within microseconds of a
    # token (its reader is gone, its writer holds the model's one slot), and a tiny model makes
    # thousands of tokens a second.
    folder: Path = tmp_path_factory.mktemp("gguf")
    gguf = write_tiny_llama(folder / "tiny.gguf", context=CONTEXT, width=512, layers=4)
    with serve(binary) as server:
        server.register_chat("tiny", gguf)
        yield server
