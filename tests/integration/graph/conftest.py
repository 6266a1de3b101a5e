"""A world whose librarian reads facts."""

from dataclasses import replace

import pytest

from tests.integration.knowledge.conftest import world  # noqa: F401
from tests.integration.knowledge.world import World
from tests.support.database import database, migrated  # noqa: F401
from tests.support.postgres import postgres  # noqa: F401


@pytest.fixture
def reader(world: World) -> World:  # noqa: F811
    return replace(world, reads_facts=True)
