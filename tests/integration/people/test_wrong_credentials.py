"""Whoever shows wrong keys, tokens or sessions is slowed by address; others are not."""

from datetime import timedelta

import httpx2
import pytest

from sutazai.core.identity.login import new_secret
from sutazai.core.limits.port import Rate
from tests.integration.login.conftest import Site
from tests.integration.people.asking import by_key, log_in
from tests.support.database import TestDatabase

pytestmark = pytest.mark.requirement("G2", part="rate limits at core")

FEW = Rate(5, 1.0)


async def shown(client: httpx2.AsyncClient, credential: str) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {credential}"}
    return await client.get("/api/v1/session", headers=headers)


async def wrong(client: httpx2.AsyncClient, kind: str) -> httpx2.Response:
    """Show something of a kind that is not good."""
    made = new_secret()
    if kind == "key":
        return await shown(client, f"sk_{made}")
    if kind == "token":
        return await shown(client, f"{made}.{made}.{made}")
    if kind == "session":
        return await client.post("/api/v1/session/token", json={"session": made})
    return await client.post("/api/v1/auth/refresh", json={"refresh_token": made})


@pytest.fixture(autouse=True)
def few(site: Site) -> None:
    """Let tests be short."""
    site.people.guesses.rate = FEW


@pytest.mark.parametrize("kind", ["key", "token", "session", "refresh"])
async def test_whoever_shows_many_wrong_ones_waits(site: Site, kind: str) -> None:
    guesser = site.browser("198.51.100.7")
    answers = [await wrong(guesser, kind) for _ in range(9)]
    statuses = [answer.status_code for answer in answers]
    assert statuses == [401] * FEW.burst + [429] * 4
    assert answers[-1].json()["code"] == "rate_limited"
    assert int(answers[-1].headers["retry-after"]) >= 1
    # Others are looked at meanwhile, and the guesser again after a moment.
    assert await by_key(site).opens()
    assert (await wrong(site.browser("192.0.2.9"), kind)).status_code == 401
    site.clock.ahead += timedelta(seconds=3)
    assert (await wrong(guesser, kind)).status_code == 401


async def test_who_shares_the_address_and_was_good_before_is_not_slowed(
    site: Site, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a gateway all come from one address."""
    known, program = by_key(site), await log_in(site)
    assert await known.opens()
    assert await program.opens()
    for _ in range(FEW.burst + 1):
        answer = await wrong(known.client, "key")
    assert answer.status_code == 429
    looked_up: list[bytes] = []
    find = type(site.login.records).find_key

    async def note(self: object, digest: bytes) -> object:
        looked_up.append(digest)
        return await find(self, digest)  # type: ignore[arg-type]

    monkeypatch.setattr(type(site.login.records), "find_key", note)
    assert (await wrong(known.client, "key")).status_code == 429
    assert looked_up == [], "what is turned away costs the database nothing"
    assert await known.opens()
    assert await program.opens()
    assert len(looked_up) == 1
    # One that is no longer good is not let through for ever.
    database.query("UPDATE api_keys SET revoked_at = now() RETURNING id")
    assert (await shown(known.client, known.credential)).status_code in (401, 429)
    assert (await shown(known.client, known.credential)).status_code == 429
