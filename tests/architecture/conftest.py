"""What the rules read is let go after them."""

from collections.abc import Iterator

import pytest

from tests.architecture.sources import modules


@pytest.fixture(scope="package", autouse=True)
def _trees_are_let_go() -> Iterator[None]:
    """Drop the syntax trees of all files: each collection of garbage would go over them."""
    yield
    modules.cache_clear()
