"""Redis in the running stack: limits that outlive a process, and logins that nothing pushes out."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx2
import pytest

from tests.stack.running import Stack, eventually

pytestmark = pytest.mark.stack

BURST = 5
# One more in a hundred seconds: none is earned while a test looks.
LIMITED = {"SUTAZAI_API_RATE_PER_S": "0.01", "SUTAZAI_API_BURST": str(BURST)}
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
# Caches, by core's own rights, more than there is room for; tells how many keys had to go.
FILLS = """
import json, redis
from pathlib import Path
password = Path("/run/secrets/sutazai_redis_password").read_text()
server = redis.Redis("redis", username="core", password=password, decode_responses=True)
def gone():
    return server.info("stats")["evicted_keys"]
value, before = "x" * 262_144, gone()
for number in range(1200):
    server.set(f"sutazai:cache:filled:{number}", value, ex=120)
left = sum(server.get(f"sutazai:cache:filled:{number}") is not None for number in range(1200))
print(json.dumps({"gone": gone() - before, "left": left}))
"""


@pytest.fixture
def limited(stack: Stack) -> Iterator[Stack]:
    """Give the stack with a core that lets each caller ask a few times."""
    few = replace(stack, variables={**stack.variables, **LIMITED})
    few.compose("up", "-d", "--no-deps", "--wait", "core")
    eventually(lambda: reached(few), within_s=60)
    yield few
    stack.compose("up", "-d", "--no-deps", "--wait", "core")
    eventually(lambda: reached(stack), within_s=60)


def reached(stack: Stack) -> bool:
    """Tell whether the gateway leads to core; this is not counted."""
    try:
        return httpx2.get(f"{stack.gateway}/health/live", timeout=10).status_code == 200
    except httpx2.TransportError:
        return False


@contextmanager
def login(stack: Stack) -> Iterator[tuple[httpx2.Client, dict[str, str]]]:
    """Log in as the administrator through the gateway; gives a client and what shows the login."""
    written = json.loads((stack.folder / "credentials" / "credentials.json").read_text("utf-8"))
    same = {"Sec-Fetch-Site": "same-origin"}
    with httpx2.Client(base_url=stack.gateway, headers=same, timeout=30) as client:
        form = dict(HIDDEN.findall(client.get("/login").text))
        form |= {"email": written["email"], "password": written["password"]}
        answer = client.post("/login", data=form)
        assert answer.status_code in (302, 303), answer.text
        body = {"session": client.cookies["sutazai_session"]}
        token = client.post("/api/v1/session/token", json=body).json()["access_token"]
        yield client, {"Authorization": f"Bearer {token}"}


@pytest.mark.requirement("B4", part="rate limits")
def test_a_callers_requests_are_counted_in_redis(limited: Stack) -> None:
    """Another process of core, after the first one, goes on where that one stopped."""
    mine = {"Authorization": f"Bearer {limited.api_key}"}

    def ask() -> httpx2.Response:
        return httpx2.get(f"{limited.gateway}/api/v1/agents", headers=mine, timeout=30)

    # What this caller sent before is earned again at the rate of now: none of it counts here.
    statuses = [ask().status_code for _ in range(BURST + 1)]
    assert statuses[-1] == 429, statuses
    assert set(statuses) <= {200, 429}
    refused = ask()
    assert refused.json()["code"] == "rate_limited"
    assert 0 < int(refused.headers["retry-after"]) <= 100
    limited.compose("restart", "core")
    eventually(lambda: reached(limited), within_s=60)
    assert ask().status_code == 429
    # Somebody else is not held up by it.
    with login(limited) as (client, session):
        assert client.get("/api/v1/agents", headers=session).status_code == 200


def test_caches_push_no_login_out(stack: Stack) -> None:
    """Twice what Redis may hold is cached: who is logged in stays so, who logged out too."""
    with login(stack) as (client, session):
        assert client.get("/api/v1/agents", headers=session).status_code == 200
        told = json.loads(stack.python("core", FILLS))
        assert told["gone"] > 0
        assert told["left"] < 1200, "Redis held all of it: nothing was pushed out"
        assert client.get("/api/v1/agents", headers=session).status_code == 200
        assert client.delete("/api/v1/session", headers=session).status_code == 204
        assert client.get("/api/v1/agents", headers=session).status_code == 401
        json.loads(stack.python("core", FILLS))
        assert client.get("/api/v1/agents", headers=session).status_code == 401
