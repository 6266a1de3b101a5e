"""Who asks, and the first start, over a real PostgreSQL."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from argon2 import PasswordHasher

from sutazai.core.identity.credentials import write_credentials
from sutazai.core.identity.model import Caller, FirstCredentials
from sutazai.core.identity.service import Identity
from sutazai.records.database import open_database
from sutazai.records.identity import SqlIdentity
from sutazai_contracts.errors import DatabaseUnavailable, Unauthenticated, Unavailable
from tests.support.database import TestDatabase


@pytest.fixture
def identity(database: TestDatabase) -> Identity:
    return Identity(SqlIdentity(database.open, database.urls.owner))


async def started(identity: Identity, keep: Callable[[FirstCredentials], None]) -> FirstCredentials:
    first = await identity.first_start(keep)
    assert first is not None
    return first


async def test_the_first_start_makes_a_tenant_whose_key_opens_it(
    identity: Identity,
    database: TestDatabase,
) -> None:
    kept: list[FirstCredentials] = []
    first = await started(identity, kept.append)
    assert kept == [first]
    assert first.email == "admin@sutazai.local"
    assert len(first.password) >= 20
    caller = await identity.authenticate(first.api_key)
    assert caller.tenant == first.tenant
    assert await identity.tenants() == [first.tenant]
    assert database.query("SELECT name FROM tenants") == [("default",)]
    [(user, tenant, role)] = database.query("SELECT user_id, tenant_id, role FROM memberships")
    assert database.query("SELECT id, tenant_id FROM users") == [(user, tenant)]
    assert (user, tenant, role) == (caller.user, first.tenant, "admin")


async def test_secrets_are_kept_as_digests_only(
    identity: Identity,
    database: TestDatabase,
) -> None:
    first = await started(identity, lambda first: None)
    [(hashed,)] = database.query("SELECT password_hash FROM users")
    assert str(hashed).startswith("$argon2id$")
    assert PasswordHasher().verify(str(hashed), first.password)
    [(digest, prefix)] = database.query("SELECT digest, prefix FROM api_keys")
    assert digest == hashlib.sha256(first.api_key.encode()).digest()
    assert first.api_key.startswith(str(prefix))
    assert len(str(prefix)) == 7


async def test_a_second_start_makes_nothing(identity: Identity) -> None:
    await started(identity, lambda first: None)
    kept: list[FirstCredentials] = []
    assert await identity.first_start(kept.append) is None
    assert kept == []


async def test_of_two_first_starts_one_makes_the_tenant(identity: Identity) -> None:
    kept: list[FirstCredentials] = []
    made = await asyncio.gather(*(identity.first_start(kept.append) for _ in range(3)))
    [first] = [one for one in made if one is not None]
    assert kept == [first]
    assert await identity.tenants() == [first.tenant]


async def test_no_tenant_is_made_whose_key_nobody_has(identity: Identity, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "credentials.json"
    with pytest.raises(Unavailable, match=r"credentials\.json"):
        await identity.first_start(lambda first: write_credentials(path, first, "url"))
    assert await identity.tenants() == []


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from sutazai.core.identity.credentials import write_credentials
from sutazai.core.identity.service import Identity
from sutazai.records.database import open_database
from sutazai.records.identity import SqlIdentity
from sutazai.records.roles import DatabaseUrls

def keep(first):
    write_credentials(Path(sys.argv[4]), first, "killed")
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    urls = DatabaseUrls(*sys.argv[1:4])
    async with open_database(urls) as database:
        await Identity(SqlIdentity(database, urls.owner)).first_start(keep)

asyncio.run(main())
"""


async def test_a_start_killed_before_its_commit_is_begun_again(
    identity: Identity,
    database: TestDatabase,
    tmp_path: Path,
) -> None:
    path = tmp_path / "credentials.json"
    urls = database.urls
    arguments = [sys.executable, "-c", KILLED, urls.owner, urls.app, urls.worker, str(path)]
    killed = await asyncio.to_thread(subprocess.run, arguments, timeout=30)
    assert killed.returncode == -signal.SIGKILL
    void = json.loads(path.read_text())
    assert void["api_url"] == "killed"
    with pytest.raises(Unauthenticated):
        await identity.authenticate(void["api_key"])

    first = await started(identity, lambda first: write_credentials(path, first, "again"))
    written = json.loads(path.read_text())
    assert (written["api_key"], written["api_url"]) == (first.api_key, "again")
    assert (await identity.authenticate(written["api_key"])).tenant == first.tenant
    assert os.stat(path).st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "key",
    ["", "sk_", "sk_" + "a" * 42, "sk_" + "a" * 44, "pk_" + "a" * 43, "sk_" + "a" * 42 + "ä"],
)
async def test_what_is_no_key_is_refused_without_asking(key: str, identity: Identity) -> None:
    await identity.records.database.app.close()  # type: ignore[attr-defined]
    with pytest.raises(Unauthenticated):
        await identity.authenticate(key)


async def test_unknown_and_revoked_keys_are_refused(
    identity: Identity,
    database: TestDatabase,
) -> None:
    first = await started(identity, lambda first: None)
    with pytest.raises(Unauthenticated):
        await identity.authenticate("sk_" + "a" * 43)
    database.query("UPDATE api_keys SET revoked_at = now() RETURNING id")
    with pytest.raises(Unauthenticated):
        await identity.authenticate(first.api_key)


async def test_keys_are_looked_up_by_one_statement_without_a_tenant(
    identity: Identity,
    database: TestDatabase,
) -> None:
    first = await started(identity, lambda first: None)
    assert await database.open.app.fetchval("SELECT count(*) FROM api_keys") == 0
    await identity.authenticate(first.api_key)  # the first use on a day is written down
    statements: list[str] = []
    async with open_database(database.urls, pool_size=1) as single:
        async with single.app.acquire() as connection:
            connection.add_query_logger(lambda record: statements.append(record.query))
        statements.clear()  # of the connection's return to the pool
        await Identity(SqlIdentity(single, "")).authenticate(first.api_key)
    asked = [statement for statement in statements if "pg_advisory_unlock_all" not in statement]
    assert len(asked) == 1
    assert "find_api_key" in asked[0]


async def test_keys_that_are_shown_at_once_are_looked_up_together_each_for_itself(
    identity: Identity,
    database: TestDatabase,
) -> None:
    first = await started(identity, lambda first: None)
    strange = ["sk_" + letter * 43 for letter in "ab"]
    shown = [first.api_key, strange[0], first.api_key, strange[1], first.api_key]
    answers = await asyncio.gather(
        *(identity.authenticate(key) for key in shown), return_exceptions=True
    )
    known = [isinstance(answer, Caller) and answer.tenant == first.tenant for answer in answers]
    assert known == [key == first.api_key for key in shown]
    refused = [answer for answer in answers if isinstance(answer, Unauthenticated)]
    assert len(refused) == len(strange)
    # One that is shown after a revocation is not found, whatever is under way beside it.
    before = [asyncio.create_task(identity.authenticate(first.api_key)) for _ in range(8)]
    await asyncio.sleep(0)
    database.query("UPDATE api_keys SET revoked_at = now() RETURNING id")
    with pytest.raises(Unauthenticated):
        await identity.authenticate(first.api_key)
    await asyncio.gather(*before, return_exceptions=True)


async def test_a_database_that_is_away_is_said(
    identity: Identity,
    database: TestDatabase,
) -> None:
    nowhere = Identity(SqlIdentity(database.open, "postgresql://nobody@127.0.0.1:1/none"))
    with pytest.raises(DatabaseUnavailable):
        await nowhere.first_start(keep=lambda credentials: None)
    await database.open.worker.close()
    with pytest.raises(DatabaseUnavailable):
        await identity.tenants()
    await database.open.app.close()
    with pytest.raises(DatabaseUnavailable) as away:
        await identity.authenticate("sk_" + "a" * 43)
    assert isinstance(away.value.__cause__, asyncpg.InterfaceError)
