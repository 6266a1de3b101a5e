"""One's own account: the password, logins everywhere, and the first look at who one is."""

from datetime import timedelta

import pytest

from tests.integration.login.conftest import Site
from tests.integration.people.asking import Asker, by_key, events, log_in, mail, new_user

NEW = "another password, longer"
pytestmark = pytest.mark.requirement("G1", part="JWT with refresh and revocation")


async def test_a_changed_password_ends_the_other_logins_and_this_one_goes_on(site: Site) -> None:
    program, other, browser = await log_in(site), await log_in(site), site.browser()
    await site.log_in(browser)
    token = await site.token(browser)
    change = {"old_password": site.first.password, "new_password": NEW}
    tokens = await program.told("POST", "/password", **change)
    for gone in (program, other, Asker(browser, token)):
        assert not await gone.opens()
    here = Asker(program.client, tokens["access_token"], tokens["refresh_token"])
    assert await here.opens()
    refresh = {"refresh_token": here.refresh_token}
    assert (await here.client.post("/api/v1/auth/refresh", json=refresh)).status_code == 200
    assert (await site.log_in(site.browser("192.0.2.8"))).status_code == 422
    assert (await site.log_in(site.browser("192.0.2.8"), NEW)).status_code == 303
    assert "password.changed" in await events(site)


async def test_a_browser_keeps_its_cookie_when_it_changes_the_password(site: Site) -> None:
    browser = site.browser()
    await site.log_in(browser)
    asker = Asker(browser, await site.token(browser))
    change = {"old_password": site.first.password, "new_password": NEW}
    tokens = await asker.told("POST", "/password", **change)
    assert tokens["refresh_token"] is None
    assert not await asker.opens()
    assert await Asker(browser, tokens["access_token"]).opens()
    assert await Asker(browser, await site.token(browser)).opens()


async def test_the_old_password_is_asked_for_and_not_to_be_guessed(site: Site) -> None:
    program = await log_in(site)
    for wrong, new, field in (
        ("a guess", NEW, "old_password"),
        (site.first.password, "short", "new_password"),
        (site.first.password, "1qaz2wsx3edc", "new_password"),
        (site.first.password, site.first.password, "new_password"),
        (site.first.password, f"my {site.first.email}", "new_password"),
    ):
        answer = await program.ask("POST", "/password", old_password=wrong, new_password=new)
        assert answer.status_code == 422, answer.text
        assert [error["field"] for error in answer.json()["errors"]] == [field]
    guess = {"old_password": "a guess", "new_password": NEW}
    statuses = [await program.status("POST", "/password", **guess) for _ in range(7)]
    assert statuses[-1] == 429
    site.clock.ahead += timedelta(seconds=30)
    await log_in(site)
    # A key is nobody's login.
    assert await by_key(site).status("POST", "/password", **guess) == 403


async def test_log_out_everywhere_ends_all_of_one_s_own_and_no_other(site: Site) -> None:
    first, second, browser = await log_in(site), await log_in(site), site.browser()
    await site.log_in(browser)
    token = await site.token(browser)
    other = await new_user(site, mail(site))
    assert await first.status("DELETE", "/sessions") == 204
    for gone in (first, second, Asker(browser, token)):
        assert not await gone.opens()
    body = {"session": browser.cookies["sutazai_session"]}
    assert (await browser.post("/api/v1/session/token", json=body)).status_code == 401
    refresh = {"refresh_token": second.refresh_token}
    assert (await second.client.post("/api/v1/auth/refresh", json=refresh)).status_code == 401
    assert await other.opens()
    assert await by_key(site).opens()
    assert (await events(site))[-1] == "logout.everywhere"


async def test_a_key_tells_whose_it_is(site: Site) -> None:
    who = await by_key(site).told("GET", "/session")
    assert who["tenant_name"] == f"tenant {site.first.tenant}"
    assert (who["email"], who["role"]) == (site.first.email, "admin")
    assert who["must_change_password"] is False
