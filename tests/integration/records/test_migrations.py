"""The schema goes up, down and up again, and two starts at once do it once."""

import asyncio

import psycopg
import pytest

from sutazai.bootstrap.processes.server import EmbeddedPostgres
from sutazai.records.migrate import current_version, migrate, newest_version
from sutazai.records.roles import prepare_database
from sutazai_contracts.errors import DatabaseUnavailable
from tests.support.database import PASSWORDS
from tests.support.postgres import fresh_database

COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default
FROM information_schema.columns WHERE table_schema = 'sutazai' ORDER BY 1, 2
"""
POLICIES = """
SELECT tablename, policyname, roles::text, cmd, qual, with_check FROM pg_policies ORDER BY 1, 2
"""


def read(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()


def test_up_down_and_up_again_is_the_same(postgres: EmbeddedPostgres) -> None:
    with fresh_database(postgres) as name:
        admin = postgres.dsn(database=name)
        urls = prepare_database(admin, PASSWORDS)
        assert current_version(urls.owner) is None
        migrate(urls.owner)
        assert current_version(urls.owner) == newest_version()
        first = read(admin, COLUMNS), read(admin, POLICIES)
        migrate(urls.owner, to="base")
        left = {row[0] for row in read(admin, COLUMNS)}
        assert left <= {"schema_version"}
        migrate(urls.owner)
        assert (read(admin, COLUMNS), read(admin, POLICIES)) == first


def test_what_the_server_has_of_our_extensions_is_enabled(postgres: EmbeddedPostgres) -> None:
    with fresh_database(postgres) as name:
        prepare_database(postgres.dsn(database=name), PASSWORDS)
        urls = prepare_database(postgres.dsn(database=name), PASSWORDS)
        migrate(urls.owner)
        for url in (urls.owner, urls.app, urls.worker):
            assert read(url, "SELECT '[1,0]'::vector <=> '[0,1]'") == [(1,)]


async def test_two_starts_at_once_migrate_once(postgres: EmbeddedPostgres) -> None:
    with fresh_database(postgres) as name:
        urls = prepare_database(postgres.dsn(database=name), PASSWORDS)
        await asyncio.gather(*(asyncio.to_thread(migrate, urls.owner) for _ in range(2)))
        assert current_version(urls.owner) == newest_version()


def test_a_database_that_does_not_answer_is_said_in_words(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(DatabaseUnavailable):
        prepare_database(postgres.dsn(database="no_such_database"), PASSWORDS)
