"""The real model for the unit tests."""

from tests.support.embeddings import embedder_socket, minilm, models_dir

__all__ = ["embedder_socket", "minilm", "models_dir"]
