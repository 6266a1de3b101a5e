"""What providers that speak HTTP are opened against: a server of their format, a script behind."""

from collections.abc import AsyncIterator

import pytest

from sutazai_contracts.models import ModelRequest
from sutazai_kit.model.scripted import Rule, ScriptedConfig, ScriptedModel, open_scripted
from tests.contract.model.suite import Busy, question

SLOW = Rule(when="slowly", say=("a word and another " * 500,))
SCRIPT = ScriptedConfig(names=("tiny",), rules=(SLOW,), piece_s=0.002)


class WireFixtures:
    """Fixtures of the contract, and `script`: the model behind the server."""

    @pytest.fixture
    def name(self) -> str:
        return "tiny"

    @pytest.fixture
    async def script(self) -> AsyncIterator[ScriptedModel]:
        async with open_scripted(SCRIPT) as opened:
            yield opened

    @pytest.fixture
    def busy(self, script: ScriptedModel) -> Busy:
        async def generating() -> bool:
            return script.generating > 0

        return generating

    @pytest.fixture
    def endless(self, name: str) -> ModelRequest:
        return question(name, "Answer slowly.", max_tokens=2000)
