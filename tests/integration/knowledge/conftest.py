"""Fixtures of the knowledge tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sutazai_kit.files.local import LocalFiles
from sutazai_kit.vectors.edge import open_edge_vectors
from tests.integration.knowledge.world import World
from tests.support.database import TestDatabase, database, migrated  # noqa: F401
from tests.support.postgres import postgres  # noqa: F401


@pytest.fixture
async def world(database: TestDatabase, tmp_path: Path) -> AsyncIterator[World]:  # noqa: F811
    async with open_edge_vectors(tmp_path / "vectors") as vectors:
        files = LocalFiles(tmp_path / "files")
        world = World(database, await database.new_tenant(), files, vectors)
        await world.knowledge.ensure_collection(world.tenant, "default")
        yield world
