"""Open the provider that a configuration names; its driver is imported then."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated

from pydantic import Field

from sutazai_kit.model.anthropic import AnthropicConfig, open_anthropic
from sutazai_kit.model.llama_cpp import LlamaCppConfig, open_llama_cpp
from sutazai_kit.model.ollama import OllamaConfig, open_ollama
from sutazai_kit.model.openai_compatible import OpenAiCompatibleConfig, open_openai_compatible
from sutazai_kit.model.port import Model
from sutazai_kit.model.scripted import ScriptedConfig, open_scripted

ModelConfig = Annotated[
    OllamaConfig | LlamaCppConfig | ScriptedConfig | OpenAiCompatibleConfig | AnthropicConfig,
    Field(discriminator="provider"),
]


@asynccontextmanager
async def open_model(config: ModelConfig) -> AsyncIterator[Model]:
    """Open a provider and close it with the block.

    Args:
        config: which one, and how it is asked.

    Raises:
        EgressRefused: it is beyond this machine and egress is not switched on.
        InvalidInput, ModelUnavailable: llama.cpp can't run the file that is named; the other
            providers are not asked anything yet.
    """
    async with _opening(config) as model:
        yield model


def _opening(config: ModelConfig) -> AbstractAsyncContextManager[Model]:
    match config:
        case OllamaConfig():
            return open_ollama(config)
        case LlamaCppConfig():
            return open_llama_cpp(config)
        case ScriptedConfig():
            return open_scripted(config)
        case OpenAiCompatibleConfig():
            return open_openai_compatible(config)
        case AnthropicConfig():
            return open_anthropic(config)
