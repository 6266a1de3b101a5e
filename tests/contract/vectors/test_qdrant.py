"""A Qdrant server keeps the contract."""

from collections.abc import Iterator

import pytest

from sutazai_kit.vectors.qdrant.vectors import open_qdrant_vectors
from tests.contract.vectors.suite import Open, VectorsContract
from tests.support.qdrant import KEY, Qdrant, qdrant

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def server() -> Iterator[Qdrant]:
    """Give a server; tests share it, in collections of their own."""
    with qdrant() as server:
        yield server


class TestQdrantVectors(VectorsContract):
    """The contract."""

    @pytest.fixture
    def opened(self, server: Qdrant) -> Open:
        return lambda: open_qdrant_vectors(server.url, KEY)
