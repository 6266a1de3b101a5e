"""The audit log: what stands in it, that it is only added to, and that tampering is found."""

import asyncio
from typing import Any

import asyncpg
import pytest

from sutazai.core.identity.audit import Audit, Event
from sutazai.records.audit import SqlAudit
from tests.integration.login.conftest import Site
from tests.integration.people.asking import by_key, events, id_of, log_in, mail, new_user
from tests.support.database import TestDatabase

pytestmark = pytest.mark.requirement("G4", part="audit log, hash-chained")
RESTRICTED = "permission denied"


async def filled(site: Site, count: int = 6) -> None:
    """Write some entries."""
    for number in range(count):
        entry = site.login.audit.entry(
            Event.USER_CHANGED,
            actor=None,
            address="203.0.113.77",
            subject=f"é {number}",
            role="viewer",
            days=number,
            scopes=["read", "write"],
        )
        await site.login.audit.append(site.first.tenant, entry)


async def verdict(site: Site) -> dict[str, Any]:
    """Have the log verified by the API."""
    said: dict[str, Any] = await by_key(site).told("GET", "/audit/verification")
    return said


async def test_what_happens_is_written_down_and_the_chain_holds(site: Site) -> None:
    guess = {"email": site.first.email, "password": "wrong"}
    await site.browser().post("/api/v1/auth/token", json=guess)
    browser = site.browser("2001:db8:1:2:3::4")
    await site.log_in(browser)
    await browser.post("/logout")
    ada = await new_user(site, mail(site))
    key = await ada.told("POST", "/keys", name="hers", scopes=["read"])
    await ada.told("DELETE", f"/keys/{key['key']['id']}")
    user = await id_of(ada)
    admin = by_key(site)
    await admin.told("PATCH", f"/users/{user}", role="viewer")
    await admin.told("DELETE", f"/users/{user}")
    page = await admin.told("GET", "/audit?limit=200")
    entries = list(reversed(page["items"]))
    assert [one["event"] for one in entries] == [
        *("login.failed", "login.ok", "logout", "user.made", "login.ok"),
        *("key.made", "key.revoked", "user.changed", "user.removed"),
    ]
    assert [one["seq"] for one in entries] == list(range(1, 10))
    assert [one["address"] for one in entries[:3]] == ["192.0.2.0/24", *["2001:db8:1::/48"] * 2]
    failed, changed = entries[0], entries[7]
    assert (failed["actor"], failed["subject"]) == (None, await id_of(admin))
    assert (changed["actor"], changed["subject"]) == (await id_of(admin), user)
    assert changed["details"] == {"role": "viewer"}
    told = await verdict(site)
    assert told == {
        **{"ok": True, "entries": 9, "head": entries[-1]["hash"]},
        **{"broken_at": None, "reason": None},
    }
    # No person is named, and nothing of a secret.
    text = str(page)
    for secret in (mail(site), site.first.email, site.first.password, key["secret"]):
        assert secret not in text


async def test_a_guess_at_nobody_is_written_without_what_was_typed(
    site: Site, database: TestDatabase
) -> None:
    typed = f"my-password-{site.first.tenant}"
    before = database.query("SELECT count(*) FROM audit_log")
    body = {"email": typed, "password": "wrong"}
    assert (await site.browser().post("/api/v1/auth/token", json=body)).status_code == 401
    rows = database.query(
        "SELECT a::text FROM audit_log a WHERE tenant_id ="
        " (SELECT min(id::text)::uuid FROM tenants) ORDER BY seq DESC LIMIT 1"
    )
    [(count,)] = before
    assert database.query("SELECT count(*) FROM audit_log") == [(int(str(count)) + 1,)]
    assert "login.failed" in str(rows)
    assert typed not in str(rows)


async def test_the_log_is_listed_in_pages_and_by_event(site: Site) -> None:
    await filled(site, 5)
    await log_in(site)
    admin = by_key(site)
    seen: list[int] = []
    cursor = ""
    while True:
        page = await admin.told("GET", f"/audit?limit=2{cursor}")
        seen += [one["seq"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [6, 5, 4, 3, 2, 1]
    page = await admin.told("GET", "/audit?event=login.ok")
    assert [one["seq"] for one in page["items"]] == [6]
    for wrong in ("event=nothing", "cursor=eA", "cursor=LTE", "limit=0"):
        assert await admin.status("GET", f"/audit?{wrong}") == 422


TAMPERINGS = {
    "changed": ("UPDATE audit_log SET subject = 'another' WHERE seq = 3 AND {mine}", 3),
    "changed details": (
        """UPDATE audit_log SET details = '{{"role": "admin"}}' WHERE seq = 4 AND {mine}""",
        4,
    ),
    "changed into what is no event": (
        "UPDATE audit_log SET event = 'x' WHERE seq = 2 AND {mine}",
        2,
    ),
    "changed into what are no details": (
        "UPDATE audit_log SET details = '[1]' WHERE seq = 2 AND {mine}",
        2,
    ),
    "moved in time": (
        "UPDATE audit_log SET at = at + interval '1 microsecond' WHERE seq = 5 AND {mine}",
        5,
    ),
    "hash made to fit nothing": (
        "UPDATE audit_log SET hash = previous WHERE seq = 6 AND {mine}",
        6,
    ),
    "removed from the middle": ("DELETE FROM audit_log WHERE seq = 3 AND {mine}", 4),
    "removed from the beginning": ("DELETE FROM audit_log WHERE seq <= 2 AND {mine}", 3),
    "removed and closed up": (
        "DELETE FROM audit_log WHERE seq = 3 AND {mine};"
        "UPDATE audit_log SET seq = seq - 1 WHERE seq > 3 AND {mine}",
        3,
    ),
    "two changed places": (
        "UPDATE audit_log SET seq = 100 WHERE seq = 3 AND {mine};"
        "UPDATE audit_log SET seq = 3 WHERE seq = 4 AND {mine};"
        "UPDATE audit_log SET seq = 4 WHERE seq = 100 AND {mine}",
        3,
    ),
    "put in again at the end": (
        "INSERT INTO audit_log SELECT tenant_id, 7, at, event, actor, subject, address, details,"
        " previous, hash FROM audit_log WHERE seq = 2 AND {mine}",
        7,
    ),
}


@pytest.mark.parametrize("how", TAMPERINGS)
async def test_tampering_is_found(site: Site, database: TestDatabase, how: str) -> None:
    await filled(site)
    assert (await verdict(site))["ok"]
    statements, broken_at = TAMPERINGS[how]
    mine = f"tenant_id = '{site.first.tenant}'"
    for statement in statements.format(mine=mine).split(";"):
        assert database.query(f"{statement} RETURNING seq"), "something was tampered with"
    told = await verdict(site)
    assert (told["ok"], told["broken_at"]) == (False, broken_at)
    assert told["entries"] < broken_at
    assert told["reason"]
    assert len(told["head"]) == 64


async def test_entries_of_another_tenant_do_not_fit_in(site: Site, database: TestDatabase) -> None:
    await filled(site, 2)
    made = await by_key(site).told("POST", "/tenants", name=f"Other {site.first.tenant}")
    database.query(
        "INSERT INTO audit_log SELECT %s, 2, at, event, actor, subject, address, details, previous,"
        " hash FROM audit_log WHERE tenant_id = %s AND seq = 2 RETURNING seq",
        made["id"],
        site.first.tenant,
    )
    told = await site.login.audit.verify(made["id"])
    assert (told.ok, told.broken_at) == (False, 2)


async def test_the_application_adds_and_reads_and_nothing_else(
    site: Site, database: TestDatabase
) -> None:
    await filled(site, 1)
    for statement in (
        "UPDATE audit_log SET event = 'x'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "SELECT * FROM audit_log FOR UPDATE",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match=RESTRICTED):
            async with database.open.hot(site.first.tenant) as connection:
                await connection.execute(statement)
    # Nor the workers, and the owner of the table changes nothing that is there.
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.open.work() as connection:
            await connection.fetch("SELECT * FROM sutazai.audit_log")
    owner = await asyncpg.connect(database.urls.owner)
    try:
        assert await owner.execute("DELETE FROM sutazai.audit_log") == "DELETE 0"
        assert await owner.execute("UPDATE sutazai.audit_log SET event = 'x'") == "UPDATE 0"
    finally:
        await owner.close()
    assert (await verdict(site))["ok"]


async def test_what_happens_at_once_is_one_chain(site: Site) -> None:
    await asyncio.gather(*(filled(site, 3) for _ in range(8)))
    told = await verdict(site)
    assert (told["ok"], told["entries"]) == (True, 24)


async def test_a_long_log_is_followed_to_its_end(
    site: Site, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutazai.records.audit._BATCH", 4)
    await filled(site, 9)
    assert (await site.login.audit.verify(site.first.tenant)).entries == 9
    await filled(site, 3)
    assert (await site.login.audit.verify(site.first.tenant)).entries == 12


@pytest.mark.parametrize(("kept", "shown"), [("full", "203.0.113.77"), ("none", None)])
async def test_how_much_of_an_address_is_kept_is_a_setting(
    site: Site, database: TestDatabase, kept: Any, shown: str | None
) -> None:
    audit = Audit(SqlAudit(database.open), kept)
    await audit.append(
        site.first.tenant, audit.entry(Event.LOGOUT, actor=None, address="203.0.113.77")
    )
    [entry] = (await audit.page(site.first.tenant, 5, None, None)).items
    assert entry.entry.address == shown


async def test_what_changed_nothing_is_not_written(site: Site) -> None:
    admin = by_key(site)
    me = await id_of(admin)
    assert await admin.status("PATCH", f"/users/{me}", role="viewer") == 409
    assert await admin.status("DELETE", "/keys/0199c0de-7a7a-7000-8000-000000000001") == 404
    assert await events(site) == []
