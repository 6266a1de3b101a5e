"""A script keeps the contract."""

from collections.abc import AsyncIterator

import pytest

from sutazai_contracts.models import ModelRequest
from sutazai_kit.model.scripted import Rule, ScriptedConfig, ScriptedModel, open_scripted
from tests.contract.model.suite import Busy, ModelContract, question

SLOW = Rule(when="slowly", say=("a word and another " * 500,))
CONFIG = ScriptedConfig(rules=(SLOW,), piece_s=0.002)


class TestScriptedModel(ModelContract):
    """The contract."""

    @pytest.fixture
    def name(self) -> str:
        return "scripted"

    @pytest.fixture
    async def model(self) -> AsyncIterator[ScriptedModel]:
        async with open_scripted(CONFIG) as opened:
            yield opened

    @pytest.fixture
    async def unavailable(self) -> AsyncIterator[ScriptedModel]:
        async with open_scripted(CONFIG) as opened:
            opened.down = True
            yield opened

    @pytest.fixture
    def busy(self, model: ScriptedModel) -> Busy:
        async def generating() -> bool:
            return model.generating > 0

        return generating

    @pytest.fixture
    def endless(self, name: str) -> ModelRequest:
        return question(name, "Answer slowly.", max_tokens=2000)
