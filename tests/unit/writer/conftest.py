"""Passages, and the real embedder."""

from tests.support.embeddings import minilm, models_dir

__all__ = ["minilm", "models_dir"]
