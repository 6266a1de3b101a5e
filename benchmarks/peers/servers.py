"""One RabbitMQ and one PostgreSQL for both, and Redis for ours: as the compose files have them.

They are reached at their own addresses: Docker's proxy of published ports would cost CPU, too.
"""

import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pika
import psycopg
import yaml
from pika.exceptions import AMQPError

from sutazai_kit.bus.rabbitmq.rights import Account, agent_account, core_account, definitions
from tests.support.containers import ROOT, Server, container

PASSWORD = "of-the-benchmark"
READY_S = 90.0
AMQP, SQL = 5672, 5432
_DEFINITIONS = "/run/secrets/rabbitmq_definitions"


@dataclass(frozen=True)
class Servers:
    """Where they are; `pids` are the first processes of their containers."""

    rabbitmq: str
    postgres: str
    redis: str
    pids: dict[str, int]

    def dsn(self, database: str, user: str = "postgres") -> str:
        """Give the URL of a database."""
        return f"postgresql://{user}:{PASSWORD}@{self.postgres}:{SQL}/{database}"

    def amqp(self, user: str) -> str:
        """Give the URL of the broker."""
        return f"amqp://{user}:{PASSWORD}@{self.rabbitmq}:{AMQP}/"


@contextmanager
def open_servers() -> Iterator[Servers]:
    """Run them until the end of the block."""
    with (
        TemporaryDirectory() as folder,
        _postgres() as postgres,
        _rabbitmq(Path(folder)) as rabbitmq,
        _redis() as redis,
    ):
        servers = Servers(
            rabbitmq=_address(rabbitmq),
            postgres=_address(postgres),
            redis=_address(redis),
            pids={"postgresql": _pid(postgres), "rabbitmq": _pid(rabbitmq), "redis": _pid(redis)},
        )
        _wait(servers)
        yield servers


def _postgres() -> AbstractContextManager[Server]:
    config = ROOT / "compose/postgres/postgresql.conf"
    return container(
        "postgres",
        SQL,
        environment={"POSTGRES_PASSWORD": PASSWORD, "POSTGRES_DB": "sutazai"},
        command=["postgres", "-c", "config_file=/etc/postgresql/postgresql.conf"],
        volumes={config: "/etc/postgresql/postgresql.conf"},
    )


def _rabbitmq(folder: Path) -> AbstractContextManager[Server]:
    every = Account("celery", PASSWORD, ".*", ".*", ".*")
    ours = core_account("core", PASSWORD), agent_account("agent_noop", PASSWORD, agent="noop")
    users = folder / "definitions.json"
    users.write_text(json.dumps(definitions([every, *ours])))
    folder.chmod(0o755)
    config = ROOT / "compose/rabbitmq"
    compose = yaml.safe_load((ROOT / "compose/data.yml").read_text("utf-8"))
    erlang = compose["services"]["rabbitmq"]["environment"]["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"]
    return container(
        "rabbitmq",
        AMQP,
        environment={"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": erlang},
        volumes={
            users: _DEFINITIONS,
            config / "10-defaults.conf": "/etc/rabbitmq/conf.d/10-defaults.conf",
            config / "enabled_plugins": "/etc/rabbitmq/enabled_plugins",
        },
    )


def _redis() -> AbstractContextManager[Server]:
    user = ["--user", "core", "on", f">{PASSWORD}", "~*", "&*", "+@all"]
    return container("redis", 6379, command=["redis-server", "--save", "", *user])


def _address(server: Server) -> str:
    networks = _attributes(server)["NetworkSettings"]["Networks"]
    return str(next(iter(networks.values()))["IPAddress"])


def _pid(server: Server) -> int:
    return int(_attributes(server)["State"]["Pid"])


def _attributes(server: Server) -> dict[str, Any]:
    running = server.running.get_wrapped_container()
    running.reload()
    return dict(running.attrs)


def _wait(servers: Servers) -> None:
    """Wait until both let in those who work with them."""
    deadline = time.monotonic() + READY_S
    while True:
        try:
            pika.BlockingConnection(pika.URLParameters(servers.amqp("core") + "%2F")).close()
            psycopg.connect(servers.dsn("sutazai")).close()
        except (AMQPError, OSError, psycopg.OperationalError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
