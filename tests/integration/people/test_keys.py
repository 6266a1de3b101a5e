"""API keys: shown once, as good as their rights and their user, until they end."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.login.conftest import Site
from tests.integration.people.asking import by_key, events, id_of, mail, new_user
from tests.support.database import TestDatabase

pytestmark = pytest.mark.requirement("G1", part="API keys with scopes and expiry")

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"scopes": ["read"]}, "name"),
    ({"name": " ", "scopes": ["read"]}, "name"),
    ({"name": "a\x00b", "scopes": ["read"]}, "name"),
    ({"name": "k", "scopes": []}, "scopes"),
    ({"name": "k", "scopes": "read"}, "scopes"),
    ({"name": "k", "scopes": ["read"], "expires_in_days": 0}, "expires_in_days"),
    ({"name": "k", "scopes": ["read"], "expires_in_days": 4000}, "expires_in_days"),
]


async def test_a_key_is_shown_once_and_listed_by_how_it_begins(
    site: Site, database: TestDatabase
) -> None:
    admin = by_key(site)
    answer = await admin.ask("POST", "/keys", name="import", scopes=["write", "read"])
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    secret, key = said["secret"], said["key"]
    assert secret.startswith(key["prefix"])
    assert len(key["prefix"]) == 7
    assert (key["scopes"], key["expires_at"]) == (["read", "write"], None)
    assert answer.headers["location"] == f"/api/v1/keys/{key['id']}"
    listed = await admin.ask("GET", "/keys")
    assert secret not in listed.text
    assert [one["name"] for one in listed.json()["items"]] == ["import", "first start"]
    rows = database.query("SELECT k::text FROM api_keys k")
    assert not any(secret in str(row) for row in rows)
    made = by_key(site, secret)
    assert (await made.told("GET", "/session"))["scopes"] == ["read", "write"]
    # Administration, and what is one's own, are for others.
    for path in ("/users", "/audit", "/keys", "/tenants"):
        assert await made.status("GET", path) == 403


async def test_a_key_ends_by_its_day_or_when_it_is_revoked(site: Site) -> None:
    admin = by_key(site)
    short = await admin.told("POST", "/keys", name="s", scopes=["read"], expires_in_days=1)
    long = await admin.told("POST", "/keys", name="l", scopes=["read"], expires_in_days=30)
    site.clock.ahead = timedelta(days=1, seconds=1)
    assert not await by_key(site, short["secret"]).opens()
    assert await by_key(site, long["secret"]).opens()
    names = [one["name"] for one in (await admin.told("GET", "/keys"))["items"]]
    assert names == ["l", "first start"]
    assert await admin.status("DELETE", f"/keys/{long['key']['id']}") == 204
    assert not await by_key(site, long["secret"]).opens()
    assert await admin.status("DELETE", f"/keys/{long['key']['id']}") == 404
    said = await events(site)
    assert said.count("key.made") == 2
    assert said.count("key.revoked") == 1


async def test_its_last_use_is_known_to_the_day_and_written_once(
    site: Site, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = by_key(site)
    written: list[object] = []
    touch = type(site.login.records).touch_key

    async def note(self: object, *given: object) -> None:
        written.append(given)
        await touch(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(type(site.login.records), "touch_key", note)
    for _ in range(3):
        assert await admin.opens()
    assert len(written) == 1
    [shown] = (await admin.told("GET", "/keys"))["items"]
    assert shown["last_used_on"] == site.clock.now().date().isoformat()
    site.clock.ahead = timedelta(days=1)
    assert await admin.opens()
    assert len(written) == 2


async def test_nobody_gives_what_they_do_not_have(site: Site) -> None:
    ada = await new_user(site, mail(site), "member")
    answer = await ada.ask("POST", "/keys", name="too much", scopes=["read", "admin"])
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "admin" in answer.json()["detail"]
    made = await by_key(site).told("POST", "/keys", name="few", scopes=["admin"])
    limited = by_key(site, made["secret"])
    assert await limited.status("POST", "/keys", name="more", scopes=["write"]) == 403
    assert await limited.status("POST", "/keys", name="same", scopes=["admin"]) == 201


async def test_everyone_sees_and_revokes_their_own_and_an_administrator_all(site: Site) -> None:
    admin = by_key(site)
    ada, bob = await new_user(site, mail(site)), await new_user(site, mail(site, "bob"), "viewer")
    hers = (await ada.told("POST", "/keys", name="hers", scopes=["read"]))["key"]
    his = (await bob.told("POST", "/keys", name="his", scopes=["read"]))["key"]
    assert [one["id"] for one in (await ada.told("GET", "/keys"))["items"]] == [hers["id"]]
    assert await ada.status("GET", "/keys?all=true") == 403
    everybodys = (await admin.told("GET", "/keys?all=true"))["items"]
    assert [one["name"] for one in everybodys] == ["his", "hers", "first start"]
    assert everybodys[1]["email"] == mail(site)
    assert everybodys[1]["user"] == await id_of(ada)
    assert await ada.status("DELETE", f"/keys/{his['id']}") == 404
    assert await admin.status("DELETE", f"/keys/{his['id']}") == 204
    assert await ada.status("DELETE", f"/keys/{hers['id']}") == 204


async def test_what_is_wrong_is_named_and_nothing_is_made(site: Site) -> None:
    admin = by_key(site)
    for body, field in WRONG:
        answer = await admin.ask("POST", "/keys", **body)
        assert answer.status_code == 422, (body, answer.text)
        assert answer.json()["errors"][0]["field"].split(".")[0] == field, body
    assert len((await admin.told("GET", "/keys"))["items"]) == 1


async def test_a_key_s_list_is_given_in_pages(site: Site) -> None:
    admin = by_key(site)
    for number in range(3):
        await admin.told("POST", "/keys", name=str(number), scopes=["read"])
    first = await admin.told("GET", "/keys?limit=2")
    second = await admin.told("GET", f"/keys?limit=2&cursor={first['next']}")
    names = [one["name"] for page in (first, second) for one in page["items"]]
    assert names == ["2", "1", "0", "first start"]
    assert second["next"] is None
    assert await admin.status("GET", "/keys?cursor=bm90IGFuIGlk") == 422
