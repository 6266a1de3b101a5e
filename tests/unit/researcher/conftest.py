"""The real embedder, and a collection."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sutazai.adapters.minilm.inprocess import InProcessEmbeddings
from sutazai_kit.vectors.edge import open_edge_vectors
from tests.support.embeddings import minilm, models_dir
from tests.unit.researcher.collection import Collection

__all__ = ["minilm", "models_dir"]


@pytest.fixture
async def collection(tmp_path: Path, minilm: InProcessEmbeddings) -> AsyncIterator[Collection]:
    async with open_edge_vectors(tmp_path / "vectors") as vectors:
        collection = Collection(vectors, minilm)
        await vectors.create(collection.grant.physical, minilm.model.dimension)
        yield collection
