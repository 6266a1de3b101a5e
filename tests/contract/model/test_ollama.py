"""The Ollama provider keeps the contract, against a server of Ollama's format.

The real Ollama is asked the same by `tests/models/test_ollama.py`.
"""

from collections.abc import AsyncIterator

import pytest

from sutazai_kit.model.ollama import OllamaConfig, OllamaModel, open_ollama
from sutazai_kit.model.scripted import ScriptedModel
from tests.contract.model.suite import ModelContract
from tests.contract.model.wire import WireFixtures
from tests.support.model_servers import ollama_app, serve_app


class TestOllamaModel(WireFixtures, ModelContract):
    """The contract."""

    @pytest.fixture
    async def model(self, script: ScriptedModel) -> AsyncIterator[OllamaModel]:
        async with (
            serve_app(ollama_app(script)) as url,
            open_ollama(OllamaConfig(base_url=url)) as opened,
        ):
            yield opened

    @pytest.fixture
    async def unavailable(self, script: ScriptedModel) -> AsyncIterator[OllamaModel]:
        async with serve_app(ollama_app(script)) as url:
            pass
        async with open_ollama(OllamaConfig(base_url=url)) as opened:
            yield opened
