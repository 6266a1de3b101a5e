"""The API with its login over a real PostgreSQL, asked in this process; no agents, no embedder."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import httpx2
import psycopg
import pytest
from argon2 import PasswordHasher
from prometheus_client import CollectorRegistry

from sutazai.adapters.limits.inprocess import InProcessLimits
from sutazai.bootstrap.people import wire_people
from sutazai.core.identity.audit import Audit
from sutazai.core.identity.login import Login
from sutazai.core.identity.model import FirstCredentials
from sutazai.core.identity.passwords import Passwords
from sutazai.core.identity.people import People
from sutazai.core.identity.service import Identity
from sutazai.core.identity.tokens import Tokens
from sutazai.core.limits.requests import RequestLimit
from sutazai.core.platform import Platform
from sutazai.entrypoints.api.app import create_app
from sutazai.records.audit import SqlAudit
from sutazai.records.identity import SqlIdentity
from sutazai.records.sessions import SqlSessions
from tests.support.database import TestDatabase

URL = "http://127.0.0.1:10010"
# What a real one costs is wanted against guesses, not by tests that make hundreds.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@dataclass
class Clock:
    """The application's clock, set forward by tests."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        """Give the time."""
        return datetime.now(UTC) + self.ahead

    def seconds(self) -> float:
        """Give the time as limits count it."""
        return self.now().timestamp()


@dataclass
class Site:
    """The API as browsers and programs reach it."""

    app: Any
    login: Login
    people: People
    first: FirstCredentials
    clock: Clock
    opened: list[httpx2.AsyncClient] = field(default_factory=list)

    def browser(self, address: str = "192.0.2.1", url: str = URL) -> httpx2.AsyncClient:
        """Give a client that keeps cookies and says what browsers say of a form's origin."""
        transport = httpx2.ASGITransport(self.app, client=(address, 5000))
        client = httpx2.AsyncClient(
            transport=transport, base_url=url, headers={"Sec-Fetch-Site": "same-origin"}
        )
        self.opened.append(client)
        return client

    async def log_in(
        self, browser: httpx2.AsyncClient, password: str | None = None, **fields: str
    ) -> httpx2.Response:
        """Ask for the form, fill it in and send it."""
        query = {"next": fields.pop("next")} if "next" in fields else {}
        page = await browser.get("/login", params=query)
        assert page.status_code == 200
        form = dict(HIDDEN.findall(page.text))
        form |= {"email": self.first.email, "password": self.first.password}
        if password is not None:
            form["password"] = password
        return await browser.post("/login", data=form | fields)

    async def token(self, browser: httpx2.AsyncClient) -> str:
        """Exchange the browser's cookie for an access token, as the dashboard does."""
        body = {"session": browser.cookies["sutazai_session"]}
        answer = await browser.post("/api/v1/session/token", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def opens(self, browser: httpx2.AsyncClient, credential: str) -> bool:
        """Tell whether a credential opens what needs one."""
        headers = {"Authorization": f"Bearer {credential}"}
        answer = await browser.get("/metrics", headers=headers)
        assert answer.status_code in (200, 401)
        return answer.status_code == 200


async def furnish(tenant: UUID) -> None:
    """Give a tenant nothing: here is no embedder."""


@pytest.fixture
async def site(database: TestDatabase) -> AsyncIterator[Site]:
    """Give the API of an installation after its first start."""
    kept: list[FirstCredentials] = []
    await Identity(SqlIdentity(database.open, database.urls.owner)).first_start(kept.append)
    with psycopg.connect(database.admin) as connection:
        hashed = CHEAP.hash(kept[0].password)
        connection.execute("UPDATE sutazai.users SET password_hash = %s", [hashed])
    async with open_site(database, kept[0], Clock()) as made:
        yield made


@asynccontextmanager
async def open_site(
    database: TestDatabase, first: FirstCredentials, clock: Clock
) -> AsyncIterator[Site]:
    """Open the API over a database in which somebody is known."""
    records = SqlIdentity(database.open, "")
    login = Login(
        records=records,
        audit=Audit(SqlAudit(database.open), now=clock.now),
        sessions=SqlSessions(database.open),
        limits=InProcessLimits(clock.seconds),
        tokens=Tokens(b"a secret of an installation"),
        now=clock.now,
        passwords=Passwords(CHEAP),
    )
    people = wire_people(login, database.open, furnish)
    people.guesses.clock = clock.seconds
    platform = SimpleNamespace(
        metrics=CollectorRegistry(),
        identity=Identity(records, clock.now),
        login=login,
        people=people,
        requests=RequestLimit(login.limits, None),
    )
    app = create_app(cast(Platform, platform), upload_limit=100_000)
    made = Site(app, login, people, first, clock)
    yield made
    for client in made.opened:
        await client.aclose()
