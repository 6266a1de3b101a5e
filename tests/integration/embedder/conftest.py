"""The real embedder for the tests of its process."""

from tests.support.embeddings import embedder_socket, minilm, models_dir

__all__ = ["embedder_socket", "minilm", "models_dir"]
