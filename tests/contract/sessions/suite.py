"""What every sessions port has to do. An adapter's test subclasses `SessionsContract`."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from sutazai.core.identity.rights import Role
from sutazai.core.identity.sessions.port import NewSession, Session, Sessions
from sutazai_contracts.errors import Unauthenticated
from sutazai_contracts.identifiers import new_id
from tests.support.database import TestDatabase

# Whole milliseconds, as every record keeps them.
NOW = datetime.now(UTC).replace(microsecond=0)
IDLE, LONGEST = timedelta(hours=12), timedelta(days=7)


@dataclass(frozen=True)
class User:
    """Someone who can log in."""

    tenant: UUID
    id: UUID
    email: str

    def login(self, digest: bytes | None = None) -> NewSession:
        """Give a login of this user that begins now."""
        return NewSession(
            id=new_id(),
            tenant=self.tenant,
            user=self.id,
            digest=digest or hashlib.sha256(uuid4().bytes).digest(),
            idle_until=NOW + IDLE,
            ends_at=NOW + LONGEST,
        )


async def new_user(database: TestDatabase) -> User:
    """Write a user of a tenant of their own."""
    tenant = await database.new_tenant()
    user = User(tenant, new_id(), f"{tenant}@example.org")
    with psycopg.connect(database.admin) as connection:
        connection.execute(
            "INSERT INTO sutazai.users (id, tenant_id, email, password_hash)"
            " VALUES (%s, %s, %s, '-')",
            [user.id, tenant, user.email],
        )
        join(connection, user.id, tenant)
    return user


def join(connection: psycopg.Connection, user: UUID, tenant: UUID) -> None:
    """Make a user a member of a tenant."""
    connection.execute(
        "INSERT INTO sutazai.memberships (user_id, tenant_id, role) VALUES (%s, %s, 'member')",
        [user, tenant],
    )


async def found(sessions: Sessions, new: NewSession, now: datetime = NOW) -> Session | None:
    """Look a login up both ways, which have to agree."""
    assert new.digest is not None
    by_secret, by_id = await sessions.find(new.digest, now), await sessions.get(new.id, now)
    assert by_secret == by_id
    return by_id


class SessionsContract:
    """The contract; see `sutazai.core.identity.sessions.port`."""

    def open_sessions(self, database: TestDatabase) -> AbstractAsyncContextManager[Sessions]:
        """Open the port over a database."""
        raise NotImplementedError

    @pytest.fixture
    async def sessions(self, database: TestDatabase) -> AsyncIterator[Sessions]:
        async with self.open_sessions(database) as sessions:
            yield sessions

    @pytest.fixture
    async def user(self, database: TestDatabase) -> User:
        return await new_user(database)

    async def test_a_login_is_found_by_secret_and_by_id(
        self, sessions: Sessions, user: User
    ) -> None:
        new = user.login()
        assert await found(sessions, new) is None
        await sessions.create(new, NOW)
        for _ in range(2):
            assert await found(sessions, new) == Session(
                id=new.id,
                tenant=user.tenant,
                tenant_name=f"tenant-{user.tenant}",
                user=user.id,
                email=user.email,
                role=Role.MEMBER,
                idle_until=NOW + IDLE,
                ends_at=NOW + LONGEST,
            )

    async def test_logins_are_known_apart(
        self, sessions: Sessions, user: User, database: TestDatabase
    ) -> None:
        other = await new_user(database)
        logins = [user.login(), user.login(), other.login()]
        for new in logins:
            await sessions.create(new, NOW)
        owners = [(await found(sessions, new), new.user) for new in logins]
        assert all(session and session.user == owner for session, owner in owners)

    async def test_an_unused_login_ends(self, sessions: Sessions, user: User) -> None:
        new = user.login()
        await sessions.create(new, NOW)
        assert await found(sessions, new, NOW + IDLE - timedelta(seconds=1)) is not None
        assert await found(sessions, new, NOW + IDLE) is None

    async def test_one_that_is_used_goes_on_but_not_for_ever(
        self, sessions: Sessions, user: User
    ) -> None:
        new = user.login()
        await sessions.create(new, NOW)
        session = await found(sessions, new)
        assert session is not None
        await sessions.extend(session, NOW + LONGEST + IDLE)
        later = await found(sessions, new, NOW + LONGEST - timedelta(seconds=1))
        assert later is not None
        assert later.idle_until == NOW + LONGEST + IDLE
        assert await found(sessions, new, NOW + LONGEST) is None

    async def test_what_is_revoked_is_not_found_from_then_on(
        self, sessions: Sessions, user: User
    ) -> None:
        kept, ended = user.login(), user.login()
        for new in (kept, ended):
            await sessions.create(new, NOW)
        session = await found(sessions, ended)
        assert session is not None
        await sessions.revoke(session)
        assert await found(sessions, ended) is None
        await sessions.extend(session, NOW + LONGEST)
        assert await found(sessions, ended) is None
        await sessions.revoke(session)
        assert await found(sessions, kept) is not None

    async def test_another_s_view_of_a_login_ends_with_it(
        self, sessions: Sessions, user: User, database: TestDatabase
    ) -> None:
        new = user.login()
        await sessions.create(new, NOW)
        async with self.open_sessions(database) as other:
            session = await found(other, new)
            assert session is not None
            await sessions.revoke(session)
            assert await found(other, new) is None

    async def test_what_has_ended_is_forgotten_at_the_next_login(
        self, sessions: Sessions, user: User, database: TestDatabase
    ) -> None:
        unused, new = user.login(), user.login()
        await sessions.create(unused, NOW)
        await sessions.create(new, NOW + IDLE)
        assert database.query("SELECT id FROM sessions") == [(new.id,)]

    async def test_of_a_secret_nothing_but_its_digest_is_kept(
        self, sessions: Sessions, user: User, database: TestDatabase
    ) -> None:
        secret = b"a secret that only a browser has"
        await sessions.create(user.login(hashlib.sha256(secret).digest()), NOW)
        [(row,)] = database.query("SELECT s::text FROM sessions s")
        assert secret.decode() not in str(row)
        assert hashlib.sha256(secret).hexdigest() in str(row)

    async def test_a_login_of_who_may_not_get_in_is_none(
        self, sessions: Sessions, user: User, database: TestDatabase
    ) -> None:
        new = user.login()
        await sessions.create(new, NOW)
        assert new.digest is not None
        for disabled_at, there in (("now()", False), ("NULL", True)):
            database.query(f"UPDATE memberships SET disabled_at = {disabled_at} RETURNING user_id")
            assert (await sessions.find(new.digest, NOW) is not None) == there
        database.query("DELETE FROM memberships RETURNING user_id")
        assert await found(sessions, new) is None

    async def test_a_one_time_password_is_told(
        self, sessions: Sessions, user: User, database: TestDatabase
    ) -> None:
        database.query("UPDATE users SET one_time_until = now() RETURNING id")
        new = user.login()
        await sessions.create(new, NOW)
        for _ in range(2):
            session = await found(sessions, new)
            assert session is not None
            assert (session.must_change, session.renews) == (True, False)

    async def test_a_program_s_login_is_renewed_by_a_token_used_once(
        self, sessions: Sessions, user: User
    ) -> None:
        new = replace(user.login(), digest=None, refresh=b"first")
        await sessions.create(new, NOW)
        first = await sessions.find_refresh(b"first", NOW)
        assert first is not None
        assert (first.used, first.session.id, first.session.renews) == (False, new.id, True)
        later = NOW + timedelta(hours=1)
        assert await sessions.renew(first, b"second", later + IDLE, later)
        assert not await sessions.renew(first, b"third", later + IDLE, later)
        again = await sessions.find_refresh(b"first", later)
        assert again is not None
        assert again.used
        second = await sessions.find_refresh(b"second", NOW + IDLE)
        assert second is not None
        assert (second.used, second.session.idle_until) == (False, later + IDLE)
        assert await sessions.find_refresh(b"third", later) is None
        assert await sessions.find_refresh(b"second", later + IDLE) is None
        await sessions.revoke(second.session)
        assert await sessions.find_refresh(b"second", later) is None

    async def test_a_login_goes_on_as_another_in_another_tenant(
        self, sessions: Sessions, user: User, database: TestDatabase
    ) -> None:
        other = await database.new_tenant()
        with psycopg.connect(database.admin) as connection:
            join(connection, user.id, other)
        new = user.login()
        await sessions.create(new, NOW)
        session = await found(sessions, new)
        assert session is not None
        there = replace(user.login(), tenant=other, digest=None)
        await sessions.replace(session, there, NOW)
        assert await sessions.get(new.id, NOW) is None
        assert new.digest is not None
        begun = await sessions.find(new.digest, NOW)
        assert begun is not None
        assert (begun.id, begun.tenant, begun.user) == (there.id, other, user.id)
        assert await sessions.get(there.id, NOW) == begun
        # What has ended does not go on.
        with pytest.raises(Unauthenticated):
            await sessions.replace(session, replace(there, id=new_id()), NOW)

    async def test_the_logins_of_a_user_are_known_in_all_tenants(
        self, sessions: Sessions, user: User, database: TestDatabase
    ) -> None:
        other, stranger = await database.new_tenant(), await new_user(database)
        with psycopg.connect(database.admin) as connection:
            join(connection, user.id, other)
        logins = [user.login(), replace(user.login(), tenant=other), stranger.login()]
        for new in logins:
            await sessions.create(new, NOW)
        mine = await sessions.of_user(user.id)
        assert [(one.id, one.tenant) for one in mine] == [
            (new.id, new.tenant) for new in logins[:2]
        ]
        for one in mine:
            await sessions.revoke(one)
        assert await sessions.of_user(user.id) == []
        assert [await found(sessions, new) is not None for new in logins] == [False, False, True]
