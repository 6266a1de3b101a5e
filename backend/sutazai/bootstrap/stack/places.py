"""Where the stack's services are, as the drivers want to hear it."""

from urllib.parse import quote

from pydantic import SecretStr

from sutazai.records.roles import APP, OWNER, WORKER, DatabaseUrls
from sutazai.stack_settings import StackBroker, StackDatabase, StackRedis, needed
from sutazai_kit.bus.rabbitmq.connection import Broker


def database_url(database: StackDatabase, user: str, password: SecretStr) -> str:
    """Give the libpq URL of the database for a user."""
    return (
        f"postgresql://{quote(user, safe='')}:{quote(password.get_secret_value(), safe='')}"
        f"@{database.host}:{database.port}/{quote(database.name, safe='')}"
    )


def admin_url(database: StackDatabase) -> str:
    """Give the URL of the user who prepares the database."""
    password = needed(database.admin_password, "SUTAZAI_DATABASE_ADMIN_PASSWORD")
    return database_url(database, database.admin, password)


def role_urls(database: StackDatabase) -> DatabaseUrls:
    """Give the URLs of the roles whose passwords this process has; the others' are empty."""

    def url(role: str, password: SecretStr | None) -> str:
        return "" if password is None else database_url(database, role, password)

    return DatabaseUrls(
        owner=url(OWNER, database.owner_password),
        app=url(APP, database.app_password),
        worker=url(WORKER, database.worker_password),
    )


def role_passwords(database: StackDatabase) -> dict[str, str]:
    """Give the password of each role that logs in; the migration job has them all."""
    passwords = {
        OWNER: (database.owner_password, "SUTAZAI_DATABASE_OWNER_PASSWORD"),
        APP: (database.app_password, "SUTAZAI_DATABASE_APP_PASSWORD"),
        WORKER: (database.worker_password, "SUTAZAI_DATABASE_WORKER_PASSWORD"),
    }
    return {
        role: needed(password, name).get_secret_value()
        for role, (password, name) in passwords.items()
    }


def broker(broker: StackBroker) -> Broker:
    """Give RabbitMQ, and as whom this process logs in there."""
    password = needed(broker.password, "SUTAZAI_RABBITMQ_PASSWORD").get_secret_value()
    return Broker(broker.host, broker.port, broker.user, password)


def redis_url(redis: StackRedis) -> str:
    """Give Redis' URL for this process."""
    password = needed(redis.password, "SUTAZAI_REDIS_PASSWORD").get_secret_value()
    user = f"{quote(redis.user, safe='')}:{quote(password, safe='')}"
    return f"redis://{user}@{redis.host}:{redis.port}/0"
