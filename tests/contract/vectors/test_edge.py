"""Qdrant's engine in this process keeps the contract."""

from pathlib import Path

import pytest

from sutazai_kit.vectors.edge import open_edge_vectors
from tests.contract.vectors.suite import Open, VectorsContract


class TestEdgeVectors(VectorsContract):
    """The contract."""

    @pytest.fixture
    def opened(self, tmp_path: Path) -> Open:
        return lambda: open_edge_vectors(tmp_path / "vectors")
