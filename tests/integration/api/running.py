"""The whole platform in this process, served on a port of its own by a thread of its own.

Only the PostgreSQL is the test session's; everything else is opened as `sutazai run` opens it.
"""

import asyncio
import hashlib
import json
import secrets
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx2
import psycopg
import pytest
import uvicorn
import uvloop

from sutazai.bootstrap.embedded import open_embedded
from sutazai.core.platform import Platform
from sutazai.entrypoints.api.app import create_app
from sutazai.settings import (
    ApiSettings,
    DatabaseSettings,
    ModelSettings,
    RuntimeSettings,
    Settings,
)
from sutazai_contracts.identifiers import new_id
from tests.integration.api.counting import Statement, note_statements

UPLOAD_LIMIT = 1024 * 1024
PING_S = 0.2
RATE_PER_S, BURST = 5000, 20_000
START_S = 40.0
R = TypeVar("R")


@dataclass(frozen=True)
class Tenant:
    """A tenant and a key of it."""

    id: UUID
    api_key: str

    @property
    def headers(self) -> dict[str, str]:
        """Give the header that shows the key."""
        return {"Authorization": f"Bearer {self.api_key}"}


@dataclass
class Running:
    """A platform that runs, as tests see it: over HTTP, and below it where HTTP shows nothing."""

    home: Path
    admin: str
    url: str = ""
    statements: list[Statement] = field(default_factory=list)
    platform: Platform = field(init=False)
    tenant: Tenant = field(init=False)
    loop: asyncio.AbstractEventLoop = field(init=False)

    @property
    def first_login(self) -> dict[str, str]:
        """Give what the first user types into the login form."""
        kept = json.loads((self.home / "credentials.json").read_text())
        return {"email": kept["email"], "password": kept["password"]}

    @property
    def port(self) -> int:
        """Give the port the API listens on."""
        return int(self.url.rpartition(":")[2])

    def client(self, tenant: Tenant | None = None) -> httpx2.Client:
        """Open a client: of the first tenant, or of another.

        `verify`: nothing here speaks TLS, and reading what it trusts takes longer than a request.
        """
        shown = (tenant or self.tenant).headers
        return httpx2.Client(
            base_url=self.url, headers=shown, timeout=20, verify=False, trust_env=False
        )

    def call(self, work: Coroutine[Any, Any, R]) -> R:
        """Run a coroutine in the platform's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def query(
        self, statement: str, parameters: dict[str, object] | None = None
    ) -> list[tuple[Any, ...]]:
        """Ask the database as its superuser, who sees all rows."""
        with psycopg.connect(self.admin) as connection:
            connection.execute("SET search_path = sutazai")
            return connection.execute(statement.encode(), parameters).fetchall()

    def execute(self, statement: str, parameters: dict[str, object]) -> None:
        """Change the database as its superuser."""
        with psycopg.connect(self.admin) as connection:
            connection.execute("SET search_path = sutazai")
            connection.execute(statement.encode(), parameters)

    def new_tenant(self) -> Tenant:
        """Make another tenant with a collection `default`, as a start makes the first."""
        tenant = new_id()
        with psycopg.connect(self.admin) as connection:
            connection.execute("SET search_path = sutazai")
            connection.execute(
                "INSERT INTO tenants (id, name) VALUES (%s, %s)", [tenant, f"tenant {tenant}"]
            )
        found = self.new_user(tenant)
        self.call(self.platform.knowledge.ensure_collection(tenant, "default"))
        return found

    def new_user(self, tenant: UUID) -> Tenant:
        """Make another user of a tenant, with a key."""
        user, key = new_id(), f"sk_{secrets.token_urlsafe(32)}"
        with psycopg.connect(self.admin) as connection:
            connection.execute("SET search_path = sutazai")
            connection.execute(
                "INSERT INTO users (id, tenant_id, email, password_hash) VALUES (%s, %s, %s, '-')",
                [user, tenant, f"{user}@example.org"],
            )
            connection.execute(
                "INSERT INTO memberships (user_id, tenant_id, role) VALUES (%s, %s, 'admin')",
                [user, tenant],
            )
            connection.execute(
                "INSERT INTO api_keys (id, tenant_id, user_id, name, prefix, digest, scopes)"
                " VALUES (%s, %s, %s, 'test', 'sk_test', %s, '{read,write,admin}')",
                [new_id(), tenant, user, hashlib.sha256(key.encode()).digest()],
            )
        return Tenant(tenant, key)

    async def serve(self, started: threading.Event, stop: asyncio.Event) -> None:
        """Open the platform and serve it until told to stop."""
        settings = Settings(
            home=self.home,
            # One client of many tests asks for more than a person does.
            api=ApiSettings(port=0, upload_limit_mb=1, rate_per_s=RATE_PER_S, burst=BURST),
            database=DatabaseSettings.model_validate({"url": self.admin}),
            models=ModelSettings(dir=Path(self.home / "models")),
            runtime=RuntimeSettings(runtime="ollama", ollama_url="http://127.0.0.1:9"),
        )
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            async with open_embedded(settings, api_url=self.url) as self.platform:
                credentials = json.loads((self.home / "credentials.json").read_text())
                (first,) = self.query("SELECT id FROM tenants")
                self.tenant = Tenant(first[0], credentials["api_key"])
                server = api_server(self.platform)
                serving = asyncio.create_task(server.serve(sockets=[listener]))
                started.set()
                await stop.wait()
                self.platform.runs.feed.close()
                server.should_exit = True
                await serving


def api_server(platform: Platform) -> uvicorn.Server:
    """Give the server that `sutazai run` has, with a short pause between two pings."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(platform, upload_limit=UPLOAD_LIMIT, ping_s=PING_S),
            loop="none",
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=3,
        )
    )


@contextmanager
def running(home: Path, admin: str, models: Path) -> Iterator[Running]:
    """Run a platform over a database until the block ends."""
    (home / "models").symlink_to(models)
    it = Running(home, admin)
    started, failed = threading.Event(), []
    stop = asyncio.Event()

    async def main() -> None:
        it.loop = asyncio.get_running_loop()
        await it.serve(started, stop)

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(main())
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            started.set()

    with pytest.MonkeyPatch.context() as patch:
        note_statements(patch, it.statements)
        thread = threading.Thread(target=work, name="platform")
        thread.start()
        assert started.wait(START_S), "the platform did not start"
    if failed:
        raise RuntimeError("the platform did not start") from failed[0]
    try:
        yield it
    finally:
        it.loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        assert not thread.is_alive(), "the platform does not stop"
