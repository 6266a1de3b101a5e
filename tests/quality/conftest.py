"""The real embedder for the labelled questions."""

from tests.support.embeddings import minilm, models_dir

__all__ = ["minilm", "models_dir"]
