"""Users and keys as their records keep them, over a real PostgreSQL."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from sutazai.core.identity.audit import Entry
from sutazai.core.identity.ports import NewKey, NewUser
from sutazai.core.identity.rights import Role, Scope
from sutazai.core.identity.service import Identity
from sutazai.records.identity import SqlIdentity
from sutazai.records.keys import SqlKeys
from sutazai.records.users import SqlUsers
from sutazai_contracts.errors import AlreadyExists, Conflict, NotFound
from sutazai_contracts.identifiers import new_id
from tests.support.database import TestDatabase

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def entry(event: str) -> Entry:
    return Entry(at=NOW, event=event, actor=None, subject=None, address=None, details={})


async def first_tenant(database: TestDatabase) -> tuple[UUID, UUID]:
    """Make the first tenant; gives it and who administers it."""
    await Identity(SqlIdentity(database.open, database.urls.owner)).first_start(lambda first: None)
    [(tenant, user)] = database.query("SELECT tenant_id, user_id FROM memberships")
    return UUID(str(tenant)), UUID(str(user))


async def test_an_address_is_one_account_and_an_admin_stays(database: TestDatabase) -> None:
    tenant, admin = await first_tenant(database)
    users = SqlUsers(database.open)
    new = NewUser(new_id(), "ada@example.org", "-", Role.MEMBER, None)
    await users.create(tenant, new, entry("user.created"))
    assert (await users.member(tenant, new.id)).role == Role.MEMBER
    assert len(await users.members(tenant, 10, None)) == 2
    again = NewUser(new_id(), new.email, "-", Role.VIEWER, None)
    with pytest.raises(AlreadyExists):
        await users.create(tenant, again, entry("user.created"))
    with pytest.raises(Conflict, match="nobody would be left"):
        await users.remove(tenant, admin, entry("user.removed"))
    await users.remove(tenant, new.id, entry("user.removed"))
    with pytest.raises(NotFound):
        await users.member(tenant, new.id)
    # What was refused left nothing in the log either.
    events = database.query("SELECT event FROM audit_log WHERE at = %s", NOW)
    assert sorted(str(row[0]) for row in events) == ["user.created", "user.removed"]


async def test_a_key_is_listed_until_it_is_revoked(database: TestDatabase) -> None:
    tenant, admin = await first_tenant(database)
    keys = SqlKeys(database.open)
    new = NewKey(new_id(), "robot", "sk_test", b"\1" * 32, (Scope.READ,), None)
    made = await keys.create_key(tenant, admin, new, entry("key.created"))
    assert (made.id, made.name) == (new.id, "robot")
    assert new.id in [key.id for key in await keys.keys(tenant, admin, NOW, 10, None)]
    with pytest.raises(NotFound):
        await keys.revoke_key(tenant, new_id(), new.id, entry("key.revoked"))
    await keys.revoke_key(tenant, admin, new.id, entry("key.revoked"))
    assert new.id not in [key.id for key in await keys.keys(tenant, None, NOW, 10, None)]
