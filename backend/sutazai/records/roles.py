"""Make the four roles, the schemas and the extensions of the database, as a superuser."""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from sutazai.records.urls import url_for
from sutazai_contracts.errors import DatabaseUnavailable

SCHEMA = "sutazai"
# What the server may offer beside its own: vectors beside their rows, and names for UUIDs. No
# migration may depend on one that not every PostgreSQL here has (docs/adr/0005).
EXTENSIONS = ("vector", "uuid-ossp")
EXTENSIONS_SCHEMA = "extensions"
OWNER, APP, WORKER, LOOKUP = "sutazai_owner", "sutazai_app", "sutazai_worker", "sutazai_lookup"
LOGIN_ROLES = (OWNER, APP, WORKER)


@dataclass(frozen=True)
class DatabaseUrls:
    """The same database as each role reaches it; libpq URLs with the password inside."""

    owner: str
    app: str
    worker: str


def prepare_database(admin_url: str, passwords: Mapping[str, str]) -> DatabaseUrls:
    """Create or renew roles, schemas and extensions; may be called again at every start.

    Args:
        admin_url: a user who may create these in the database it names.
        passwords: one for each of `LOGIN_ROLES`.

    Raises:
        DatabaseUnavailable: it does not answer, is older than 15, or refuses the user.
    """
    try:
        with psycopg.connect(admin_url, autocommit=True) as connection:
            if connection.info.server_version < 150000:
                raise DatabaseUnavailable("PostgreSQL 15 or newer is needed")
            # Two starts against one server would otherwise trip over the shared roles.
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(hashtext('sutazai.roles'))")
                _prepare(connection, passwords)
    except psycopg.Error as exc:
        raise DatabaseUnavailable(f"The database could not be prepared: {exc}") from exc
    urls = {role: url_for(admin_url, role, passwords[role]) for role in LOGIN_ROLES}
    return DatabaseUrls(owner=urls[OWNER], app=urls[APP], worker=urls[WORKER])


def _prepare(connection: psycopg.Connection, passwords: Mapping[str, str]) -> None:
    known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
    database = connection.info.dbname
    for role in (*LOGIN_ROLES, LOOKUP):
        name = sql.Identifier(role)
        if role not in known:
            connection.execute(sql.SQL("CREATE ROLE {}").format(name))
        rights = "NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE"
        if role == LOOKUP:
            connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN " + rights).format(name))
            continue
        connection.execute(
            sql.SQL("ALTER ROLE {} LOGIN " + rights + " PASSWORD {}").format(
                name, sql.Literal(passwords[role])
            )
        )
        connection.execute(
            sql.SQL("ALTER ROLE {} IN DATABASE {} SET search_path = {}, {}").format(
                name,
                sql.Identifier(database),
                sql.Identifier(SCHEMA),
                sql.Identifier(EXTENSIONS_SCHEMA),
            )
        )
    schema, owner = sql.Identifier(SCHEMA), sql.Identifier(OWNER)
    # A function can be handed to a role by its members only.
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(LOOKUP), owner))
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
    connection.execute(sql.SQL("ALTER SCHEMA {} OWNER TO {}").format(schema, owner))
    for role in (APP, WORKER, LOOKUP):
        connection.execute(
            sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, sql.Identifier(role))
        )
    _enable(connection)


def _enable(connection: psycopg.Connection) -> None:
    """Enable those extensions that the server has; only a superuser may, so no migration does."""
    schema = sql.Identifier(EXTENSIONS_SCHEMA)
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
    for role in (OWNER, APP, WORKER, LOOKUP):
        connection.execute(
            sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, sql.Identifier(role))
        )
    missing = connection.execute(
        "SELECT name FROM pg_available_extensions"
        " WHERE name = ANY(%s) AND installed_version IS NULL",
        [list(EXTENSIONS)],
    ).fetchall()
    for (name,) in missing:
        connection.execute(
            sql.SQL("CREATE EXTENSION IF NOT EXISTS {} WITH SCHEMA {}").format(
                sql.Identifier(name), schema
            )
        )
