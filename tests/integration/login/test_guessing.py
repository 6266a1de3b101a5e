"""Guessing passwords is slow, from one address and from many, and shuts nobody out for long."""

from datetime import timedelta

import httpx2

from tests.integration.login.conftest import Site


async def tries(site: Site, count: int, address: str = "192.0.2.1") -> list[httpx2.Response]:
    """Try wrong passwords from an address."""
    browser = site.browser(address)
    return [await site.log_in(browser, f"guess {number}") for number in range(count)]


async def test_after_five_tries_one_waits_and_is_told_how_long(site: Site) -> None:
    answers = await tries(site, 7)
    assert [answer.status_code for answer in answers] == [422] * 5 + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 5
    assert "too many tries" in answers[-1].text.lower()
    # The right password is not even looked at meanwhile: else it could be told from wrong ones.
    assert (await site.log_in(site.browser())).status_code == 429
    site.clock.ahead += timedelta(seconds=6)
    assert (await site.log_in(site.browser())).status_code == 303


async def test_whoever_goes_on_waits_longer_and_longer(site: Site) -> None:
    browser, waits = site.browser(), []
    checked = 0
    for _ in range(120):
        answer = await site.log_in(browser, "")  # an empty password is a try like any other
        if answer.status_code != 429:
            checked += 1
            continue
        waits.append(int(answer.headers["retry-after"]))
        site.clock.ahead += timedelta(seconds=waits[-1])
    assert waits[0] <= 5
    assert 30 <= waits[len(waits) // 3] <= 60
    assert waits[-1] > 600
    assert waits[-1] <= 900
    assert checked < 70


async def test_a_success_begins_anew(site: Site) -> None:
    for _ in range(3):
        await tries(site, 4)
        assert (await site.log_in(site.browser())).status_code == 303


async def test_one_who_guesses_does_not_shut_out_the_owner(site: Site) -> None:
    await tries(site, 10, "198.51.100.7")
    assert (await site.log_in(site.browser("192.0.2.1"))).status_code == 303


async def test_an_address_that_tries_many_accounts_waits_too(site: Site) -> None:
    browser, refused = site.browser(), 0
    for number in range(60):
        answer = await site.log_in(browser, "guess", email=f"user{number}@example.org")
        refused += answer.status_code == 429
    assert refused >= 5


async def test_an_account_tried_from_many_addresses_waits_too(site: Site) -> None:
    refused = 0
    for number in range(60):
        [answer] = await tries(site, 1, f"198.51.100.{number}")
        refused += answer.status_code == 429
    assert refused >= 5
