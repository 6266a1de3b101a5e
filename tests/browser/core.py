"""What the tests of the dashboard put into core and read from it, beside the browser."""

from uuid import uuid4

import httpx2

from tests.journey.dashboard import Entrance
from tests.support.platform import LivePlatform

LEASES = "# Leases\n\nA lease holds for ten seconds.\n"
YARD_AND_ENGINE = {
    "yard.md": "# Yards\n\nHalden Works has a yard in Trondheim. A yard is a place for ships.\n",
    "engine.md": "# Engines\n\nThe Zephyr 9 was made by Halden Works in 1987.\n",
}
PASSWORD = "a password that was chosen"


def add(live: LivePlatform, name: str, text: str) -> None:
    """Add a document and wait until it can be asked about."""
    with live.client() as client:
        _add(client, name, text)


def add_as(live: LivePlatform, way: Entrance, name: str, text: str) -> None:
    """Add a document as somebody and wait until it can be asked about."""
    with httpx2.Client(base_url=live.url, timeout=30) as client:
        client.headers |= _bearer(_access(client, way.email, way.password))
        _add(client, name, text)


def newest(live: LivePlatform) -> dict[str, object]:
    """Give the run that was begun last."""
    with live.client() as client:
        found: dict[str, object] = client.get("/api/v1/runs").json()["items"][0]
        return found


def running(live: LivePlatform) -> list[str]:
    """List the ids of the runs that are at work."""
    with live.client() as client:
        items = client.get("/api/v1/runs", params={"status": "running"}).json()["items"]
        return [one["id"] for one in items]


def asked(live: LivePlatform, goal: str) -> tuple[str, str]:
    """Ask in a new conversation; gives the ids of the conversation and of the run."""
    with live.client() as client:
        talk = client.post("/api/v1/conversations", json={}).json()["id"]
        path = f"/api/v1/conversations/{talk}/messages"
        return talk, client.post(path, json={"goal": goal}).json()["run"]["id"]


def wait_for(live: LivePlatform, run: str) -> None:
    """Wait until a run has ended."""
    with live.client() as client, client.stream("GET", f"/api/v1/runs/{run}/events") as events:
        events.read()


def cancel(live: LivePlatform, run: str) -> None:
    """Cancel a run."""
    with live.client() as client:
        assert client.post(f"/api/v1/runs/{run}/cancel").is_success


def take_in(live: LivePlatform, who: str, password: str | None = None) -> Entrance:
    """Take somebody into a new tenant; without a password they get one to use once."""
    kept = live.credentials
    # A test that is tried again finds nobody of that name.
    who = f"{who}-{uuid4().hex[:8]}"
    email = f"{who}@example.org"
    with httpx2.Client(base_url=live.url, timeout=30) as client:
        client.headers |= _bearer(_access(client, kept["email"], kept["password"]))
        made = client.post("/api/v1/tenants", json={"name": who})
        assert made.status_code == 201, made.text
        body = {"tenant": made.json()["id"]}
        moved = client.post("/api/v1/session/tenant", json=body).json()
        client.headers |= _bearer(moved["access_token"])
        user = {"email": email, "role": "member"} | ({"password": password} if password else {})
        added = client.post("/api/v1/users", json=user)
        assert added.status_code == 201, added.text
    return Entrance(kept["dashboard_url"], email, password or added.json()["password"])


def _add(client: httpx2.Client, name: str, text: str) -> None:
    path = "/api/v1/collections/default/documents"
    answer = client.post(path, files={"file": (name, text.encode())})
    assert answer.is_success, answer.text
    run = answer.json()["run"]
    if run is not None:
        with client.stream("GET", f"/api/v1/runs/{run['id']}/events") as events:
            events.read()


def _access(client: httpx2.Client, email: str, password: str) -> str:
    login = {"email": email, "password": password}
    token: str = client.post("/api/v1/auth/token", json=login).json()["access_token"]
    return token


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
