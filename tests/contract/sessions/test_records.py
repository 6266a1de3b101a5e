"""Sessions in PostgreSQL under the contract."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from sutazai.records.sessions import SqlSessions
from sutazai_contracts.errors import DatabaseUnavailable
from tests.contract.sessions.suite import SessionsContract
from tests.support.database import TestDatabase


class TestSqlSessions(SessionsContract):
    @asynccontextmanager
    async def open_sessions(self, database: TestDatabase) -> AsyncIterator[SqlSessions]:
        yield SqlSessions(database.open)


async def test_a_database_that_is_away_is_said(database: TestDatabase) -> None:
    sessions = SqlSessions(database.open)
    await database.open.app.close()
    with pytest.raises(DatabaseUnavailable):
        await sessions.get(uuid4(), datetime.now(UTC))
