"""Tokens for a Qdrant server keep the contract, held against the server's own access control."""

import json
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from sutazai.adapters.vector_access.qdrant import QdrantTokens
from sutazai_kit.vectors.qdrant.vectors import open_qdrant_vectors
from tests.contract.vector_access.suite import TIMEOUT_S, Open, Store, VectorAccessContract
from tests.support.qdrant import KEY, Qdrant, qdrant

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def server() -> Iterator[Qdrant]:
    """Give a server; tests share it, in collections of their own."""
    with qdrant() as server:
        yield server


class TestQdrantTokens(VectorAccessContract):
    """The contract."""

    @pytest.fixture
    def opened(self, server: Qdrant) -> Open:
        def names(token: str) -> set[str]:
            request = urllib.request.Request(
                f"{server.url}/collections", headers={"api-key": token}
            )
            with urllib.request.urlopen(request, timeout=10) as answer:
                found = json.load(answer)["result"]["collections"]
            return {one["name"] for one in found}

        @asynccontextmanager
        async def opened() -> AsyncIterator[Store]:
            # Past its time-out, the margin, and the server's own leeway of 30 s.
            long_ago = time.time() - TIMEOUT_S - 120
            async with open_qdrant_vectors(server.url, KEY) as vectors:
                yield Store(
                    vectors=vectors,
                    access=QdrantTokens(KEY),
                    with_token=vectors.with_token,
                    names=names,
                    expired=QdrantTokens(KEY, clock=lambda: long_ago),
                )

        return opened
