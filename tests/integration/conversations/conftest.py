"""Conversations over a real PostgreSQL, with a cache of this process."""

import pytest

from sutazai.adapters.cache.inprocess import InProcessCache
from tests.integration.conversations.talk import Talk, open_talk
from tests.support.database import TestDatabase, database, migrated  # noqa: F401
from tests.support.postgres import postgres  # noqa: F401


@pytest.fixture
def cache() -> InProcessCache:
    return InProcessCache()


@pytest.fixture
async def talk(database: TestDatabase, cache: InProcessCache) -> Talk:  # noqa: F811
    return await open_talk(database, cache)
