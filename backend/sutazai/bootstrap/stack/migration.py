"""The migration job: roles, schema, the first tenant; it ends before core starts."""

import time

import psycopg
from loguru import logger

from sutazai.bootstrap.stack.places import admin_url, role_passwords
from sutazai.core.identity.credentials import write_credentials
from sutazai.core.identity.model import FirstCredentials
from sutazai.core.identity.service import Identity
from sutazai.records.database import open_database
from sutazai.records.identity import SqlIdentity
from sutazai.records.migrate import migrate
from sutazai.records.roles import DatabaseUrls, prepare_database
from sutazai.settings import Settings
from sutazai.stack_settings import StackSettings
from sutazai_contracts.errors import DatabaseUnavailable

PATIENCE_S = 60.0
AGAIN_S = 0.5
_OTHER_SECRETS = (
    "The database refuses the password of .stack/secrets: {}. It was made with others. Bring the "
    ".stack back that its volumes came with, or begin anew, which removes what they hold, by "
    "`make down ARGS=-v`."
)


def prepare_stack(stack: StackSettings) -> DatabaseUrls:
    """Bring the database's roles and schema up to date; waits for a server that is starting.

    Raises:
        DatabaseUnavailable: the server did not answer in time, or a migration failed.
        InvalidInput: a password is missing.
    """
    admin, passwords = admin_url(stack.database), role_passwords(stack.database)
    wait_for(admin)
    urls = prepare_database(admin, passwords)
    migrate(urls.owner)
    return urls


async def first_start(settings: Settings, urls: DatabaseUrls, *, api_url: str) -> None:
    """Make the first tenant, its administrator and a key, and write these down; else nothing."""

    def keep(credentials: FirstCredentials) -> None:
        write_credentials(settings.home / "credentials.json", credentials, api_url=api_url)

    async with open_database(urls, pool_size=2) as database:
        identity = Identity(SqlIdentity(database, urls.owner))
        if await identity.first_start(keep=keep) is not None:
            logger.info("First start: the API key is in {}", settings.home / "credentials.json")


def wait_for(url: str) -> None:
    """Wait until the server takes connections; a wrong password is not waited for.

    Raises:
        DatabaseUnavailable: it did not within `PATIENCE_S`, or refuses the password.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError as exc:
            refused = "password authentication failed" in str(exc)
            if refused:
                raise DatabaseUnavailable(_OTHER_SECRETS.format(exc)) from exc
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(f"The database can't be reached: {exc}") from exc
            time.sleep(AGAIN_S)
        else:
            return
