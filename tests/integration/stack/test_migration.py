"""The migration job against the stack's PostgreSQL."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from sutazai.bootstrap.stack.migration import first_start, prepare_stack
from sutazai.bootstrap.stack.places import admin_url, role_urls
from sutazai.records.migrate import current_version, newest_version
from sutazai.settings import Settings
from sutazai.stack_settings import StackDatabase, StackSettings
from sutazai_contracts.errors import DatabaseUnavailable, InvalidInput

pytestmark = pytest.mark.stack
URL = "http://127.0.0.1:10005"


def test_it_makes_roles_and_schema_and_may_run_again(stack_database: StackDatabase) -> None:
    stack = StackSettings(database=stack_database)
    urls = prepare_stack(stack)
    assert prepare_stack(stack) == urls == role_urls(stack_database)
    assert current_version(urls.owner) == newest_version()
    for url in (urls.app, urls.worker):
        with psycopg.connect(url) as connection:
            row = connection.execute(
                "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
            assert row == (False, False)


@pytest.mark.requirement("B2", part="extensions `vector` and `uuid-ossp`")
def test_it_enables_both_extensions_for_every_role(stack_database: StackDatabase) -> None:
    urls = prepare_stack(StackSettings(database=stack_database))
    with psycopg.connect(urls.owner) as connection:
        found = connection.execute(
            "SELECT extname, pg_get_userbyid(extowner) FROM pg_extension WHERE extname <> 'plpgsql'"
        ).fetchall()
    assert sorted(found) == [("uuid-ossp", "postgres"), ("vector", "postgres")]
    for url in (urls.owner, urls.app, urls.worker):
        with psycopg.connect(url) as connection:
            row = connection.execute(
                "SELECT '[1,0]'::vector <=> '[0,1]', uuid_nil()::text"
            ).fetchone()
            assert row == (1, "00000000-0000-0000-0000-000000000000")
            # Nobody but the superuser puts anything where every statement looks.
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("CREATE TABLE extensions.mine (id int)")


def test_two_jobs_at_once_do_it_once(stack_database: StackDatabase, tmp_path: Path) -> None:
    stack, settings = StackSettings(database=stack_database), Settings(home=tmp_path)

    def job() -> None:
        asyncio.run(first_start(settings, prepare_stack(stack), api_url=URL))

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(job) for _ in range(2)]:
            done.result()
    with psycopg.connect(admin_url(stack_database)) as connection:
        assert connection.execute("SELECT count(*) FROM sutazai.tenants").fetchone() == (1,)
    assert (tmp_path / "credentials.json").stat().st_mode & 0o777 == 0o600


def test_a_wrong_password_is_said_at_once(stack_database: StackDatabase) -> None:
    wrong = stack_database.model_copy(update={"admin_password": SecretStr("guess")})
    with pytest.raises(DatabaseUnavailable, match=r"refuses the password.*make down ARGS=-v"):
        prepare_stack(StackSettings(database=wrong))


def test_a_missing_password_names_the_variable_and_the_file(stack_database: StackDatabase) -> None:
    missing = stack_database.model_copy(update={"owner_password": None})
    with pytest.raises(InvalidInput, match="/run/secrets/sutazai_database_owner_password"):
        prepare_stack(StackSettings(database=missing))
