"""Models: one is imported from a file, beside the Ollama that runs, without a network."""

from pathlib import Path

import httpx2
import pytest

from tests.stack.running import Stack, eventually
from tests.support.gguf import write_tiny_llama

pytestmark = pytest.mark.stack

MODELFILE = "FROM /import/model.gguf\nPARAMETER num_predict 32\n"


@pytest.mark.requirement("D1", part="a model in the stack's Ollama, from a file")
def test_a_file_becomes_a_model_that_core_finds(stack: Stack, tmp_path: Path) -> None:
    modelfile = tmp_path / "Modelfile"
    modelfile.write_text(MODELFILE)
    for path in (tmp_path, modelfile):
        path.chmod(0o755)
    gguf = write_tiny_llama(tmp_path / "model.gguf")
    stack.import_model(gguf, "imported", modelfile)

    def known() -> bool:
        headers = {"Authorization": f"Bearer {stack.api_key}"}
        answer = httpx2.get(f"{stack.gateway}/api/v1/models", headers=headers, timeout=10)
        return "imported:latest" in answer.text

    try:
        assert "imported:latest" in stack.run_in("ollama", "ollama", "list")
        assert "num_predict" in stack.run_in("ollama", "ollama", "show", "imported", "--modelfile")
        assert eventually(known, within_s=90)
    finally:
        # Core takes any model that is there, and other tests are of a stack without one.
        stack.run_in("ollama", "ollama", "rm", "imported")


def test_what_fetches_leaves_nothing_running(stack: Stack) -> None:
    assert not {"model-fetch", "model-import"} & set(stack.containers())
