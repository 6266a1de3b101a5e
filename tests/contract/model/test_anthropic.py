"""The Anthropic provider keeps the contract, against a server of its format."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from sutazai_kit.model.anthropic import AnthropicConfig, AnthropicModel, open_anthropic
from sutazai_kit.model.scripted import ScriptedModel
from tests.contract.model.suite import ModelContract
from tests.contract.model.wire import WireFixtures
from tests.support.model_servers import KEY, anthropic_app, serve_app


class TestAnthropicModel(WireFixtures, ModelContract):
    """The contract."""

    @pytest.fixture
    async def model(self, script: ScriptedModel) -> AsyncIterator[AnthropicModel]:
        async with serve_app(anthropic_app(script)) as url:
            config = AnthropicConfig(base_url=f"{url}/v1", api_key=SecretStr(KEY))
            async with open_anthropic(config) as opened:
                yield opened

    @pytest.fixture
    async def unavailable(self, script: ScriptedModel) -> AsyncIterator[AnthropicModel]:
        async with serve_app(anthropic_app(script)) as url:
            pass
        async with open_anthropic(AnthropicConfig(base_url=url)) as opened:
            yield opened
