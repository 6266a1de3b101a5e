"""The runtimes of models that settings name; core and the agents open the same ones."""

from collections.abc import Sequence

from sutazai.settings import RuntimeSettings
from sutazai_contracts.errors import InvalidInput
from sutazai_kit.model.anthropic import AnthropicConfig
from sutazai_kit.model.factory import ModelConfig
from sutazai_kit.model.http import check_egress
from sutazai_kit.model.llama_cpp import LlamaCppConfig
from sutazai_kit.model.ollama import OllamaConfig
from sutazai_kit.model.openai_compatible import OpenAiCompatibleConfig


def runtime_configs(runtime: RuntimeSettings, *, allow_egress: bool) -> Sequence[ModelConfig]:
    """Give the runtimes that settings allow, best first.

    Raises:
        InvalidInput: a setting that the runtime needs is missing.
        EgressRefused: a hosted runtime is set and egress is not switched on.
    """
    match runtime.runtime:
        case "none":
            return []
        case "auto":
            gguf = [] if runtime.gguf is None else [_llama_cpp(runtime)]
            return [_ollama(runtime, allow_egress=allow_egress), *gguf]
        case "ollama":
            return [_ollama(runtime, allow_egress=allow_egress)]
        case "llama_cpp":
            return [_llama_cpp(runtime)]
        case _:
            return [_hosted(runtime, allow_egress=allow_egress)]


def _ollama(runtime: RuntimeSettings, *, allow_egress: bool) -> OllamaConfig:
    return OllamaConfig(
        base_url=runtime.ollama_url,
        num_ctx=runtime.num_ctx,
        num_thread=runtime.num_thread,
        prices=runtime.prices,
        allow_egress=allow_egress,
    )


def _llama_cpp(runtime: RuntimeSettings) -> LlamaCppConfig:
    if runtime.gguf is None:
        raise InvalidInput("llama.cpp needs a file: set SUTAZAI_MODELS_GGUF to a GGUF file.")
    return LlamaCppConfig(
        path=runtime.gguf,
        num_ctx=runtime.num_ctx,
        slots=runtime.parallel,
        threads=runtime.num_thread or 1,
        prices=runtime.prices,
    )


def _hosted(
    runtime: RuntimeSettings, *, allow_egress: bool
) -> OpenAiCompatibleConfig | AnthropicConfig:
    url = runtime.hosted_url
    if url is None and runtime.runtime != "anthropic":
        raise InvalidInput("openai_compatible needs an address: set SUTAZAI_MODELS_HOSTED_URL.")
    named = {} if url is None else {"base_url": url}
    kind = AnthropicConfig if runtime.runtime == "anthropic" else OpenAiCompatibleConfig
    config = kind.model_validate(
        {
            **named,
            "api_key": runtime.api_key,
            "prices": runtime.prices,
            "allow_egress": allow_egress,
        }
    )
    # Said at the start rather than when it is first opened.
    check_egress(config.base_url, allow_egress)
    return config
