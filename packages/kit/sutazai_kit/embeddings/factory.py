"""Open the embedder that a configuration names."""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Annotated

from pydantic import Field

from sutazai_kit.embeddings.checking import Reference
from sutazai_kit.embeddings.ollama import (
    OllamaEmbeddings,
    OllamaEmbeddingsConfig,
    open_ollama_embeddings,
)
from sutazai_kit.embeddings.openai_compatible import (
    OpenAiEmbeddings,
    OpenAiEmbeddingsConfig,
    open_openai_embeddings,
)

EmbeddingsConfig = Annotated[
    OllamaEmbeddingsConfig | OpenAiEmbeddingsConfig, Field(discriminator="provider")
]


def open_embeddings(
    config: EmbeddingsConfig, references: Iterable[Reference] = ()
) -> AbstractAsyncContextManager[OllamaEmbeddings | OpenAiEmbeddings]:
    """Open a provider, whose vectors are checked first, and close it with the block.

    Args:
        config: which one, and how it is asked.
        references: what models of certain names have to give.

    Raises:
        EgressRefused: it is beyond this machine and egress is not switched on.
        EmbedderUnavailable: it does not answer, or its vectors are not to be used.
        ModelNotFound: it has no such model.
    """
    match config:
        case OllamaEmbeddingsConfig():
            return open_ollama_embeddings(config, references)
        case OpenAiEmbeddingsConfig():
            return open_openai_embeddings(config, references)
