"""Fixtures of the Qdrant tests."""

from collections.abc import Iterator

import pytest

from tests.support.qdrant import Qdrant, qdrant


@pytest.fixture(scope="module")
def server() -> Iterator[Qdrant]:
    """Give a server with access control; the tests of a module share it."""
    with qdrant() as server:
        yield server
