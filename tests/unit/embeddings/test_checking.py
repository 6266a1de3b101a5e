"""An embedder is checked before it is used: against its model's vectors, or against itself."""

from collections.abc import Sequence

import numpy as np
import pytest

from sutazai.adapters.minilm.inprocess import InProcessEmbeddings
from sutazai.adapters.minilm.reference import minilm_reference
from sutazai_contracts.errors import (
    EgressRefused,
    EmbedderUnavailable,
    InvalidInput,
    ModelMismatch,
    ModelNotFound,
)
from sutazai_kit.embeddings.factory import open_embeddings
from sutazai_kit.embeddings.ollama import OllamaEmbeddingsConfig
from sutazai_kit.embeddings.openai_compatible import OpenAiEmbeddingsConfig
from tests.support.embedding_servers import (
    Embed,
    Served,
    Vectors,
    ollama_embedder,
    openai_embedder,
    words,
)
from tests.support.model_servers import serve_app


def planted(wrong: Embed, name: str = "some-model") -> Served:
    """Serve vectors of one's own making."""
    return Served(wrong, words, name=name)


async def sums(texts: Sequence[str]) -> Vectors:
    """Make a vector of 16 numbers out of a text's characters: the same text, the same vector."""
    rows = np.zeros((len(texts), 16), np.float32)
    for row, text in enumerate(texts):
        for place, letter in enumerate(text):
            rows[row, (ord(letter) * 31 + place) % 16] += 1 + ord(letter) % 7
        rows[row, 0] += 1
    return rows


async def open_one(served: Served, **more: object) -> tuple[str, str, int, int]:
    """Open a server's model, and give what is kept of it."""
    async with serve_app(ollama_embedder(served)) as url:
        told = {"model": served.name, "base_url": url, **more}
        config = OllamaEmbeddingsConfig.model_validate(told)
        async with open_embeddings(config, [minilm_reference()]) as opened:
            model = opened.model
            return model.name, model.revision, model.dimension, model.max_tokens


async def test_a_model_without_a_reference_is_checked_against_itself() -> None:
    assert await open_one(planted(sums)) == ("some-model:latest", "0123456789ab", 16, 512)
    assert (await open_one(planted(sums), max_tokens=300))[3] == 300


async def test_one_that_claims_a_known_model_and_errs_on_accents_is_refused(
    minilm: InProcessEmbeddings,
) -> None:
    async def without_accents(texts: Sequence[str]) -> Vectors:
        # As tokenizers do that do not strip accents: such words are unknown.
        return await minilm.embed(
            ["".join(c if c.isascii() else "?" for c in text) for text in texts]
        )

    with pytest.raises(EmbedderUnavailable) as refused:
        await open_one(planted(without_accents, "all-minilm"))
    said = refused.value.message
    assert "all-minilm:latest is refused: it claims to be all-MiniLM-L6-v2" in said
    reference = minilm_reference()
    found = await without_accents(reference.texts[:7])
    cosines = [float(a @ b) for a, b in zip(found, reference.vectors[:7], strict=True)]
    worst = (min(cosines), reference.texts[cosines.index(min(cosines))])
    assert worst[0] < 0.9
    assert f"“{worst[1][:60]}” has cosine {worst[0]:.4f}" in said


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("all-minilm:latest", True),
        ("all-minilm:22m", True),
        ("All-MiniLM-L6-v2", True),
        ("sentence-transformers/all-MiniLM-L6-v2", True),
        ("hf.co/someone/all-MiniLM-L6-v2-GGUF:Q8_0", True),
        ("all-minilm:33m", False),
        ("all-MiniLM-L12-v2", False),
        ("paraphrase-MiniLM-L6-v2", False),
        ("bge-m3:latest", False),
    ],
)
def test_names_that_claim_the_known_model(name: str, claims: bool) -> None:
    assert minilm_reference().is_claimed([name]) is claims


async def test_a_model_file_that_names_itself_claims_too() -> None:
    served = planted(sums, "mine")
    served.shown = {"model_info": {"general.name": "all-MiniLM-L6-v2"}}
    with pytest.raises(EmbedderUnavailable, match="have 384 numbers, and gives 16"):
        await open_one(served)


async def test_the_same_text_has_to_get_the_same_vector() -> None:
    noise = np.random.default_rng(1)

    async def drawn(texts: Sequence[str]) -> Vectors:
        return noise.normal(size=(len(texts), 16)).astype(np.float32)

    with pytest.raises(EmbedderUnavailable, match="got two vectors"):
        await open_one(planted(drawn))


async def test_different_texts_have_to_get_different_vectors() -> None:
    async def ones(texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 16), np.float32)

    with pytest.raises(EmbedderUnavailable, match="does not tell “"):
        await open_one(planted(ones))


async def test_a_vector_without_direction_is_refused() -> None:
    async def nowhere(texts: Sequence[str]) -> Vectors:
        return np.zeros((len(texts), 16), np.float32)

    with pytest.raises(EmbedderUnavailable, match="no direction"):
        await open_one(planted(nowhere))


async def test_vectors_of_any_length_become_of_unit_length() -> None:
    served = planted(sums)
    served.scale = 25.0
    async with serve_app(ollama_embedder(served)) as url:
        config = OllamaEmbeddingsConfig(model="some-model", base_url=url)
        async with open_embeddings(config) as opened:
            norms = np.linalg.norm(await opened.embed(["a", "b c"]), axis=1)
            np.testing.assert_allclose(norms, 1, atol=1e-6)


async def test_another_dimension_than_asked_for_is_refused() -> None:
    with pytest.raises(EmbedderUnavailable, match="vectors of 16 numbers, and 5 of 8 were asked"):
        await open_one(planted(sums), dimension=8)


async def test_a_model_that_changed_under_its_name_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sutazai_kit.embeddings.ollama._LOOK_AGAIN_S", 0.0)
    served = planted(sums)
    async with serve_app(ollama_embedder(served)) as url:
        config = OllamaEmbeddingsConfig(model="some-model", base_url=url)
        async with open_embeddings(config) as opened:
            await opened.embed(["before"])
            served.digest = "fedcba" * 10
            with pytest.raises(ModelMismatch, match="sutazai index rebuild"):
                await opened.embed(["after"])


async def test_a_model_that_is_not_there_is_named_with_what_to_do() -> None:
    async with serve_app(ollama_embedder(planted(sums))) as url:
        config = OllamaEmbeddingsConfig(model="another", base_url=url)
        with pytest.raises(ModelNotFound, match="ollama pull another"):
            async with open_embeddings(config):
                pass


async def test_a_model_that_works_elsewhere_is_refused_without_egress() -> None:
    served = planted(sums)
    served.shown = {"remote_host": "https://ollama.com"}
    with pytest.raises(EgressRefused, match="beyond this machine"):
        await open_one(served)
    assert (await open_one(served, allow_egress=True))[2] == 16


async def test_a_hosted_service_is_refused_without_egress() -> None:
    config = OpenAiEmbeddingsConfig(model="m", base_url="https://api.openai.com/v1")
    with pytest.raises(EgressRefused, match="SUTAZAI_ALLOW_EGRESS"):
        async with open_embeddings(config):
            pass


async def test_a_wrong_key_is_said() -> None:
    async with serve_app(openai_embedder(planted(sums))) as url:
        config = OpenAiEmbeddingsConfig(model="some-model", base_url=f"{url}/v1")
        with pytest.raises(InvalidInput, match="SUTAZAI_EMBEDDINGS_API_KEY"):
            async with open_embeddings(config):
                pass


async def test_a_service_that_is_not_there_is_unavailable() -> None:
    # Port 9 (discard) of this machine: nothing listens there.
    config = OllamaEmbeddingsConfig(model="m", base_url="http://127.0.0.1:9")
    with pytest.raises(EmbedderUnavailable, match=r"127\.0\.0\.1:9"):
        async with open_embeddings(config):
            pass


async def test_a_text_with_more_tokens_than_estimated_is_cut_and_not_refused() -> None:
    async def by_letter(texts: Sequence[str]) -> list[int]:
        return [sum(not c.isspace() for c in text) if "zq" in text else 1 for text in texts]

    served = Served(sums, by_letter, name="some-model", context=512)
    async with serve_app(ollama_embedder(served)) as url:
        config = OllamaEmbeddingsConfig(model="some-model", base_url=url)
        async with open_embeddings(config) as opened:
            (vector,) = await opened.embed(["zq " * 400])
            assert vector.shape == (16,)
            assert [body["truncate"] for body in served.asked[-1:]] == [True]
