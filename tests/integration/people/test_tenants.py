"""Tenants: made by who looks after one, switched by who is in several, each for itself."""

import pytest

from tests.integration.login.conftest import Site
from tests.integration.people.asking import Asker, by_key, id_of, log_in, mail, new_user
from tests.integration.people.conftest import new_tenant
from tests.support.database import TestDatabase

pytestmark = pytest.mark.requirement("B9", part="tenants, members of several")


def other_site(site: Site, database: TestDatabase) -> Site:
    """Give the same API to those of another tenant."""
    return Site(site.app, site.login, site.people, new_tenant(database.admin), site.clock)


async def switched(asker: Asker, tenant: str) -> Asker:
    tokens = await asker.told("POST", "/session/tenant", tenant=tenant)
    return Asker(asker.client, tokens["access_token"], tokens["refresh_token"] or "")


async def test_a_tenant_is_made_and_switched_to_and_holds_nothing_of_the_other(site: Site) -> None:
    admin = await log_in(site)
    made = await admin.told("POST", "/tenants", name=f"Research {site.first.tenant}")
    assert (made["role"], made["current"]) == ("admin", False)
    await new_user(site, mail(site), "member")
    await admin.told("POST", "/keys", name="of the first", scopes=["read"])
    there = await switched(admin, made["id"])
    assert not await admin.opens(), "what was given before is void"
    listed = (await there.told("GET", "/tenants"))["items"]
    assert [(one["id"], one["current"]) for one in listed] == [
        (str(site.first.tenant), False),
        (made["id"], True),
    ]
    assert [one["email"] for one in (await there.told("GET", "/users"))["items"]] == [
        site.first.email
    ]
    assert (await there.told("GET", "/keys?all=true"))["items"] == []
    assert [one["event"] for one in (await there.told("GET", "/audit"))["items"]] == ["tenant.made"]
    body = {"refresh_token": there.refresh_token}
    answer = await there.client.post("/api/v1/auth/refresh", json=body)
    again = Asker(there.client, answer.json()["access_token"])
    assert (await again.told("GET", "/session"))["tenant"] == made["id"]
    back = await switched(again, str(site.first.tenant))
    assert len((await back.told("GET", "/users"))["items"]) == 2


async def test_a_browser_switches_and_keeps_its_cookie(site: Site) -> None:
    browser = site.browser()
    await site.log_in(browser)
    asker = Asker(browser, await site.token(browser))
    made = await asker.told("POST", "/tenants", name=f"Second {site.first.tenant}")
    there = await switched(asker, made["id"])
    assert there.refresh_token == ""
    fresh = Asker(browser, await site.token(browser))
    assert (await fresh.told("GET", "/session"))["tenant"] == made["id"]


async def test_nobody_goes_where_they_are_no_member(site: Site, database: TestDatabase) -> None:
    foreign = other_site(site, database)
    admin = await log_in(site)
    for tenant in (foreign.first.tenant, "0199c0de-7a7a-7000-8000-00000000dead"):
        answer = await admin.ask("POST", "/session/tenant", tenant=str(tenant))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert await admin.opens()
    body = {"email": site.first.email, "password": site.first.password}
    wrong = {**body, "tenant": str(foreign.first.tenant)}
    assert (await admin.client.post("/api/v1/auth/token", json=wrong)).status_code == 401
    assert (
        await by_key(site).status("POST", "/session/tenant", tenant=str(site.first.tenant)) == 403
    )


async def test_users_of_another_tenant_are_not_there(site: Site, database: TestDatabase) -> None:
    foreign = other_site(site, database)
    stranger = await id_of(by_key(foreign))
    admin = by_key(site)
    for method, path, body in (
        ("GET", "", {}),
        ("PATCH", "", {"role": "viewer"}),
        ("POST", "/password", {}),
        ("DELETE", "", {}),
    ):
        answer = await admin.ask(method, f"/users/{stranger}{path}", **body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), method
    # Nor is somebody taken over by their address.
    answer = await admin.ask("POST", "/users", email=foreign.first.email, role="member")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_exists")
    assert await by_key(foreign).opens()
    await log_in(foreign)


async def test_who_looks_after_two_tenants_takes_people_along(site: Site) -> None:
    admin, ada = await log_in(site), await new_user(site, mail(site), "member")
    user = await id_of(ada)
    name = f"Third {site.first.tenant}"
    made = await admin.told("POST", "/tenants", name=name)
    answer = await admin.ask("POST", "/tenants", name=name)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, "name")
    there = await switched(admin, made["id"])
    joined = await there.told("POST", "/users", email=mail(site), role="viewer")
    assert (joined["password"], joined["user"]["id"]) == (None, user)
    assert await there.status("POST", "/users", email=mail(site), role="viewer") == 409
    ada = await log_in(site, mail(site), "a password for members", tenant=made["id"])
    who = await ada.told("GET", "/session")
    assert (who["tenant"], who["role"], who["scopes"]) == (made["id"], "viewer", ["read"])
    # Removed from one, they are still what they were in the other.
    assert await there.status("DELETE", f"/users/{user}") == 204
    assert not await ada.opens()
    ada = await log_in(site, mail(site), "a password for members")
    assert (await ada.told("GET", "/session"))["role"] == "member"


async def test_a_password_that_opens_another_tenant_is_not_reset(site: Site) -> None:
    """Else whoever looks after one tenant would get into all of their people's."""
    admin, ada = await log_in(site), await new_user(site, mail(site), "admin")
    user = await id_of(ada)
    hers = await ada.told("POST", "/tenants", name=f"Hers {site.first.tenant}")
    answer = await admin.ask("POST", f"/users/{user}/password")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    there = await switched(ada, hers["id"])
    await there.told("POST", "/users", email=mail(site, "bob"), role="admin")
    mine = await id_of(admin)
    assert await by_key(site).status("POST", f"/users/{mine}/password") == 200
