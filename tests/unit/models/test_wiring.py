"""Which runtimes settings mean, and what is refused at the start."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from sutazai.bootstrap.runtimes import runtime_configs
from sutazai.settings import RuntimeSettings
from sutazai_contracts.errors import EgressRefused, InvalidInput
from sutazai_contracts.models import ChatMessage, ModelRequest
from sutazai_kit.model.llama_cpp import LlamaCppConfig
from sutazai_kit.model.ollama import OllamaConfig, open_ollama
from sutazai_kit.model.openai_compatible import OpenAiCompatibleConfig
from sutazai_kit.model.price import Price
from sutazai_kit.model.scripted import Rule, ScriptedConfig, open_scripted
from tests.support.model_servers import ollama_app, serve_app

GGUF = Path("some.gguf")


def providers(settings: RuntimeSettings, *, allow_egress: bool = False) -> list[str]:
    return [config.provider for config in runtime_configs(settings, allow_egress=allow_egress)]


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUTAZAI_MODELS_GGUF", raising=False)


def test_auto_is_ollama_then_a_file_where_one_is_set() -> None:
    assert providers(RuntimeSettings()) == ["ollama"]
    assert providers(RuntimeSettings(gguf=GGUF)) == ["ollama", "llama_cpp"]
    assert providers(RuntimeSettings(runtime="ollama", gguf=GGUF)) == ["ollama"]
    assert providers(RuntimeSettings(runtime="none", gguf=GGUF)) == []


def test_settings_reach_the_runtimes() -> None:
    settings = RuntimeSettings(
        gguf=GGUF, ollama_url="http://[::1]:1", num_ctx=1024, num_thread=3, parallel=2
    )
    ollama, llama = runtime_configs(settings, allow_egress=False)
    assert isinstance(ollama, OllamaConfig)
    assert (ollama.base_url, ollama.num_ctx, ollama.num_thread) == ("http://[::1]:1", 1024, 3)
    assert isinstance(llama, LlamaCppConfig)
    assert (llama.path, llama.num_ctx, llama.threads, llama.slots) == (GGUF, 1024, 3, 2)


def test_what_a_runtime_needs_is_asked_for_by_name() -> None:
    for runtime, wanted in (
        ("llama_cpp", "SUTAZAI_MODELS_GGUF"),
        ("openai_compatible", "SUTAZAI_MODELS_HOSTED_URL"),
    ):
        settings = RuntimeSettings.model_validate({"runtime": runtime})
        with pytest.raises(InvalidInput, match=wanted):
            providers(settings)


def test_a_hosted_runtime_is_refused_without_egress() -> None:
    hosted = RuntimeSettings(runtime="anthropic", api_key=SecretStr("key"))
    with pytest.raises(EgressRefused, match="SUTAZAI_ALLOW_EGRESS"):
        providers(hosted)
    assert providers(hosted, allow_egress=True) == ["anthropic"]


def test_a_service_of_this_machine_needs_no_egress() -> None:
    settings = RuntimeSettings(runtime="openai_compatible", hosted_url="http://127.0.0.1:8000/v1")
    (config,) = runtime_configs(settings, allow_egress=False)
    assert isinstance(config, OpenAiCompatibleConfig)
    assert config.base_url == "http://127.0.0.1:8000/v1"


def test_prices_reach_every_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUTAZAI_MODELS_PRICES", '{"tiny": {"prompt": 2, "completion": 4}}')
    prices = {"tiny": Price(prompt=2, completion=4)}
    local = runtime_configs(RuntimeSettings(gguf=GGUF), allow_egress=False)
    hosted = RuntimeSettings(runtime="openai_compatible", hosted_url="http://127.0.0.1:1/v1")
    configs = [*local, *runtime_configs(hosted, allow_egress=False)]
    assert [config.provider for config in configs] == ["ollama", "llama_cpp", "openai_compatible"]
    assert [config.prices for config in configs] == [prices] * 3


async def test_a_call_of_a_priced_model_has_a_cost() -> None:
    prices = {"scripted": Price(prompt=1_000_000, completion=2_000_000)}
    script = ScriptedConfig(rules=(Rule(say=("one two",)),))
    async with open_scripted(script) as model, serve_app(ollama_app(model)) as url:
        for given, cost in ((prices, True), ({}, False)):
            async with open_ollama(OllamaConfig(base_url=url, prices=given)) as ollama:
                asked = ModelRequest(
                    model="scripted:latest", messages=(ChatMessage(role="user", content="Say."),)
                )
                usage = (await ollama.complete(asked)).usage
            expected = usage.prompt_tokens + 2 * usage.completion_tokens
            assert usage.cost == (expected if cost else None)
