"""Bring the schema to the newest version, as `sutazai_owner`, on psycopg."""

from pathlib import Path

import psycopg
from sqlalchemy import create_engine, pool, text
from sqlalchemy.exc import SQLAlchemyError

from sutazai.records.urls import sqlalchemy_url
from sutazai_contracts.errors import DatabaseUnavailable

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(owner_url: str, *, to: str = "head") -> None:
    """Upgrade (or, for an older revision, downgrade) the schema; safe to call from two processes.

    Raises:
        DatabaseUnavailable: the database does not answer or a migration failed (and left nothing).
    """
    if to == "head" and current_version(owner_url) == newest_version():
        return
    # Imported here because it takes a third of a second that a start seldom needs.
    from alembic import command
    from alembic.config import Config

    engine = create_engine(sqlalchemy_url(owner_url, "psycopg"), poolclass=pool.NullPool)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(hashtext('sutazai.migrate'))"))
            connection.commit()
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            config.attributes["connection"] = connection
            if to == "base":
                command.downgrade(config, to)
            else:
                command.upgrade(config, to)
            connection.commit()
    except SQLAlchemyError as exc:
        raise DatabaseUnavailable(f"The schema could not be brought up to date: {exc}") from exc
    finally:
        engine.dispose()


def newest_version() -> str:
    """Give the version the newest migration leads to: the number its file is named by."""
    return max(file.name.split("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def current_version(owner_url: str) -> str | None:
    """Read the schema's version; None where there is no schema yet.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    try:
        with psycopg.connect(owner_url) as connection:
            row = connection.execute("SELECT version_num FROM schema_version").fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    except psycopg.Error as exc:
        raise DatabaseUnavailable(f"The schema's version can't be read: {exc}") from exc
    return str(row[0]) if row else None
