"""Embeddings with a cache before the embedder."""
