"""Programs log in with a password, get the next tokens by the last ones, and log out."""

import asyncio
from datetime import timedelta

import httpx2
import pytest

from tests.integration.login.conftest import Site
from tests.integration.people.asking import Asker, events, log_in

pytestmark = pytest.mark.requirement("G1", part="JWT with refresh and revocation")

WRONG: list[tuple[dict[str, object], str]] = [
    ({}, "email"),
    ({"email": "a@b.c"}, "password"),
    ({"email": "a@b.c", "password": 5}, "password"),
    ({"email": "a@b.c", "password": "x", "tenant": "none"}, "tenant"),
    ({"email": "a@b.c", "password": "x", "grant_type": "password"}, "grant_type"),
    ({"email": "", "password": "x"}, "email"),
]


async def refresh(asker: Asker, token: str | None = None) -> httpx2.Response:
    body = {"refresh_token": asker.refresh_token if token is None else token}
    return await asker.client.post("/api/v1/auth/refresh", json=body)


async def test_a_password_gives_tokens_and_these_the_next_ones(site: Site) -> None:
    program = await log_in(site, email=site.first.email.upper())
    who = await program.told("GET", "/session")
    assert (who["email"], who["role"]) == (site.first.email, "admin")
    assert who["scopes"] == ["admin", "read", "write"]
    answer = await refresh(program)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert (said["token_type"], said["expires_in"]) == ("Bearer", 600)
    assert said["refresh_token"] != program.refresh_token
    assert await Asker(program.client, said["access_token"]).opens()


async def test_a_refresh_token_that_comes_again_ends_the_whole_session(site: Site) -> None:
    program = await log_in(site)
    stranger = await log_in(site)
    first = program.refresh_token
    said = (await refresh(program)).json()
    newest = Asker(program.client, said["access_token"], said["refresh_token"])
    assert await newest.opens()
    answer = await refresh(program, first)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    # Nobody knows who of the two is the thief.
    assert not await newest.opens()
    assert (await refresh(newest)).status_code == 401
    assert await stranger.opens()
    assert (await events(site)).count("refresh.reused") == 1


async def test_of_two_uses_at_once_one_succeeds_and_the_session_ends(site: Site) -> None:
    program = await log_in(site)
    answers = await asyncio.gather(*(refresh(program) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers)[:2] == [200, 401]
    assert sum(answer.status_code == 200 for answer in answers) == 1
    assert not await program.opens()


async def test_a_refresh_token_is_no_other_credential_and_none_is_one(site: Site) -> None:
    program, browser = await log_in(site), site.browser()
    await site.log_in(browser)
    cookie = browser.cookies["sutazai_session"]
    for wrong in (cookie, site.first.api_key, "x", "A" * 43):
        assert (await refresh(program, wrong)).status_code == 401
    body = {"session": program.refresh_token}
    assert (await browser.post("/api/v1/session/token", json=body)).status_code == 401
    assert not await Asker(program.client, program.refresh_token).opens()
    assert await program.opens()


async def test_logout_ends_the_session_and_says_nothing_of_what_is_none(site: Site) -> None:
    program = await log_in(site)
    for token, open_after in (("no token", True), ("A" * 43, True), (program.refresh_token, False)):
        body = {"refresh_token": token}
        answer = await program.client.post("/api/v1/auth/logout", json=body)
        assert (answer.status_code, answer.content) == (204, b"")
        assert await program.opens() == open_after
    assert (await refresh(program)).status_code == 401


async def test_use_keeps_a_session_but_not_past_its_end(site: Site) -> None:
    program = await log_in(site)
    for hours in range(10, 7 * 24, 10):
        site.clock.ahead = timedelta(hours=hours)
        answer = await refresh(program)
        assert answer.status_code == 200, hours
        program.refresh_token = answer.json()["refresh_token"]
    site.clock.ahead = timedelta(days=7)
    assert (await refresh(program)).status_code == 401
    other = await log_in(site)
    site.clock.ahead += timedelta(hours=12, seconds=1)
    assert (await refresh(other)).status_code == 401


@pytest.mark.requirement("G2", part="rate limits at core")
async def test_guessing_is_as_slow_as_at_the_form(site: Site) -> None:
    client = site.browser()
    body = {"email": site.first.email, "password": "a guess"}
    statuses = [(await client.post("/api/v1/auth/token", json=body)).status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    # The form counts the same tries, and the right password is not looked at meanwhile.
    assert (await site.log_in(site.browser())).status_code == 429
    answer = await client.post("/api/v1/auth/token", json=body | {"password": site.first.password})
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 5
    site.clock.ahead += timedelta(seconds=6)
    await log_in(site)


async def test_what_is_wrong_is_named(site: Site) -> None:
    client = site.browser()
    for body, field in WRONG:
        answer = await client.post("/api/v1/auth/token", json=body)
        assert answer.status_code == 422, body
        assert field in [error["field"] for error in answer.json()["errors"]], body
