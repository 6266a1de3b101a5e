"""The stack's PostgreSQL, and settings of processes that use it."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from pydantic import SecretStr

from sutazai.bootstrap.stack.migration import wait_for
from sutazai.bootstrap.stack.places import admin_url
from sutazai.stack_settings import StackDatabase
from tests.support.containers import Server, container

ADMIN_PASSWORD = "the admin's: @/%"


@pytest.fixture(scope="session")
def stack_postgres() -> Iterator[Server]:
    with container("postgres", 5432, environment={"POSTGRES_PASSWORD": ADMIN_PASSWORD}) as server:
        yield server


@pytest.fixture
def stack_database(stack_postgres: Server) -> StackDatabase:
    """Give a database of its own, with nothing in it, as the migration job sees it."""
    here = StackDatabase(
        host=stack_postgres.host,
        port=stack_postgres.port,
        name="postgres",
        admin_password=SecretStr(ADMIN_PASSWORD),
        owner_password=SecretStr("owner: @/%"),
        app_password=SecretStr("app"),
        worker_password=SecretStr("worker"),
    )
    name = f"test_{uuid4().hex}"
    wait_for(admin_url(here))
    with psycopg.connect(admin_url(here), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return here.model_copy(update={"name": name})
