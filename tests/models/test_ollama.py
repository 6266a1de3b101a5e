"""The real Ollama keeps the contract of the model port, and what only the real one can show."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from sutazai_contracts.errors import ContextTooSmall
from sutazai_contracts.models import ModelRequest
from sutazai_kit.model.ollama import OllamaConfig, OllamaModel, open_ollama
from sutazai_kit.model.port import Delta
from tests.contract.model.suite import Busy, ModelContract, Verdict, question, until
from tests.models.conftest import CONTEXT
from tests.support.ollama import Ollama

_IDLE_CPU_SHARE = 0.3
_WATCHED_S = 0.1


def config(ollama: Ollama) -> OllamaConfig:
    """Say how the server is asked in these tests."""
    return OllamaConfig(base_url=ollama.url, num_ctx=CONTEXT, num_thread=1)


class TestRealOllama(ModelContract):
    """The contract, and more."""

    @pytest.fixture
    def name(self) -> str:
        return "tiny"

    @pytest.fixture
    async def model(self, ollama: Ollama) -> AsyncIterator[OllamaModel]:
        async with open_ollama(config(ollama)) as opened:
            yield opened

    @pytest.fixture
    async def unavailable(self) -> AsyncIterator[OllamaModel]:
        # Port 9 (discard) of this machine: nothing listens there.
        async with open_ollama(OllamaConfig(base_url="http://127.0.0.1:9")) as opened:
            yield opened

    @pytest.fixture
    def busy(self, ollama: Ollama) -> Busy:
        async def working() -> bool:
            before = ollama.runner_cpu_s()
            await asyncio.sleep(_WATCHED_S)
            return ollama.runner_cpu_s() - before > _IDLE_CPU_SHARE * _WATCHED_S

        return working

    @pytest.fixture
    def endless(self, name: str) -> ModelRequest:
        return question(name, max_tokens=CONTEXT - 1000)

    async def test_the_log_says_that_a_cancelled_answer_ended(
        self, model: OllamaModel, ollama: Ollama, endless: ModelRequest
    ) -> None:
        await model.models()
        seen = len(ollama.log.read_text())

        async def ended() -> bool:
            # Its scheduler, when nobody uses a model's runner any more.
            return "refCount=0" in ollama.log.read_text()[seen:]

        async with aclosing(model.stream(endless)) as answer:
            assert isinstance(await anext(answer), Delta)
            assert not await ended()
        await until(ended, True, 2.0)

    @pytest.mark.requirement("D6", part="structured output of Ollama is validated")
    async def test_fifty_of_fifty_structured_answers_are_valid(
        self, model: OllamaModel, name: str
    ) -> None:
        for seed in range(50):
            request = question(name, max_tokens=400, temperature=1, seed=seed)
            answer = await model.structured(request, Verdict)
            assert not answer.repaired
            assert set(json.loads(answer.text)) == set(Verdict.model_fields)

    async def test_a_silent_cut_is_seen_and_not_made_again(
        self, model: OllamaModel, name: str, ollama: Ollama
    ) -> None:
        # Letters that are a token each: twice as many as estimated.
        hard = " ".join(["qzxjqzxjq"] * 110)
        request = question(name, hard, max_tokens=8, num_ctx=512)
        seen = len(ollama.log.read_text())
        with pytest.raises(ContextTooSmall, match="cut the question"):
            await model.complete(request)
        assert "truncating input prompt" in ollama.log.read_text()[seen:]
        # The second time it is known beforehand, and not sent.
        with pytest.raises(ContextTooSmall, match="leaves no room"):
            await model.complete(request)
        assert ollama.log.read_text()[seen:].count("truncating input prompt") == 1

    async def test_the_models_own_stop_texts_stay(self, model: OllamaModel, name: str) -> None:
        await model.complete(question(name, max_tokens=1))
        assert "<|user|>" in model._known["tiny:latest"].stop
