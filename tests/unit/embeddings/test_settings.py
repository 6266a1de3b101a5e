"""Settings name the embedder: what is missing or not allowed is said at the start."""

import pytest

from sutazai.bootstrap.embedder import embeddings_config
from sutazai.settings import EmbeddingSettings
from sutazai_contracts.errors import EgressRefused, InvalidInput
from sutazai_kit.embeddings.ollama import OllamaEmbeddingsConfig
from sutazai_kit.embeddings.openai_compatible import OpenAiEmbeddingsConfig


def test_the_local_model_is_used_where_nothing_is_set() -> None:
    assert embeddings_config(EmbeddingSettings(), allow_egress=False) is None


def test_ollama_answers_on_this_machine_where_no_address_is_set() -> None:
    given = EmbeddingSettings(provider="ollama", model="bge-m3", num_thread=1, dimension=512)
    config = embeddings_config(given, allow_egress=False)
    assert isinstance(config, OllamaEmbeddingsConfig)
    assert (config.model, config.base_url) == ("bge-m3", "http://127.0.0.1:11434")
    assert (config.num_thread, config.dimension, config.max_tokens) == (1, 512, None)


def test_a_service_is_asked_with_its_key() -> None:
    given = EmbeddingSettings.model_validate(
        {
            "provider": "openai_compatible",
            "model": "m",
            "url": "http://127.0.0.1:8000/v1",
            "api_key": "secret",
            "revision": "7",
        }
    )
    config = embeddings_config(given, allow_egress=False)
    assert isinstance(config, OpenAiEmbeddingsConfig)
    assert config.api_key is not None
    assert (config.api_key.get_secret_value(), config.revision) == ("secret", "7")


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(InvalidInput, match="SUTAZAI_EMBEDDINGS_MODEL"):
        embeddings_config(EmbeddingSettings(provider="ollama"), allow_egress=False)
    given = EmbeddingSettings(provider="openai_compatible", model="m")
    with pytest.raises(InvalidInput, match="SUTAZAI_EMBEDDINGS_URL"):
        embeddings_config(given, allow_egress=False)


def test_a_hosted_service_is_refused_without_egress() -> None:
    given = EmbeddingSettings(provider="openai_compatible", model="m", url="https://api.jina.ai/v1")
    with pytest.raises(EgressRefused, match=r"api\.jina\.ai"):
        embeddings_config(given, allow_egress=False)
    assert embeddings_config(given, allow_egress=True) is not None
