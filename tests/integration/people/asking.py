"""Those who ask the API in these tests: by a key, or by the tokens of a login."""

from dataclasses import dataclass
from typing import Any

import httpx2

from tests.integration.login.conftest import Site


@dataclass
class Asker:
    """Somebody with a credential."""

    client: httpx2.AsyncClient
    credential: str
    refresh_token: str = ""

    async def ask(self, method: str, path: str, **body: Any) -> httpx2.Response:
        """Ask something; names are fields of the body."""
        headers = {"Authorization": f"Bearer {self.credential}"}
        sent = body or None
        return await self.client.request(method, f"/api/v1{path}", headers=headers, json=sent)

    async def told(self, method: str, path: str, **body: Any) -> Any:
        """Ask something that is done, and give the answer."""
        answer = await self.ask(method, path, **body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def status(self, method: str, path: str, **body: Any) -> int:
        """Ask something, and give how it was answered."""
        return (await self.ask(method, path, **body)).status_code

    async def opens(self) -> bool:
        """Tell whether the credential is good."""
        return await self.status("GET", "/session") == 200


def mail(site: Site, name: str = "ada") -> str:
    """Give an address that is nobody's yet: other tests share the database."""
    return f"{name}-{site.first.tenant}@example.org"


def by_key(site: Site, key: str | None = None) -> Asker:
    """Give who shows a key: the first start's, or another."""
    return Asker(site.browser(), key or site.first.api_key)


async def log_in(
    site: Site, email: str | None = None, password: str | None = None, **more: Any
) -> Asker:
    """Log in as a program."""
    client = site.browser(more.pop("address", "192.0.2.1"))
    body = {
        "email": email or site.first.email,
        "password": site.first.password if password is None else password,
    }
    answer = await client.post("/api/v1/auth/token", json=body | more)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    return Asker(client, said["access_token"], said["refresh_token"])


async def new_user(site: Site, email: str, role: str = "member", by: Asker | None = None) -> Asker:
    """Make a user with a password of their own, and log in as them."""
    password = f"a password for {role}s"
    made = await (by or by_key(site)).told(
        "POST", "/users", email=email, role=role, password=password
    )
    assert made["password"] is None
    return await log_in(site, email, password)


async def id_of(asker: Asker) -> str:
    """Give the id of the user."""
    return str((await asker.told("GET", "/session"))["id"])


async def events(site: Site, by: Asker | None = None) -> list[str]:
    """List what happened, oldest first."""
    page = await (by or by_key(site)).told("GET", "/audit?limit=200")
    return [entry["event"] for entry in reversed(page["items"])]
