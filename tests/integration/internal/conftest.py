"""The internal API served over a fresh database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.internal.serving import Served, served
from tests.support.database import TestDatabase


@pytest.fixture
async def core(database: TestDatabase, tmp_path: Path) -> AsyncIterator[Served]:
    """Serve the internal API; a client that stalls is not waited for long."""
    async with served(database, tmp_path, read_s=0.3) as opened:
        yield opened
