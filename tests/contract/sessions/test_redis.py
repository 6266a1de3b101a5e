"""Sessions with a real Redis before their record, under the contract; and without it."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from sutazai.adapters.redis_client import ANSWER_S, REST_S
from sutazai.adapters.sessions.redis import KEPT_S, PREFIX, RedisSessions
from sutazai.records.sessions import SqlSessions
from tests.contract.sessions.suite import NOW, SessionsContract, found, new_user
from tests.support.database import TestDatabase
from tests.support.redis import RedisServer, link_to, redis_server

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


class TestRedisSessions(SessionsContract):
    @pytest.fixture(autouse=True)
    def _given(self, server: RedisServer) -> None:
        self.server = server

    @asynccontextmanager
    async def open_sessions(self, database: TestDatabase) -> AsyncIterator[RedisSessions]:
        async with link_to(self.server) as link:
            yield RedisSessions(link, SqlSessions(database.open))

    @pytest.mark.requirement("B4", part="sessions")
    async def test_a_session_in_use_asks_the_record_once_a_minute(
        self, database: TestDatabase, server: RedisServer
    ) -> None:
        new = (await new_user(database)).login()
        async with self.open_sessions(database) as sessions, server.plain() as client:
            await sessions.create(new, NOW)
            assert await sessions.get(new.id, NOW) is not None
            assert 0 < await client.ttl(f"{PREFIX}{new.id}") <= KEPT_S
            await database.open.app.close()
            assert await sessions.get(new.id, NOW) is not None

    async def test_what_is_kept_holds_no_secret(
        self, database: TestDatabase, server: RedisServer
    ) -> None:
        new = (await new_user(database)).login()
        async with self.open_sessions(database) as sessions, server.plain() as client:
            await sessions.create(new, NOW)
            await sessions.get(new.id, NOW)
            kept = await client.get(f"{PREFIX}{new.id}")
            assert new.digest is not None
            assert new.digest.hex() not in str(kept)

    async def test_without_redis_the_record_answers_and_revoking_holds(
        self, database: TestDatabase, server: RedisServer
    ) -> None:
        user = await new_user(database)
        new, kept = user.login(), user.login()
        async with link_to(server, ANSWER_S) as link:
            sessions = RedisSessions(link, SqlSessions(database.open))
            for one in (new, kept):
                await sessions.create(one, NOW)
                assert await found(sessions, one) is not None
            with server.held_up():
                session = await sessions.get(new.id, NOW)
                assert session is not None
                # All but the first were answered without waiting for Redis.
                begun = time.monotonic()
                for _ in range(20):
                    assert await sessions.get(kept.id, NOW) is not None
                assert time.monotonic() - begun < 5
                await sessions.revoke(session)
                assert await found(sessions, new) is None
            # Redis still holds the copy from before; it is not believed.
            assert await found(sessions, new) is None
            deadline = time.monotonic() + 10 * REST_S
            async with server.plain() as client:
                while await client.get(f"{PREFIX}{new.id}") != b"revoked":
                    assert time.monotonic() < deadline, "Redis is told when it is back"
                    assert await sessions.get(new.id, NOW) is None
                    assert await sessions.get(kept.id, NOW) is not None
        async with self.open_sessions(database) as another:
            assert await another.get(new.id, NOW) is None
