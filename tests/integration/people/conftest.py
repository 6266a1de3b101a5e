"""The API over a database that the tests of a module share, each with a tenant of its own."""

from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from sutazai.core.identity.login import digest_of, new_secret
from sutazai.core.identity.model import FirstCredentials
from sutazai.core.identity.passwords import make_password
from sutazai.records.database import open_database
from sutazai.records.roles import prepare_database
from sutazai_contracts.identifiers import new_id
from tests.integration.login.conftest import CHEAP, Clock, Site, open_site
from tests.support.database import PASSWORDS, Migrated, TestDatabase
from tests.support.postgres import fresh_database

_TENANT = "INSERT INTO sutazai.tenants (id, name) VALUES (%s, %s)"
_USER = "INSERT INTO sutazai.users (id, tenant_id, email, password_hash) VALUES (%s, %s, %s, %s)"
_MEMBER = "INSERT INTO sutazai.memberships (user_id, tenant_id, role) VALUES (%s, %s, 'admin')"
_KEY = """
INSERT INTO sutazai.api_keys (id, tenant_id, user_id, name, prefix, digest, scopes)
VALUES (%s, %s, %s, 'first start', 'sk_test', %s, '{read,write,admin}')
"""


@pytest.fixture(scope="module")
def shared(migrated: Migrated) -> Iterator[str]:
    """Make a database for a module's tests; gives the superuser's URL."""
    with fresh_database(migrated.server, template=migrated.template) as name:
        admin = migrated.server.dsn(database=name)
        prepare_database(admin, PASSWORDS)
        yield admin


@pytest.fixture
async def database(migrated: Migrated, shared: str) -> AsyncIterator[TestDatabase]:
    """Open the module's database for a test."""
    urls = prepare_database(shared, PASSWORDS)
    async with open_database(urls, pool_size=4) as opened:
        yield TestDatabase(urls=urls, admin=shared, open=opened)


def new_tenant(admin: str) -> FirstCredentials:
    """Make a tenant as the first start does, with hashes that cost little."""
    tenant, user, key, password = new_id(), new_id(), f"sk_{new_secret()}", make_password()
    first = FirstCredentials(tenant, f"admin-{tenant}@example.org", password, key)
    with psycopg.connect(admin) as connection:
        connection.execute(_TENANT, [tenant, f"tenant {tenant}"])
        connection.execute(_USER, [user, tenant, first.email, CHEAP.hash(password)])
        connection.execute(_MEMBER, [user, tenant])
        connection.execute(_KEY, [new_id(), tenant, user, digest_of(key)])
    return first


@pytest.fixture
async def site(database: TestDatabase) -> AsyncIterator[Site]:
    """Give the API to a tenant of the test's own."""
    async with open_site(database, new_tenant(database.admin), Clock()) as made:
        yield made
