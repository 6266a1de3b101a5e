"""How often one caller may ask: over HTTP, with limits of the test's own and its own clock."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import httpx2
import pytest
from prometheus_client import CollectorRegistry

from sutazai.adapters.limits.inprocess import InProcessLimits
from sutazai.core.limits.port import Rate
from sutazai.core.limits.requests import RequestLimit
from tests.integration.api.answers import assert_problem, upload
from tests.integration.api.kept import nothing_kept
from tests.integration.api.running import BURST, RATE_PER_S, Running, Tenant, api_server

# Three at once, then one each two and a half seconds.
FEW = Rate(burst=3, interval_s=2.5)
LIST = "/api/v1/collections"


@dataclass
class Limited:
    """A platform whose callers may ask seldom, and the clock by which it counts."""

    url: str = ""
    now: float = 1000.0

    @contextmanager
    def shown(self, credential: str) -> Iterator[httpx2.Client]:
        """Open a client that shows an API key or an access token."""
        headers = {"Authorization": f"Bearer {credential}"}
        with httpx2.Client(
            base_url=self.url, headers=headers, timeout=20, trust_env=False
        ) as client:
            yield client


@contextmanager
def serving(platform: Running, rate: Rate | None) -> Iterator[Limited]:
    """Serve the same platform a second time, with other limits."""
    limited = Limited()
    limits = InProcessLimits(lambda: limited.now)
    few = replace(
        platform.platform, requests=RequestLimit(limits, rate), metrics=CollectorRegistry()
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        limited.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = api_server(few)
        serve = server.serve(sockets=[listener])
        served = asyncio.run_coroutine_threadsafe(serve, platform.loop)
        try:
            yield limited
        finally:
            server.should_exit = True
            served.result(20)


@pytest.fixture
def limited(platform: Running) -> Iterator[Limited]:
    with serving(platform, FEW) as it:
        yield it


@pytest.fixture
def tenant(platform: Running) -> Tenant:
    return platform.new_tenant()


def spend(client: httpx2.Client) -> None:
    """Ask as often as one may at once."""
    assert [client.get(LIST).status_code for _ in range(FEW.burst)] == [200] * FEW.burst


@pytest.mark.requirement("G2", part="rate limits at core")
def test_past_the_burst_one_waits_and_is_told_how_long(limited: Limited, tenant: Tenant) -> None:
    with limited.shown(tenant.api_key) as client:
        spend(client)
        refused = client.get(LIST)
        problem = assert_problem(refused, 429, "rate_limited")
        # Two and a half seconds in whole ones, and never too early.
        assert refused.headers["retry-after"] == "3"
        for said in ("0.4 a second", "3 at once", "SUTAZAI_API_RATE_PER_S", "SUTAZAI_API_BURST"):
            assert said in problem["detail"]
        limited.now += 2.4
        assert client.get(LIST).headers["retry-after"] == "1"
        limited.now += 0.1
        assert client.get(LIST).status_code == 200
        assert client.get(LIST).status_code == 429


def test_callers_are_counted_apart(
    platform: Running, limited: Limited, tenant: Tenant, neighbour: Tenant
) -> None:
    with limited.shown(tenant.api_key) as one, limited.shown(neighbour.api_key) as other:
        spend(one)
        assert one.get(LIST).status_code == 429
        spend(other)


def test_logins_of_a_user_count_as_one_and_apart_from_the_key(
    platform: Running, limited: Limited
) -> None:
    credentials = json.loads((platform.home / "credentials.json").read_text())
    tokens = []
    for _ in range(2):
        begin = platform.platform.login.begin(
            credentials["email"], credentials["password"], "192.0.2.7"
        )
        secret, _session = platform.call(begin)
        # Exchanging is open to whoever has the secret, and is not counted.
        answer = httpx2.post(f"{limited.url}/api/v1/session/token", json={"session": secret})
        tokens.append(answer.json()["access_token"])
    with limited.shown(tokens[0]) as one, limited.shown(tokens[1]) as other:
        spend(one)
        assert other.get(LIST).status_code == 429
    with limited.shown(platform.tenant.api_key) as by_key:
        spend(by_key)


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", "/docs", "/login"])
def test_health_metrics_and_pages_are_not_counted(
    limited: Limited, tenant: Tenant, path: str
) -> None:
    with limited.shown(tenant.api_key) as client:
        assert {client.get(path).status_code for _ in range(2 * FEW.burst)} == {200}
        spend(client)
        assert client.get(LIST).status_code == 429
        assert client.get(path).status_code == 200


def test_a_stream_counts_once(limited: Limited, tenant: Tenant) -> None:
    with limited.shown(tenant.api_key) as client:
        run = client.post("/api/v1/runs", json={"goal": "Who counts?"}).json()["id"]
        with client.stream("GET", f"/api/v1/runs/{run}/events") as events:
            seen = [line for line in events.iter_lines() if line.startswith("id:")]
        assert len(seen) > FEW.burst
        assert client.get(LIST).status_code == 200
        assert client.get(LIST).status_code == 429
        with client.stream("GET", f"/api/v1/runs/{run}/events") as refused:
            refused.read()
        assert_problem(refused, 429, "rate_limited")


def test_a_refused_upload_leaves_nothing(
    platform: Running, limited: Limited, tenant: Tenant
) -> None:
    with limited.shown(tenant.api_key) as client:
        spend(client)
        with nothing_kept(platform, tenant):
            assert_problem(upload(client, "new.txt", "words " * 10_000), 429, "rate_limited")
        limited.now += FEW.window_s
        assert upload(client, "new.txt", "words").status_code == 202


def test_who_is_not_known_is_told_so_and_counts_against_nobody(
    limited: Limited, tenant: Tenant
) -> None:
    with limited.shown(tenant.api_key[:-1] + "!") as stranger:
        assert {stranger.get(LIST).status_code for _ in range(2 * FEW.burst)} == {401}
    with limited.shown(tenant.api_key) as client:
        spend(client)


def test_what_is_refused_by_its_input_counts_too(limited: Limited, tenant: Tenant) -> None:
    with limited.shown(tenant.api_key) as client:
        for _ in range(FEW.burst):
            assert client.post("/api/v1/runs", json={"no": "goal"}).status_code == 422
        assert client.post("/api/v1/runs", json={"no": "goal"}).status_code == 429


def test_switched_off_nothing_is_refused(platform: Running, tenant: Tenant) -> None:
    with serving(platform, None) as unlimited, unlimited.shown(tenant.api_key) as client:
        assert {client.get(LIST).status_code for _ in range(50)} == {200}


def test_the_settings_of_an_installation_are_its_limits(platform: Running) -> None:
    assert platform.platform.requests.rate == Rate(BURST, 1 / RATE_PER_S)
