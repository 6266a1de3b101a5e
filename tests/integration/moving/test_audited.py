"""All of a tenant's data going out or in stands in the audit log, or does not go."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from sutazai.core.identity.audit import Audit, Event
from sutazai.core.identity.model import Caller
from sutazai.core.moving.service import AT_ONCE, Moving
from sutazai.records.audit import SqlAudit
from sutazai.records.database import open_database
from sutazai.records.exports import SqlMoving
from sutazai_contracts.identifiers import new_id
from sutazai_kit.files.local import LocalFiles
from tests.integration.api.answers import assert_problem
from tests.integration.api.kept import nothing_kept
from tests.integration.api.running import Running
from tests.integration.moving.logged import amounts, entries, full_log, user_of
from tests.integration.moving.test_round_trip import exported, imported
from tests.support.database import TestDatabase

pytestmark = pytest.mark.requirement("G4", part="exports and imports in the audit log")


def test_an_export_is_written_down_by_whom_and_how_much(source: Running) -> None:
    before = entries(source)
    files = exported(source)
    (entry,) = entries(source)[len(before) :]
    assert entry["event"] == "data.exported"
    assert (entry["actor"], entry["subject"]) == (user_of(source), str(source.tenant.id))
    assert entry["address"] == "127.0.0.0/24"
    assert entry["details"] == amounts(files) == {"objects": 14, "files": len(files) - 15}
    assert not [name for name in files if name.startswith("audit")]
    with source.client() as api:
        page = api.get("/api/v1/audit", params={"event": "data.exported", "limit": 1}).json()
    assert page["items"] == [entry]


def test_two_exports_are_two_entries(source: Running) -> None:
    tenant = source.new_tenant()
    for _ in range(2):
        exported(source, tenant)
    assert [entry["event"] for entry in entries(source, tenant)] == ["data.exported"] * 2


def test_an_export_that_is_begun_and_left_stands_there_too(source: Running) -> None:
    tenant = source.new_tenant()
    with source.client(tenant) as api, api.stream("GET", "/api/v1/export") as answer:
        assert answer.status_code == 200
        assert [entry["event"] for entry in entries(source, tenant)] == ["data.exported"]


@pytest.mark.parametrize(
    "less",
    [
        "UPDATE memberships SET role = 'member' WHERE user_id = %(user)s",
        "UPDATE api_keys SET scopes = '{read,write}' WHERE user_id = %(user)s",
    ],
    ids=["a member", "a key without the right"],
)
def test_who_may_not_leaves_no_entry(source: Running, less: str) -> None:
    admin = source.new_tenant()
    other = source.new_user(admin.id)
    digest = hashlib.sha256(other.api_key.encode()).digest()
    ((user,),) = source.query("SELECT user_id FROM api_keys WHERE digest = %(d)s", {"d": digest})
    source.execute(less, {"user": user})
    with source.client(other) as api:
        assert_problem(api.get("/api/v1/export"), 403, "forbidden")
        assert_problem(imported(api, {}), 403, "forbidden")
    assert entries(source, admin) == []
    exported(source, admin)
    assert [entry["actor"] for entry in entries(source, admin)] == [user_of(source, admin)]


def test_what_can_not_be_written_down_does_not_leave(source: Running) -> None:
    tenant = source.new_tenant()
    with full_log(source), source.client(tenant) as api:
        assert_problem(api.get("/api/v1/export"), 503, "database_unavailable")
    assert entries(source, tenant) == []
    exported(source, tenant)
    assert len(entries(source, tenant)) == 1


def test_an_export_with_a_file_missing_leaves_no_entry(source: Running) -> None:
    """It is refused before anything leaves."""
    store = source.home / "files" / str(source.tenant.id)
    lost = next(path for path in sorted(store.rglob("*")) if path.is_file())
    before = entries(source)
    lost.rename(lost.with_suffix(".away"))
    try:
        with source.client() as api:
            assert_problem(api.get("/api/v1/export"), 503, "files_unavailable")
    finally:
        lost.with_suffix(".away").rename(lost)
    assert entries(source) == before


def test_a_refused_import_leaves_no_entry(source: Running) -> None:
    files = exported(source)
    other = source.new_tenant()
    damaged = {name: text.replace(b"manual", b"menial") for name, text in files.items()}
    for tenant, archive, status in (
        (source.tenant, files, 409),  # not empty
        (other, files, 409),  # of the same ids as what is there
        (other, damaged, 422),
    ):
        before = entries(source, tenant)
        with nothing_kept(source, tenant), source.client(tenant) as api:
            assert imported(api, archive).status_code == status
        assert entries(source, tenant) == before
    assert entries(source, other) == []


async def test_exports_wait_for_each_other_in_a_small_pool_and_end(
    database: TestDatabase, tmp_path: Path
) -> None:
    """Each holds a connection while its entry is written by another."""
    tenant = await database.new_tenant()
    caller = Caller(tenant, _admin(database, tenant), new_id())
    async with open_database(database.urls, pool_size=AT_ONCE) as small:
        moving = Moving(
            records=SqlMoving(small),
            files=LocalFiles(tmp_path),
            audit=Audit(SqlAudit(small)),
            embed_anew=_never,
            on_leftovers=lambda: None,
            product="test",
        )
        async with asyncio.timeout(30):
            made = await asyncio.gather(*(_all(moving.export(caller)) for _ in range(2 * AT_ONCE)))
        page = await moving.audit.page(tenant, 10, None, Event.DATA_EXPORTED)
    assert all(made)
    assert [one.entry.actor for one in page.items] == [caller.user] * len(made)


def _admin(database: TestDatabase, tenant: UUID) -> UUID:
    user = new_id()
    database.query(
        "INSERT INTO users (id, tenant_id, email, password_hash)"
        " VALUES (%s, %s, 'a@example.org', '-') RETURNING id",
        *(user, tenant),
    )
    database.query(
        "INSERT INTO memberships (user_id, tenant_id, role) VALUES (%s, %s, 'admin')"
        " RETURNING user_id",
        *(user, tenant),
    )
    return user


async def _never(tenant: UUID, name: str) -> UUID:
    raise AssertionError("an export embeds nothing")


async def _all(parts: AsyncIterator[bytes]) -> bytes:
    return b"".join([part async for part in parts])
