"""Every row is keyed by a UUID that the application made (docs/adr/0005)."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.support.database import Migrated
from tests.support.postgres import fresh_database

# Rows that are part of another: keyed by its UUID and a number; or that join two: by theirs.
PARTS = {
    "events": [("run_id", "uuid"), ("seq", "integer")],
    "audit_log": [("tenant_id", "uuid"), ("seq", "bigint")],
    "memberships": [("user_id", "uuid"), ("tenant_id", "uuid")],
}
KEYS = """
    SELECT c.relname, k.attname, format_type(k.atttypid, k.atttypmod),
        pg_get_expr(d.adbin, d.adrelid)
    FROM pg_class c
    LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    LEFT JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = ANY (i.indkey)
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = k.attnum
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'sutazai'::regnamespace
        AND c.relname <> 'schema_version'  -- Alembic's own
    ORDER BY c.relname, array_position(i.indkey::int2[], k.attnum)
"""


@pytest.fixture
def connection(migrated: Migrated) -> Iterator[psycopg.Connection]:
    """Connect to a migrated database of its own."""
    with (
        fresh_database(migrated.server, template=migrated.template) as name,
        psycopg.connect(migrated.server.dsn(database=name)) as connection,
    ):
        yield connection


def wrong_keys(connection: psycopg.Connection) -> dict[str, str]:
    """Name the tables whose key is not one, with what it is."""
    keys: dict[str, list[tuple[str, str]]] = {}
    wrong: dict[str, str] = {}
    for table, column, kind, default in connection.execute(KEYS):
        keys.setdefault(table, []).append((column, kind))
        if default is not None:
            wrong[table] = f"the server makes {column}: {default}"
    for table, key in keys.items():
        alone = len(key) == 1 and key[0][1] == "uuid"
        if not alone and key != PARTS.get(table):
            wrong[table] = f"the key is {key}"
    return wrong


@pytest.mark.requirement("B2", part="UUID primary keys everywhere")
def test_every_table_is_keyed_by_uuid(connection: psycopg.Connection) -> None:
    tables = {row[0] for row in connection.execute(KEYS)}
    assert {"tenants", "runs", "tasks", "events"} <= tables
    assert wrong_keys(connection) == {}


@pytest.mark.parametrize(
    "columns",
    [
        "id bigint PRIMARY KEY",
        "id uuid PRIMARY KEY DEFAULT gen_random_uuid()",
        "id uuid, n integer, PRIMARY KEY (id, n)",
        "id uuid",
    ],
)
def test_a_wrong_key_is_found(connection: psycopg.Connection, columns: str) -> None:
    connection.execute(f"CREATE TABLE sutazai.planted ({columns})")
    assert set(wrong_keys(connection)) == {"planted"}
