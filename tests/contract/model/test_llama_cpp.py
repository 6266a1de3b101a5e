"""llama.cpp in this process, on a tiny model of random weights, keeps the contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sutazai_contracts.models import ModelRequest
from sutazai_kit.model.llama_cpp import LlamaCppConfig, LlamaCppModel, open_llama_cpp
from tests.contract.model.suite import Busy, ModelContract, question
from tests.support.gguf import write_tiny_llama

CONTEXT = 32_768


@pytest.fixture(scope="session")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the model's file."""
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    return write_tiny_llama(path, context=CONTEXT, layers=2)


class TestLlamaCppModel(ModelContract):
    """The contract."""

    @pytest.fixture
    def name(self) -> str:
        return "tiny"

    @pytest.fixture
    async def model(self, gguf: Path) -> AsyncIterator[LlamaCppModel]:
        async with open_llama_cpp(LlamaCppConfig(path=gguf, num_ctx=CONTEXT)) as opened:
            yield opened

    @pytest.fixture
    async def unavailable(self, gguf: Path) -> LlamaCppModel:
        async with open_llama_cpp(LlamaCppConfig(path=gguf)) as opened:
            pass
        return opened

    @pytest.fixture
    def busy(self, model: LlamaCppModel) -> Busy:
        async def generating() -> bool:
            answer = await model._client.request("GET", "/slots")
            return any(slot["is_processing"] for slot in answer.json())

        return generating

    @pytest.fixture
    def endless(self, name: str) -> ModelRequest:
        return question(name, max_tokens=CONTEXT - 1000)
