"""The provider of chat completions keeps the contract, against a server of that format."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from sutazai_kit.model.openai_compatible import (
    OpenAiCompatibleConfig,
    OpenAiCompatibleModel,
    open_openai_compatible,
)
from sutazai_kit.model.scripted import ScriptedModel
from tests.contract.model.suite import ModelContract
from tests.contract.model.wire import WireFixtures
from tests.support.model_servers import KEY, chat_completions_app, serve_app


class TestOpenAiCompatibleModel(WireFixtures, ModelContract):
    """The contract."""

    @pytest.fixture
    async def model(self, script: ScriptedModel) -> AsyncIterator[OpenAiCompatibleModel]:
        async with serve_app(chat_completions_app(script)) as url:
            config = OpenAiCompatibleConfig(base_url=f"{url}/v1", api_key=SecretStr(KEY))
            async with open_openai_compatible(config) as opened:
                yield opened

    @pytest.fixture
    async def unavailable(self, script: ScriptedModel) -> AsyncIterator[OpenAiCompatibleModel]:
        async with serve_app(chat_completions_app(script)) as url:
            pass
        async with open_openai_compatible(OpenAiCompatibleConfig(base_url=url)) as opened:
            yield opened
