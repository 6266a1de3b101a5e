"""A migrated database of its own for a test, opened as the product opens it.

The fixture `database` is fresh for each test: a copy of a template that is migrated once per
session. `tests/conftest.py` makes it known everywhere.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
import psycopg
import pytest

from sutazai.bootstrap.processes.server import EmbeddedPostgres
from sutazai.records.database import Database, open_database
from sutazai.records.migrate import migrate
from sutazai.records.roles import LOGIN_ROLES, DatabaseUrls, prepare_database
from sutazai_contracts.identifiers import new_id
from tests.support.postgres import fresh_database

PASSWORDS = {role: f"{role}-password" for role in LOGIN_ROLES}


@dataclass(frozen=True)
class Migrated:
    """A server with a migrated template database on it."""

    server: EmbeddedPostgres
    template: str


@pytest.fixture(scope="session")
def migrated(postgres: EmbeddedPostgres) -> Iterator[Migrated]:
    """Migrate a template once per session."""
    with fresh_database(postgres, name="migrated_template") as name:
        urls = prepare_database(postgres.dsn(database=name), PASSWORDS)
        migrate(urls.owner)
        yield Migrated(postgres, name)


@dataclass(frozen=True)
class TestDatabase:
    """A fresh database: its URLs by role, opened pools, and a way to make tenants."""

    __test__ = False

    urls: DatabaseUrls
    admin: str
    open: Database
    tenants: list[UUID] = field(default_factory=list)

    async def new_tenant(self, name: str | None = None) -> UUID:
        """Make a tenant as the owner does."""
        tenant = new_id()
        connection = await asyncpg.connect(self.urls.owner)
        try:
            await connection.execute(
                "INSERT INTO sutazai.tenants (id, name) VALUES ($1, $2)",
                tenant,
                name or f"tenant-{tenant}",
            )
        finally:
            await connection.close()
        self.tenants.append(tenant)
        return tenant

    def query(self, statement: str, *parameters: object) -> list[tuple[object, ...]]:
        """Ask as the superuser, who sees all rows; for checks."""
        with psycopg.connect(self.admin) as connection:
            connection.execute("SET search_path = sutazai")
            return connection.execute(statement, parameters).fetchall()


@pytest.fixture
async def database(migrated: Migrated) -> AsyncIterator[TestDatabase]:
    """Give a fresh migrated database with open pools."""
    with fresh_database(migrated.server, template=migrated.template) as name:
        admin = migrated.server.dsn(database=name)
        urls = prepare_database(admin, PASSWORDS)
        async with open_database(urls, pool_size=4) as opened:
            yield TestDatabase(urls=urls, admin=admin, open=opened)
