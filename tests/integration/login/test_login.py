"""Login and logout as a browser does them, over a real PostgreSQL."""

import json
import re
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import httpx2
import jwt
import pytest
from loguru import logger

from sutazai.core.identity.passwords import Passwords
from sutazai.core.identity.service import Identity
from sutazai.core.identity.tokens import Claims
from sutazai.entrypoints import logs
from sutazai.records.identity import SqlIdentity
from sutazai_contracts.identifiers import new_id
from tests.integration.login.conftest import URL, Site
from tests.support.database import TestDatabase

DASHBOARD = "http://127.0.0.1:10011/"
SESSION = "sutazai_session"
UNCHECKED: Any = {"verify_signature": False}


def cookie(answer: httpx2.Response, name: str) -> dict[str, str]:
    """Read what a cookie of an answer says of itself."""
    for line in answer.headers.get_list("set-cookie"):
        if morsel := SimpleCookie(line).get(name):
            said = {key: str(value) for key, value in morsel.items() if value}
            return said | {"value": morsel.value}
    raise AssertionError(f"no cookie {name}")


def error_of(answer: httpx2.Response) -> str:
    """Read the words of the error on a page."""
    found = re.search(r'role="alert">([^<]+)<', answer.text)
    assert found, answer.text
    return found[1]


async def test_a_login_leads_to_the_dashboard_with_a_cookie_no_script_reads(site: Site) -> None:
    browser = site.browser()
    answer = await site.log_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, DASHBOARD)
    said = cookie(answer, SESSION)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", said["value"])
    assert (said["path"], said["samesite"], said["httponly"]) == ("/", "lax", "True")
    assert "secure" not in said
    assert "domain" not in said
    assert int(said["max-age"]) == 7 * 24 * 3600
    # Nothing of it stands in an address.
    assert said["value"] not in answer.headers["location"]


async def test_over_https_the_cookies_never_go_without_it(site: Site) -> None:
    browser = site.browser(url="https://127.0.0.1:10443")
    answer = await site.log_in(browser)
    assert cookie(answer, SESSION)["secure"] == "True"


async def test_the_cookie_is_exchanged_for_a_token_that_every_route_takes(site: Site) -> None:
    browser = site.browser()
    await site.log_in(browser)
    body = {"session": browser.cookies[SESSION]}
    answer = await browser.post("/api/v1/session/token", json=body)
    assert answer.headers["cache-control"] == "no-store"
    given = answer.json()
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 600)
    user = given["user"]
    assert (user["email"], user["role"]) == (site.first.email, "admin")
    assert (user["tenant"], user["tenant_name"]) == (str(site.first.tenant), "default")
    assert await site.opens(browser, given["access_token"])
    caller = await site.login.authenticate(given["access_token"])
    assert (caller.tenant, str(caller.user)) == (site.first.tenant, user["id"])


@pytest.mark.parametrize("path", ["/login", "/logout"])
async def test_the_pages_need_nothing_from_elsewhere_and_are_not_framed(
    site: Site, path: str
) -> None:
    page = await site.browser().get(path)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    # Browsers hold the redirect after a form against it.
    assert "form-action 'self' http://127.0.0.1:10011;" in policy
    assert "<script" not in page.text
    assert not re.findall(r'(?:src|href)="(?!/)', page.text)


async def test_the_form_says_what_its_fields_are(site: Site) -> None:
    page = (await site.browser().get("/login")).text
    assert '<html lang="en">' in page
    for name, kind in (("email", "username"), ("password", "current-password")):
        assert f'<label for="{name}">' in page
        assert re.search(rf'<input id="{name}" name="{name}"[^>]* autocomplete="{kind}"', page)
    assert '<input id="password" name="password" type="password"' in page
    assert page.count(" autofocus") == 1


async def test_a_wrong_password_is_said_and_the_address_kept(site: Site) -> None:
    browser = site.browser()
    answer = await site.log_in(browser, "wrong", email=f' {site.first.email.upper()}"><b>')
    assert answer.status_code == 422
    assert error_of(answer) == "The e-mail address or the password is wrong."
    assert f"{site.first.email.upper()}&quot;&gt;&lt;b&gt;" in answer.text
    assert 'aria-describedby="error"' in answer.text
    assert SESSION not in browser.cookies
    # The form that came back is good for the next try; the address is known in any case.
    assert (await site.log_in(browser, email=f" {site.first.email.upper()} ")).status_code == 303


async def test_an_unknown_user_is_answered_alike(site: Site) -> None:
    known = await site.log_in(site.browser(), "wrong")
    unknown = await site.log_in(site.browser(), "wrong", email="nobody@example.org")
    assert known.status_code == unknown.status_code
    assert error_of(known) == error_of(unknown)
    for email in ("", "no address", "a\x00b@example.org", "x" * 5000, "\udc80@example.org"):
        data = {"email": email.encode("utf-8", "surrogatepass").decode("latin-1")}
        assert (await site.log_in(site.browser("192.0.2.9"), "w", **data)).status_code == 422


async def test_an_unknown_user_costs_as_much_work(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    verify = type(site.login.passwords)._verify

    def note(self: object, password_hash: str, password: str) -> bool:
        checked.append(password_hash)
        return verify(self, password_hash, password)  # type: ignore[arg-type]

    monkeypatch.setattr(type(site.login.passwords), "_verify", note)
    await site.log_in(site.browser(), "wrong")
    await site.log_in(site.browser(), "wrong", email="nobody@example.org")
    of_user, of_nobody = (text.split("$")[1:4] for text in checked)
    assert of_user == of_nobody


async def test_passwords_are_checked_as_they_were_hashed(database: TestDatabase) -> None:
    identity = Identity(SqlIdentity(database.open, database.urls.owner))
    await identity.first_start(lambda first: None)
    [(hashed,)] = database.query("SELECT password_hash FROM users")
    assert not Passwords().hasher.check_needs_rehash(str(hashed))


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("http://127.0.0.1:10011/?page=runs", "http://127.0.0.1:10011/?page=runs"),
        ("http://localhost:10011/ask", "http://127.0.0.1:10011/ask"),
        ("http://127.0.0.1:9999/", DASHBOARD),
        ("https://evil.example/", DASHBOARD),
        ("//evil.example/", DASHBOARD),
        ("/\\evil.example", DASHBOARD),
        ("http://127.0.0.1:10011@evil.example/", DASHBOARD),
        ("http://127.0.0.1:10011\\@evil.example/", DASHBOARD),
        ("http://evil.example\t:10011/", DASHBOARD),
        ("javascript:alert(1)", DASHBOARD),
        ("http://[", DASHBOARD),
        ("http://127.0.0.1:99999/", DASHBOARD),
        ("", DASHBOARD),
    ],
)
async def test_a_login_leads_to_places_of_ours_alone(
    site: Site, wanted: str, leads_to: str
) -> None:
    browser = site.browser()
    assert (await site.log_in(browser, next=wanted)).headers["location"] == leads_to
    # Nor can it be put into the form that is sent.
    form = {"token": "", "next": wanted}
    answer = await browser.post("/login", data=form)
    assert answer.status_code == 403
    assert "evil" not in answer.text.replace(leads_to, "")


async def test_localhost_is_sent_to_the_one_host(site: Site) -> None:
    browser = site.browser(url="http://localhost:10010")
    answer = await browser.get("/login?next=http://localhost:10011/")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"{URL}/login?next=http://localhost:10011/"
    assert (await browser.get("/logout")).headers["location"] == f"{URL}/logout"


async def test_a_form_of_another_site_logs_nobody_in(site: Site) -> None:
    browser, stranger = site.browser(), site.browser()
    page = await stranger.get("/login")
    token = re.search(r'name="token" value="(\w+)"', page.text)
    assert token
    form = {"email": site.first.email, "password": site.first.password, "token": token[1]}
    # A stranger's token, in a browser that has no form, and in one that has another.
    assert (await browser.post("/login", data=form)).status_code == 403
    await browser.get("/login")
    assert (await browser.post("/login", data=form)).status_code == 403
    # The stranger's own cookie, put into the browser by another server of this machine.
    browser.cookies = stranger.cookies
    for headers in (
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        answer = await browser.post("/login", data=form, headers=headers)
        assert answer.status_code == 403
    assert SESSION not in browser.cookies


async def test_a_form_that_is_refused_is_logged_without_what_it_said(site: Site) -> None:
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(logs.line(message.record)), level="INFO")
    browser = site.browser()
    try:
        form = {"email": "me@example.org", "password": "typed by hand", "token": "a guess"}
        assert (await browser.post("/login", data=form)).status_code == 403
        assert (await site.log_in(browser, "typed by hand")).status_code == 422
        assert (await browser.post("/login", content=b"x" * 100_001)).status_code == 413
    finally:
        logger.remove(sink)
    said = [json.loads(one)["message"] for one in lines]
    assert said == [
        *(f"POST /login refused: {status}" for status in (403, 422)),
        "POST unmatched refused: 413",
    ]
    assert not [one for one in lines if "typed" in one or "@" in one or "guess" in one]


async def test_what_is_no_form_is_refused(site: Site) -> None:
    browser = site.browser()
    await browser.get("/login")
    for content, kind in (
        (b'{"email": "a"}', "application/json"),
        (b"--b--", "multipart/form-data; boundary=b"),
        (b"", ""),
        (b"\xff\xfe=%", "application/x-www-form-urlencoded"),
    ):
        answer = await browser.post("/login", content=content, headers={"content-type": kind})
        assert answer.status_code == 403


async def test_logout_reaches_every_tab_and_token_at_once(site: Site) -> None:
    browser = site.browser()
    await site.log_in(browser)
    secret, token = browser.cookies[SESSION], await site.token(browser)
    assert await site.opens(browser, token)
    answer = await browser.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert cookie(answer, SESSION)["max-age"] == "0"
    assert SESSION not in browser.cookies
    assert not await site.opens(browser, token)
    answer = await browser.post("/api/v1/session/token", json={"session": secret})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_a_program_ends_the_session_by_its_token(site: Site) -> None:
    browser = site.browser()
    await site.log_in(browser)
    token, other = await site.token(browser), await site.token(browser)
    headers = {"Authorization": f"Bearer {token}"}
    answer = await browser.request("DELETE", "/api/v1/session", headers=headers)
    assert answer.status_code == 204
    assert not await site.opens(browser, token)
    assert not await site.opens(browser, other)
    # A key is of no session.
    key = {"Authorization": f"Bearer {site.first.api_key}"}
    assert (await browser.request("DELETE", "/api/v1/session", headers=key)).status_code == 204
    assert await site.opens(browser, site.first.api_key)


async def test_only_our_pages_log_out(site: Site) -> None:
    browser = site.browser()
    await site.log_in(browser)
    token = await site.token(browser)
    for origin in ("http://127.0.0.1:9999", "https://evil.example", "null"):
        headers = {"Sec-Fetch-Site": "same-site", "Origin": origin}
        assert (await browser.post("/logout", headers=headers)).status_code == 403
    assert await site.opens(browser, token)
    headers = {"Sec-Fetch-Site": "same-site", "Origin": DASHBOARD.rstrip("/")}
    assert (await browser.post("/logout", headers=headers)).status_code == 303
    assert not await site.opens(browser, token)


async def test_one_who_is_not_logged_in_logs_out_all_the_same(site: Site) -> None:
    for secret in ("", "x", "A" * 43, "é" * 43):
        headers = [(b"Cookie", f"{SESSION}={secret}".encode())]
        assert (await site.browser().post("/logout", headers=headers)).status_code == 303


async def test_each_login_is_a_session_of_its_own(site: Site) -> None:
    one, two = site.browser(), site.browser()
    for browser in (one, two):
        await site.log_in(browser)
    token = await site.token(two)
    await one.post("/logout")
    assert await site.opens(two, token)


async def test_a_new_login_of_a_browser_ends_the_one_before(site: Site) -> None:
    browser = site.browser()
    await site.log_in(browser)
    before, token = browser.cookies[SESSION], await site.token(browser)
    await site.log_in(browser, "wrong")
    assert await site.opens(browser, token)
    await site.log_in(browser)
    assert browser.cookies[SESSION] != before
    assert not await site.opens(browser, token)
    answer = await browser.post("/api/v1/session/token", json={"session": before})
    assert answer.status_code == 401
    assert await site.opens(browser, await site.token(browser))


async def test_a_token_is_good_for_ten_minutes(site: Site) -> None:
    browser = site.browser()
    await site.log_in(browser)
    token = await site.token(browser)
    site.clock.ahead = timedelta(minutes=9, seconds=50)
    assert await site.opens(browser, token)
    site.clock.ahead = timedelta(minutes=10, seconds=1)
    assert not await site.opens(browser, token)
    assert await site.opens(browser, await site.token(browser))


async def test_use_keeps_a_session_but_not_past_its_end(site: Site) -> None:
    browser = site.browser()
    await site.log_in(browser)
    for hours in range(10, 7 * 24, 10):
        site.clock.ahead = timedelta(hours=hours)
        await site.token(browser)
    site.clock.ahead = timedelta(days=7)
    body = {"session": browser.cookies[SESSION]}
    assert (await browser.post("/api/v1/session/token", json=body)).status_code == 401


async def test_an_unused_session_ends(site: Site) -> None:
    browser = site.browser()
    await site.log_in(browser)
    site.clock.ahead = timedelta(hours=12, seconds=1)
    body = {"session": browser.cookies[SESSION]}
    assert (await browser.post("/api/v1/session/token", json=body)).status_code == 401


async def test_frequent_use_is_written_now_and_then(site: Site, database: TestDatabase) -> None:
    browser = site.browser()
    await site.log_in(browser)
    [(before,)] = database.query("SELECT idle_until FROM sessions")
    for _ in range(5):
        await site.token(browser)
    assert database.query("SELECT idle_until FROM sessions") == [(before,)]
    site.clock.ahead = timedelta(minutes=6)
    await site.token(browser)
    assert database.query("SELECT idle_until > %s FROM sessions", before) == [(True,)]


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
async def test_what_is_no_token_of_ours_opens_nothing(site: Site) -> None:
    browser = site.browser()
    await site.log_in(browser)
    token = await site.token(browser)
    head, body, signature = token.split(".")
    session = (await site.login.authenticate(token)).shown
    claims = Claims(session, new_id(), site.first.tenant)
    other_user = site.login.tokens.sign(claims, site.clock.now())
    key, said = site.login.tokens._key("access"), jwt.decode(token, options=UNCHECKED)
    assert jwt.encode(said, key, "HS256").split(".")[1] == body
    for wrong in (
        f"{head}.{body}.",
        f"{head}.{body}.{signature[::-1]}",
        f"eyJhbGciOiJub25lIn0.{body}.",
        f"{token}.{token}",
        "..",
        "x" * 5000,
        other_user,
        jwt.encode(said | {"aud": "another service"}, key, "HS256"),
        jwt.encode({name: said[name] for name in said if name != "aud"}, key, "HS256"),
        jwt.encode(said | {"iss": "somebody"}, key, "HS256"),
        jwt.encode(said, key, "HS512"),
        jwt.encode(said, key, "HS256", headers={"jwk": {"kty": "oct", "k": "AA"}})[:-1],
        browser.cookies[SESSION],
    ):
        assert not await site.opens(browser, wrong), wrong
    assert await site.opens(browser, token)


async def test_a_database_that_is_away_is_said_on_the_page(
    site: Site, database: TestDatabase
) -> None:
    browser = site.browser()
    await site.log_in(browser)
    await database.open.app.close()
    answer = await site.log_in(browser)
    assert answer.status_code == 503
    assert "database" in error_of(answer)
    answer = await browser.post("/logout")
    assert answer.status_code == 503
    # Whoever could not be logged out is not told that they were.
    assert SESSION in browser.cookies
