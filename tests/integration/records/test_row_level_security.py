"""Row-level security: what one tenant does never touches another's rows, in any table.

The tables come from the catalogue, so a new one without a policy, or without a row in `ROWS`,
fails here. Every right is granted to the application's role first: the policies alone hold.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import psycopg
import pytest
from sqlalchemy import text

from sutazai.records.database import Connection, Database, open_database
from sutazai.records.roles import APP, LOOKUP, OWNER, WORKER
from tests.support.database import TestDatabase, database, migrated  # noqa: F401
from tests.support.postgres import postgres  # noqa: F401

GLOBAL = {"schema_version"}  # which migrations ran: holds no tenant's data
# What belongs to one user of a tenant. Here a tenant's user has the tenant's id.
OWNED = {"conversations", "messages"}
# Keys that are not one UUID: an event is a number within its run.
COMPOSITE_KEYS = {
    "events": ("run_id", "seq"),
    "memberships": ("user_id", "tenant_id"),
    "audit_log": ("tenant_id", "seq"),
}
# What is added to and read, and has no policy for anything else.
APPEND_ONLY = {"audit_log"}

TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'sutazai' AND c.relkind IN ('r', 'p') ORDER BY c.relname
"""
KEYS = """
SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
WHERE i.indisprimary AND i.indrelid = ('sutazai.' || %s)::regclass ORDER BY a.attnum
"""
# One row of each table for a tenant; every value that must be unique holds its id.
ROWS = {
    "tenants": "INSERT INTO tenants (id, name) VALUES (%(t)s, 'name of ' || %(t)s::text)",
    "users": """INSERT INTO users (id, tenant_id, email, password_hash)
        VALUES (%(t)s, %(t)s, %(t)s::text || '@example.org', 'hash')""",
    "memberships": """INSERT INTO memberships (user_id, tenant_id, role)
        VALUES (%(t)s, %(t)s, 'admin')""",
    "api_keys": """INSERT INTO api_keys (id, tenant_id, user_id, name, prefix, digest, scopes)
        VALUES (%(t)s, %(t)s, %(t)s, 'a key', 'sk_abcd', sha256(%(t)s::text::bytea), '{read}')""",
    "collections": """INSERT INTO collections (id, tenant_id, name, physical, model)
        VALUES (%(t)s, %(t)s, 'default', %(t)s, '{}')""",
    "documents": """INSERT INTO documents (id, tenant_id, collection_id, name)
        VALUES (%(t)s, %(t)s, %(t)s, 'a.txt')""",
    "document_versions": """INSERT INTO document_versions
        (id, tenant_id, collection_id, document_id, number, sha256, size, run_id)
        VALUES (%(t)s, %(t)s, %(t)s, %(t)s, 1, 'sha', 1, %(t)s)""",
    "chunks": """INSERT INTO chunks
        (id, tenant_id, version_id, number, start_offset, end_offset, heading_path)
        VALUES (%(t)s, %(t)s, %(t)s, 0, 0, 1, '{}')""",
    "entities": """INSERT INTO entities
        (id, tenant_id, collection_id, version_id, entity, kind, key, name, chunks)
        VALUES (%(t)s, %(t)s, %(t)s, %(t)s, %(t)s, 'name', 'oslo', 'Oslo', 1)""",
    "mentions": """INSERT INTO mentions
        (id, tenant_id, collection_id, chunk_id, entity, start_offset, end_offset)
        VALUES (%(t)s, %(t)s, %(t)s, %(t)s, %(t)s, 0, 1)""",
    "relations": """INSERT INTO relations
        (id, tenant_id, collection_id, chunk_id, subject, kind, object, start_offset, end_offset)
        VALUES (%(t)s, %(t)s, %(t)s, %(t)s, %(t)s, 'together', %(t)s, 0, 1)""",
    "leftovers": "INSERT INTO leftovers (id, tenant_id, physical) VALUES (%(t)s, %(t)s, %(t)s)",
    "runs": """INSERT INTO runs (id, tenant_id, workflow, goal, input, plan, status, seq)
        VALUES (%(t)s, %(t)s, 'answer', 'a goal', '{}', '{}', 'pending', 0)""",
    "tasks": """INSERT INTO tasks
        (id, tenant_id, run_id, step, agent, status, available_at, input)
        VALUES (%(t)s, %(t)s, %(t)s, 'only', 'worker', 'ready', now(), '{}')""",
    "events": """INSERT INTO events (run_id, tenant_id, seq, type, data)
        VALUES (%(t)s, %(t)s, 1, 'run.started', '{}')""",
    "conversations": """INSERT INTO conversations (id, tenant_id, user_id, collection)
        VALUES (%(t)s, %(t)s, %(t)s, 'default')""",
    "turns": """INSERT INTO turns (id, tenant_id, conversation_id, user_id, number)
        VALUES (%(t)s, %(t)s, %(t)s, %(t)s, 1)""",
    "messages": """INSERT INTO messages
        (id, tenant_id, conversation_id, user_id, number, role, run_id, text)
        VALUES (%(t)s, %(t)s, %(t)s, %(t)s, 1, 'user', %(t)s, 'a question')""",
    "outbox": """INSERT INTO outbox (id, tenant_id, agent, due_at)
        VALUES (%(t)s, %(t)s, 'worker', now())""",
    "sessions": """INSERT INTO sessions (id, tenant_id, user_id, digest, idle_until, ends_at)
        VALUES (%(t)s, %(t)s, %(t)s, sha256(%(t)s::text::bytea), now(), now())""",
    "refresh_tokens": """INSERT INTO refresh_tokens (id, tenant_id, session_id, digest)
        VALUES (%(t)s, %(t)s, %(t)s, sha256(%(t)s::text::bytea))""",
    "audit_log": """INSERT INTO audit_log
        (tenant_id, seq, at, event, details, previous, hash)
        VALUES (%(t)s, 1, now(), 'logout', '{}', ''::bytea, ''::bytea)""",
    "rebuilds": """INSERT INTO rebuilds (id, tenant_id, collection_id, physical, model,
            manifest, versions)
        VALUES (%(t)s, %(t)s, %(t)s, %(t)s, '{}', 'abc', '{}')""",
    "model_calls": """INSERT INTO model_calls (id, tenant_id, run_id, task_id, agent, provider,
            model, priority, ending, prompt_tokens, completion_tokens, exact, waited_s, total_s,
            ended_at)
        VALUES (%(t)s, %(t)s, %(t)s, %(t)s, 'worker', 'ollama', 'a model', 'batch', 'stop',
            1, 1, true, 0, 1, now())""",
}


@dataclass(frozen=True)
class Tenants:
    """A database in which two tenants have a row in each table, which is read as `a` alone."""

    database: TestDatabase
    tables: list[str]
    a: UUID
    b: UUID


@pytest.fixture
def tenants(database: TestDatabase) -> Tenants:  # noqa: F811
    a, b = uuid4(), uuid4()
    with psycopg.connect(database.admin) as connection:
        connection.execute("SET search_path = sutazai")
        tables = [row[0] for row in connection.execute(TABLES) if row[0] not in GLOBAL]
        assert set(tables) == set(ROWS), "every tenant table has a row here, and no other"
        for statement in ROWS.values():
            for tenant in (a, b):
                connection.execute(statement, {"t": tenant})
        connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA sutazai TO {APP}")
    return Tenants(database, tables, a, b)


@pytest.fixture
async def as_a(tenants: Tenants) -> AsyncIterator[Connection]:
    """Give a transaction of the application's role for tenant A."""
    async with tenants.database.open.app.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "SELECT set_config(name, $1, true)"
            " FROM unnest(ARRAY['sutazai.tenant', 'sutazai.user_id']) name",
            str(tenants.a),
        )
        yield connection
        await transaction.rollback()


def owner_of(table: str) -> str:
    return "id" if table == "tenants" else "tenant_id"


async def rows_of(connection: Connection, table: str) -> list[UUID]:
    found = await connection.fetch(f"SELECT {owner_of(table)} AS tenant FROM {table}")
    return [row["tenant"] for row in found]


ISOLATED = pytest.mark.requirement("B9", part="PostgreSQL row-level security")


@ISOLATED
async def test_a_tenant_reads_its_own_rows_only(tenants: Tenants, as_a: Connection) -> None:
    for table in tenants.tables:
        assert await rows_of(as_a, table) == [tenants.a], table
        own = owner_of(table)
        count = f"SELECT count(*) FROM {table} WHERE {own} = $1"
        assert await as_a.fetchval(count, tenants.b) == 0, table


@ISOLATED
async def test_a_tenant_changes_and_removes_its_own_rows_only(
    tenants: Tenants, as_a: Connection
) -> None:
    # Children first, so that no row goes by a cascade.
    for table in reversed(list(ROWS)):
        own = owner_of(table)
        for statement in (
            f"UPDATE {table} SET {own} = {own} WHERE {own} = $1",
            f"DELETE FROM {table} WHERE {own} = $1",
        ):
            changed = "0" if table in APPEND_ONLY else "1"
            assert (await as_a.execute(statement, tenants.b)).split()[-1] == "0", statement
            assert (await as_a.execute(statement, tenants.a)).split()[-1] == changed, statement


@ISOLATED
async def test_a_tenant_writes_no_row_of_another(tenants: Tenants, as_a: Connection) -> None:
    for table in tenants.tables:
        [(row,)] = tenants.database.query(
            f"SELECT row_to_json(x)::text FROM {table} x WHERE {owner_of(table)} = %s", tenants.b
        )
        foreign: dict[str, Any] = json.loads(str(row))
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            async with as_a.transaction():
                await as_a.execute(
                    f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, $1)",
                    foreign,
                )
        if table in APPEND_ONLY:
            continue
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            async with as_a.transaction():
                await as_a.execute(f"UPDATE {table} SET {owner_of(table)} = $1", tenants.b)


@ISOLATED
async def test_without_a_tenant_nothing_is_seen(tenants: Tenants) -> None:
    async with tenants.database.open.app.acquire() as connection:
        for setting in (None, "", str(uuid4())):
            async with connection.transaction():
                if setting is not None:
                    await connection.execute(
                        "SELECT set_config('sutazai.tenant', $1, true)", setting
                    )
                for table in tenants.tables:
                    assert await rows_of(connection, table) == [], (table, setting)


@ISOLATED
async def test_a_user_sees_and_changes_nothing_of_another_of_the_tenant(tenants: Tenants) -> None:
    other = uuid4()
    with psycopg.connect(tenants.database.admin) as connection:
        connection.execute(
            "INSERT INTO sutazai.users (id, tenant_id, email, password_hash)"
            " VALUES (%s, %s, 'other@example.org', 'hash')",
            [other, tenants.a],
        )
        connection.execute(
            "INSERT INTO sutazai.memberships (user_id, tenant_id, role) VALUES (%s, %s, 'member')",
            [other, tenants.a],
        )
    for user in (other, None):
        async with tenants.database.open.hot(tenants.a, user) as connection:
            for table in OWNED:
                assert await rows_of(connection, table) == [], (table, user)
                for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
                    assert (await connection.execute(statement)).split()[-1] == "0", statement
    conversation = "INSERT INTO conversations (id, tenant_id, user_id, collection)"
    message = "INSERT INTO messages (id, tenant_id, conversation_id, user_id, number, role, text"
    forged = (
        f"{conversation} VALUES ($2, $1, $1, 'default')",
        f"{message}) VALUES ($2, $1, $1, $1, 3, 'user', 'forged')",
        # Only the answer to a question that was asked may come from another: here is none of it.
        f"{message}, status) VALUES ($2, $1, $1, $1, 4, 'assistant', 'forged', 'succeeded')",
        f"{message}, status, run_id) VALUES ($2, $1, $1, $1, 4, 'assistant', '', 'failed', $1)",
    )
    for statement in forged:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            async with tenants.database.open.hot(tenants.a, other) as connection:
                await connection.execute(statement, tenants.a, uuid4())


@ISOLATED
async def test_a_pooled_connection_that_changes_tenants_keeps_them_apart(tenants: Tenants) -> None:
    async with open_database(tenants.database.urls, pool_size=1) as single:
        processes = set()
        for tenant in (tenants.a, tenants.b, tenants.a, None, tenants.b):
            processes.add(await seen_by_asyncpg(single, tenants.tables, tenant))
        assert len(processes) == 1
        processes = set()
        for tenant in (tenants.a, tenants.b, tenants.a, None, tenants.b):
            processes.add(await seen_by_sqlalchemy(single, tenants.tables, tenant))
        assert len(processes) == 1


async def seen_by_asyncpg(single: Database, tables: list[str], tenant: UUID | None) -> int:
    """Check what is seen through the pool; gives the server's process."""
    expected = [tenant] if tenant is not None else []
    if tenant is None:
        async with single.app.acquire() as connection:
            for table in tables:
                assert await rows_of(connection, table) == expected
            return int(await connection.fetchval("SELECT pg_backend_pid()"))
    async with single.hot(tenant, tenant) as connection:
        for table in tables:
            assert await rows_of(connection, table) == expected
        return int(await connection.fetchval("SELECT pg_backend_pid()"))


async def seen_by_sqlalchemy(single: Database, tables: list[str], tenant: UUID | None) -> int:
    """Check what is seen through the engine; gives the server's process."""
    opened = single.engine.begin() if tenant is None else single.tenant(tenant)
    async with opened as connection:
        for table in tables:
            # It names no user, whom nothing here asks for through SQLAlchemy.
            expected = [tenant] if tenant is not None and table not in OWNED else []
            found = await connection.scalars(text(f"SELECT {owner_of(table)} FROM {table}"))
            assert list(found) == expected, table
        return int(await connection.scalar(text("SELECT pg_backend_pid()")) or 0)


@ISOLATED
def test_every_table_forces_its_policies(database: TestDatabase) -> None:  # noqa: F811
    state = {
        str(name): (enabled, forced)
        for name, enabled, forced in database.query(
            "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class"
            " WHERE relnamespace = 'sutazai'::regnamespace AND relkind IN ('r', 'p')"
        )
    }
    assert set(state) >= GLOBAL
    unprotected = {name for name, flags in state.items() if flags != (True, True)}
    assert unprotected == GLOBAL


@ISOLATED
def test_the_product_s_roles_have_no_way_around(database: TestDatabase) -> None:  # noqa: F811
    roles = database.query(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'sutazai_%%'"
        " AND NOT (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)"
        " ORDER BY rolname"
    )
    assert [row[0] for row in roles] == sorted([APP, LOOKUP, OWNER, WORKER])
    owners = database.query(
        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class"
        " WHERE relnamespace = 'sutazai'::regnamespace"
    )
    assert owners == [(OWNER,)]
    for role in (APP, WORKER, LOOKUP):
        member_of = database.query(
            "SELECT r.rolname FROM pg_roles r WHERE pg_has_role(%s, r.oid, 'MEMBER')", role
        )
        assert member_of == [(role,)]
    assert (
        database.query("SELECT rolname FROM pg_roles WHERE rolname = %s AND rolcanlogin", LOOKUP)
        == []
    )


@ISOLATED
def test_only_the_named_roles_see_beyond_a_tenant(database: TestDatabase) -> None:  # noqa: F811
    wide = database.query(
        "SELECT tablename, roles::text[], cmd FROM pg_policies"
        " WHERE schemaname = 'sutazai' AND qual = 'true' ORDER BY tablename, roles"
    )
    by_role: dict[str, set[str]] = {}
    for table, roles, _ in wide:
        assert isinstance(roles, list)
        for role in roles:
            by_role.setdefault(role, set()).add(str(table))
    assert set(by_role) == {OWNER, WORKER, LOOKUP}
    assert by_role[LOOKUP] == {
        *("api_keys", "memberships", "refresh_tokens", "sessions", "tenants", "users")
    }
    assert by_role[OWNER] == {"tenants"}
    assert not by_role[WORKER] & {
        *("users", "memberships", "api_keys", "sessions", "refresh_tokens", "audit_log")
    }
    worker_rights = database.query(
        "SELECT DISTINCT table_name FROM information_schema.role_table_grants"
        " WHERE grantee = %s AND table_schema = 'sutazai'",
        WORKER,
    )
    # Of tenants it reads which there are, and not what they are called; to conversations it says
    # the answers, and reads nothing.
    assert {row[0] for row in worker_rights} == by_role[WORKER] - {"tenants"} | {"messages"}
    said = database.query(
        "SELECT privilege_type FROM information_schema.role_table_grants"
        " WHERE grantee = %s AND table_schema = 'sutazai' AND table_name = 'messages'",
        WORKER,
    )
    assert said == [("INSERT",)]
    columns = database.query(
        "SELECT column_name, privilege_type FROM information_schema.role_column_grants"
        " WHERE grantee = %s AND table_schema = 'sutazai' AND table_name = 'tenants'",
        WORKER,
    )
    assert columns == [("id", "SELECT")]


@ISOLATED
async def test_definer_functions_have_a_fixed_path_and_a_poor_owner(
    database: TestDatabase,  # noqa: F811
) -> None:
    functions = database.query(
        "SELECT proname, pg_get_userbyid(proowner), proconfig::text FROM pg_proc"
        " WHERE pronamespace = 'sutazai'::regnamespace AND prosecdef ORDER BY proname"
    )
    asked: dict[str, object] = {
        "find_api_key": b"",
        "find_refresh": b"",
        "find_session": b"",
        "find_user": "",
        "get_session": uuid4(),
        "memberships_of": uuid4(),
        "sessions_of": uuid4(),
    }
    poor = (LOOKUP, '{"search_path=sutazai, pg_temp"}')
    assert functions == [(name, *poor) for name in asked]
    async with database.open.work() as connection:
        for name, wanted in asked.items():
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with connection.transaction():
                    await connection.fetch(f"SELECT * FROM sutazai.{name}($1)", wanted)


@pytest.mark.requirement("B2", part="UUID keys")
def test_every_primary_key_is_a_uuid(tenants: Tenants) -> None:
    for table in tenants.tables:
        key = tenants.database.query(KEYS, table)
        if table in COMPOSITE_KEYS:
            assert tuple(name for name, _ in key) == COMPOSITE_KEYS[table]
            assert key[0][1] == "uuid"
        else:
            assert key == [("id", "uuid")], table
