"""Core, served to the dashboard."""

from collections.abc import Iterator

import pytest

from tests.unit.ui.core_server import Core, serving


@pytest.fixture
def core() -> Iterator[Core]:
    with serving(Core()) as served:
        yield served
