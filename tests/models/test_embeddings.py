"""The real Ollama keeps the contract of the embeddings port, with its all-MiniLM-L6-v2.

The model is the GGUF file that the kit of stack stand-ins makes (`SUTAZAI_TEST_MINILM_GGUF` names
another one): the weights of the original in half precision.
"""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sutazai.adapters.minilm.inprocess import InProcessEmbeddings
from sutazai.adapters.minilm.reference import minilm_reference
from sutazai_contracts.errors import EmbedderUnavailable
from sutazai_kit.embeddings.ollama import (
    OllamaEmbeddings,
    OllamaEmbeddingsConfig,
    open_ollama_embeddings,
)
from sutazai_kit.embeddings.port import Embeddings
from tests.contract.embeddings.suite import TEXTS, EmbeddingsContract, Traits
from tests.support.ollama import Ollama, find_ollama, serve

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        not (
            GGUF := Path(
                os.environ.get("SUTAZAI_TEST_MINILM_GGUF")
                or Path.home() / ".cache" / "stack" / "models" / "minilm.gguf"
            )
        ).exists(),
        reason="no GGUF file of all-MiniLM-L6-v2: SUTAZAI_TEST_MINILM_GGUF names one",
    ),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Ollama]:
    """Serve a real Ollama that knows the model."""
    binary = find_ollama()
    assert binary is not None, "no Ollama on this machine: `make test-models` looks before"
    with serve(binary) as opened:
        opened.register("all-minilm", GGUF)
        yield opened


def config(server: Ollama) -> OllamaEmbeddingsConfig:
    """Say how the server is asked."""
    return OllamaEmbeddingsConfig(
        model="all-minilm", base_url=server.url, num_thread=1, interactive_s=120
    )


class TestRealOllama(EmbeddingsContract):
    """The contract, and more."""

    # Half precision: cosines with the reference are 0.99999 and more.
    traits = Traits("all-minilm:latest", max_tokens=512, exact_counts=False, tolerance=2e-3)

    @pytest.fixture
    async def embeddings(self, server: Ollama) -> AsyncIterator[OllamaEmbeddings]:
        async with open_ollama_embeddings(config(server), [minilm_reference()]) as opened:
            yield opened

    @pytest.fixture
    async def unavailable(self, server: Ollama) -> AsyncIterator[Embeddings]:
        binary = find_ollama()
        assert binary is not None
        with serve(binary) as gone:
            gone.register("all-minilm", GGUF)
            async with open_ollama_embeddings(config(gone)) as opened:
                gone.process.kill()
                gone.process.wait()
                yield opened

    @pytest.mark.requirement("D3", part="Ollama")
    async def test_it_gives_what_the_local_model_gives(
        self, embeddings: OllamaEmbeddings, minilm: InProcessEmbeddings
    ) -> None:
        texts = [text for text in TEXTS if len(text) < 400]
        found, expected = await embeddings.embed(texts), await minilm.embed(texts)
        assert np.sum(found * expected, axis=1).min() >= 0.9999

    async def test_no_text_is_estimated_too_low(self, embeddings: OllamaEmbeddings) -> None:
        for text in (text for text in (*TEXTS, *minilm_reference().texts) if text.strip()):
            told = await embeddings._ask([text])
            (counted,) = await embeddings.count_tokens([text])
            assert told.tokens is not None
            assert counted >= min(told.tokens, embeddings.model.max_tokens), text

    async def test_a_wrong_reference_is_not_met(self, server: Ollama) -> None:
        reference = minilm_reference()
        turned: NDArray[np.float32] = np.roll(reference.vectors, 1, axis=1)
        wrong = type(reference)(reference.name, reference.claims, reference.texts, turned)
        with pytest.raises(EmbedderUnavailable, match="claims to be all-MiniLM-L6-v2"):
            async with open_ollama_embeddings(config(server), [wrong]):
                pass
