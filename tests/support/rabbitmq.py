"""A real RabbitMQ for tests, with core's user and those of two agents, as the product makes them.

One server per pytest session; queues of tests have names of their own.
"""

import json
import logging
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

from sutazai_kit.bus.rabbitmq.connection import Broker
from sutazai_kit.bus.rabbitmq.rights import Account, agent_account, core_account, definitions
from tests.support.containers import Server, container

AMQP = 5672
READY_S = 60
AGENTS = ("writer", "coder")


@dataclass(frozen=True)
class RabbitServer:
    """A RabbitMQ that runs, and who may log in there."""

    server: Server
    core: Broker

    def agent(self, name: str, *, password: str | None = None) -> Broker:
        """Give the way in for an agent's user."""
        return replace(self.core, user=f"agent-{name}", password=password or f"secret of {name}")

    def ctl(self, *arguments: str, program: str = "rabbitmqctl") -> str:
        """Run a command of the server's own."""
        command = ["docker", "exec", self.server.id, program, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout

    @contextmanager
    def channel(self, broker: Broker | None = None) -> Iterator[BlockingChannel]:
        """Open a plain channel, as core where nobody else is named, to look past the bus."""
        connection = pika.BlockingConnection(_parameters(broker or self.core))
        try:
            yield connection.channel()
        finally:
            connection.close()

    def count(self, queue: str) -> int:
        """Count the messages that wait in a queue."""
        with self.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).method.message_count)

    def drain(self, queue: str) -> list[tuple[pika.BasicProperties, bytes]]:
        """Take all messages that wait in a queue."""
        taken: list[tuple[pika.BasicProperties, bytes]] = []
        with self.channel() as channel:
            while waiting := channel.queue_declare(queue, passive=True).method.message_count:
                # No more come than are taken: what is given back is not there for a moment.
                count = min(waiting, 500)
                channel.basic_qos(prefetch_count=count)
                batch = zip(range(count), channel.consume(queue), strict=False)
                for _, (method, properties, body) in batch:
                    if method is None or properties is None or body is None:
                        raise AssertionError("nothing comes, though nothing bounds the wait")
                    taken.append((properties, body))
                    last = method.delivery_tag
                channel.cancel()
                channel.basic_ack(last, multiple=True)
        return taken

    def wait(self) -> None:
        """Wait until it lets core in."""
        deadline = time.monotonic() + READY_S
        while True:
            try:
                pika.BlockingConnection(_parameters(self.core)).close()
                return
            except (AMQPError, OSError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)


def accounts() -> list[Account]:
    """Give the users of the server."""
    agents = [agent_account(f"agent-{name}", f"secret of {name}", agent=name) for name in AGENTS]
    return [core_account("core", "secret of core"), *agents]


@contextmanager
def rabbit_server() -> Iterator[RabbitServer]:
    """Run a RabbitMQ until the end of the block."""
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # it tells of each try while we wait
    with TemporaryDirectory() as folder:
        users, config = Path(folder) / "definitions.json", Path(folder) / "definitions.conf"
        users.write_text(json.dumps(definitions(accounts())))
        config.write_text("load_definitions = /etc/rabbitmq/definitions.json\n")
        Path(folder).chmod(0o755)
        volumes = {
            users: "/etc/rabbitmq/definitions.json",
            config: "/etc/rabbitmq/conf.d/50-definitions.conf",
        }
        with container("rabbitmq", AMQP, volumes=volumes) as server:
            core = Broker("127.0.0.1", server.port, "core", "secret of core")
            rabbit = RabbitServer(server, core)
            rabbit.wait()
            yield rabbit


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitServer]:
    """Run one server for the session."""
    with rabbit_server() as server:
        yield server


def _parameters(broker: Broker) -> pika.ConnectionParameters:
    credentials = pika.PlainCredentials(broker.user, broker.password)
    return pika.ConnectionParameters(
        broker.host, broker.port, broker.virtual_host, credentials, socket_timeout=2
    )
