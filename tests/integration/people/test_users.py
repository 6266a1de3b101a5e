"""Users: made, changed, removed by who looks after the tenant; and what each change ends."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.login.conftest import Site
from tests.integration.people.asking import Asker, by_key, events, id_of, log_in, mail, new_user
from tests.support.database import TestDatabase

pytestmark = pytest.mark.requirement("G1", part="users and roles")

ADA = "ada@example.org"
NEW = "another password, longer"

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"email": "nobody", "role": "member"}, "email"),
    ({"email": "a b@example.org", "role": "member"}, "email"),
    ({"email": "a\x00@example.org", "role": "member"}, "email"),
    ({"email": ADA, "role": "owner"}, "role"),
    ({"email": ADA}, "role"),
    ({"email": ADA, "role": "member", "password": "short"}, "password"),
    ({"email": ADA, "role": "member", "password": f"x{ADA}x"}, "password"),
    ({"email": ADA, "role": "member", "password": "ababababababab"}, "password"),
    ({"email": ADA, "role": "member", "password": "123qweasdzxc"}, "password"),
    ({"email": ADA, "role": "member", "password": "sutazai-admin"}, "password"),
    ({"email": ADA, "role": "member", "admin": True}, "admin"),
]


async def test_a_user_is_made_with_a_one_time_password(site: Site, database: TestDatabase) -> None:
    admin = by_key(site)
    answer = await admin.ask("POST", "/users", email=f" {mail(site).upper()} ", role="member")
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert answer.headers["location"] == f"/api/v1/users/{said['user']['id']}"
    assert said["user"]["email"] == mail(site)
    assert said["user"]["one_time_password"] is True
    [(hashed,)] = database.query("SELECT password_hash FROM users WHERE email = %s", mail(site))
    assert said["password"] not in str(hashed)
    ada = await log_in(site, mail(site), said["password"])
    who = await ada.told("GET", "/session")
    assert (who["must_change_password"], who["scopes"]) == (True, [])
    answer = await ada.ask("GET", "/tenants")
    assert (answer.status_code, answer.json()["code"]) == (403, "password_change_due")
    tokens = await ada.told("POST", "/password", old_password=said["password"], new_password=NEW)
    assert not await ada.opens()
    ada = Asker(ada.client, tokens["access_token"])
    who = await ada.told("GET", "/session")
    assert (who["must_change_password"], who["scopes"]) == (False, ["read", "write"])
    await log_in(site, mail(site), NEW)
    shown = await admin.told("GET", f"/users/{said['user']['id']}")
    assert (shown["one_time_password"], shown["role"]) == (False, "member")
    assert shown["last_login_on"]


async def test_a_one_time_password_is_good_for_a_week(site: Site) -> None:
    made = await by_key(site).told("POST", "/users", email=mail(site), role="viewer")
    body = {"email": mail(site), "password": made["password"]}
    site.clock.ahead = timedelta(days=6)
    await log_in(site, mail(site), made["password"])
    site.clock.ahead = timedelta(days=7, seconds=1)
    assert (await site.browser().post("/api/v1/auth/token", json=body)).status_code == 401


async def test_a_change_of_role_ends_logins_and_holds_for_keys(site: Site) -> None:
    admin, ada = by_key(site), await new_user(site, mail(site), "member")
    key = await ada.told("POST", "/keys", name="hers", scopes=["read", "write"])
    hers = by_key(site, key["secret"])
    assert (await hers.told("GET", "/session"))["scopes"] == ["read", "write"]
    user = await id_of(ada)
    changed = await admin.told("PATCH", f"/users/{user}", role="viewer")
    assert changed["role"] == "viewer"
    assert not await ada.opens()
    assert (await hers.told("GET", "/session"))["scopes"] == ["read"]


async def test_who_is_disabled_gets_in_nowhere_until_enabled(site: Site) -> None:
    admin, ada = by_key(site), await new_user(site, mail(site))
    key = await ada.told("POST", "/keys", name="hers", scopes=["read"])
    hers, user = by_key(site, key["secret"]), await id_of(ada)
    assert await hers.opens()
    assert (await admin.told("PATCH", f"/users/{user}", disabled=True))["disabled"] is True
    assert not await ada.opens()
    assert not await hers.opens()
    body = {"email": mail(site), "password": "a password for members"}
    refused = await site.browser().post("/api/v1/auth/token", json=body)
    assert refused.status_code == 401
    refresh = {"refresh_token": ada.refresh_token}
    assert (await ada.client.post("/api/v1/auth/refresh", json=refresh)).status_code == 401
    await admin.told("PATCH", f"/users/{user}", disabled=False)
    assert await hers.opens()
    await log_in(site, mail(site), "a password for members")


async def test_who_is_removed_is_gone_with_keys_and_logins(
    site: Site, database: TestDatabase
) -> None:
    admin, ada = by_key(site), await new_user(site, mail(site))
    key = await ada.told("POST", "/keys", name="hers", scopes=["read"])
    user = await id_of(ada)
    assert await admin.status("DELETE", f"/users/{user}") == 204
    assert not await ada.opens()
    assert not await by_key(site, key["secret"]).opens()
    assert await admin.status("GET", f"/users/{user}") == 404
    assert await admin.status("DELETE", f"/users/{user}") == 404
    assert database.query("SELECT id FROM users WHERE email = %s", mail(site)) == []
    # The address is free again.
    await new_user(site, mail(site), "viewer")


async def test_the_last_who_looks_after_a_tenant_stays(site: Site) -> None:
    admin = by_key(site)
    me = await id_of(admin)
    for method, body in (
        ("PATCH", {"role": "member"}),
        ("PATCH", {"disabled": True}),
        ("DELETE", {}),
    ):
        answer = await admin.ask(method, f"/users/{me}", **body)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict"), body
    other = await new_user(site, mail(site), "admin")
    await admin.told("PATCH", f"/users/{me}", role="member")
    assert await other.status("DELETE", f"/users/{await id_of(other)}") == 409
    # What an administrator's key may do is what its user may do now.
    assert await admin.status("GET", "/users") == 403


async def test_a_reset_password_ends_logins_and_is_a_one_time_one(site: Site) -> None:
    admin, ada = by_key(site), await new_user(site, mail(site))
    user = await id_of(ada)
    made = await admin.told("POST", f"/users/{user}/password")
    assert made["user"]["one_time_password"] is True
    assert not await ada.opens()
    ada = await log_in(site, mail(site), made["password"])
    assert (await ada.told("GET", "/session"))["must_change_password"] is True
    said = await events(site)
    assert {"user.made", "password.reset", "login.ok"} <= set(said)


async def test_what_is_wrong_is_named_and_nothing_is_made(site: Site) -> None:
    admin = by_key(site)
    for body, field in WRONG:
        answer = await admin.ask("POST", "/users", **body)
        assert answer.status_code == 422, (body, answer.text)
        assert answer.json()["errors"][0]["field"].split(".")[0] == field, body
    assert len((await admin.told("GET", "/users"))["items"]) == 1


async def test_an_address_is_one_user_s(site: Site) -> None:
    admin = by_key(site)
    for _ in range(2):
        answer = await admin.ask("POST", "/users", email=mail(site), role="member")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, "email")
    user = await id_of(admin)
    nothing = await admin.client.patch(
        f"/api/v1/users/{user}",
        json={},
        headers={"Authorization": f"Bearer {admin.credential}"},
    )
    assert nothing.status_code == 422


async def test_users_are_listed_by_address_page_by_page(site: Site) -> None:
    admin = by_key(site)
    for name in "cab":
        await admin.told("POST", "/users", email=mail(site, name), role="viewer")
    seen, cursor = [], ""
    while True:
        page = await admin.told("GET", f"/users?limit=2{cursor}")
        seen += [user["email"] for user in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == sorted([site.first.email, *(mail(site, name) for name in "abc")])
