"""Fixtures of the tests of live text."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.live.stage import Stage, open_stage
from tests.support.database import TestDatabase, database, migrated  # noqa: F401
from tests.support.postgres import postgres  # noqa: F401


@pytest.fixture
async def stage(database: TestDatabase, tmp_path: Path) -> AsyncIterator[Stage]:  # noqa: F811
    async with open_stage(database, tmp_path) as opened:
        yield opened
