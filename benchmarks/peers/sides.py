"""The two sides: which processes each has, and how it is asked for a round."""

import os
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import psycopg

from benchmarks.peers.children import ROOT, Child
from benchmarks.peers.servers import PASSWORD, Servers
from sutazai_contracts.identifiers import new_id
from tests.support.programs import eventually

WORKERS = 2
PLUGIN = ROOT / "benchmarks" / "peers" / "plugin"
_COLLECTION = """
INSERT INTO sutazai.collections (id, tenant_id, name, physical, model)
SELECT %s, id, 'default', %s, %s FROM sutazai.tenants
"""
_MODEL = {"name": "none", "revision": "1", "dimension": 4, "max_tokens": 256}


@dataclass
class Side:
    """One of the two, at work: its client, its other processes, and how many results are stored."""

    name: str
    client: Child
    children: list[Child]
    servers: dict[str, int]
    database: psycopg.Connection
    stored: str
    submitters: int
    words: dict[str, Any] = field(default_factory=dict)

    @property
    def pids(self) -> dict[str, int]:
        """Give the process of each part, those of the servers too."""
        for child in self.children:
            if child.process.poll() is not None:
                raise SystemExit(f"{child.name} has ended:\n{child.said()}")
        own = {child.name: child.pid for child in (self.client, *self.children)}
        return own | self.servers

    def results(self) -> int:
        """Count the results that are stored."""
        row = self.database.execute(self.stored).fetchone()
        return int(row[0]) if row else 0


@contextmanager
def celery_side(servers: Servers, python: Path, log: Path, submitters: int) -> Iterator[Side]:
    """Run Celery until the end of the block: one worker of two processes, and a client."""
    with psycopg.connect(servers.dsn("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE celery")
    environment = {"PEERS_AMQP": servers.amqp("celery"), "PEERS_SQL": servers.dsn("celery")}
    command = [
        *(str(python), "-m", "celery", "-A", "benchmarks.peers.celery_app", "worker"),
        *("--pool", "prefork", "--concurrency", str(WORKERS), "--loglevel", "ERROR"),
        *("--without-gossip", "--without-mingle"),
    ]
    with ExitStack() as life:
        worker = _child(life, command, environment, log, "workers")
        command = [str(python), "-m", "benchmarks.peers.celery_client"]
        client = _child(life, command, environment, log, "client", asked=True)
        client.hear()
        database = life.enter_context(psycopg.connect(servers.dsn("celery"), autocommit=True))
        shared = {name: pid for name, pid in servers.pids.items() if name != "redis"}
        stored = (
            "SELECT CASE WHEN to_regclass('celery_taskmeta') IS NULL THEN 0 ELSE "
            "(xpath('/row/c/text()', query_to_xml("
            "'SELECT count(*) AS c FROM celery_taskmeta', false, true, '')))[1]::text::int END"
        )
        eventually(lambda: worker.process.poll() is None, "Celery's worker runs")
        yield Side("celery", client, [worker], shared, database, stored, submitters)


@contextmanager
def our_side(servers: Servers, home: Path, log: Path, submitters: int) -> Iterator[Side]:
    """Run ours until the end of the block: core, the relay, two agents, and a client."""
    public, internal = _free_port(), _free_port()
    environment = _environment(servers, public, internal)
    with ExitStack() as life:
        migrate = ["migrate", "--home", str(home), "--url", f"http://127.0.0.1:{public}"]
        _child(life, _stack(*migrate), environment, log, "migrate").process.wait()
        database = life.enter_context(psycopg.connect(servers.dsn("sutazai"), autocommit=True))
        database.execute(_COLLECTION, (new_id(), uuid4(), dumps(_MODEL)))
        row = database.execute("SELECT id FROM sutazai.tenants").fetchone()
        environment["PEERS_TENANT"] = str(row[0]) if row else ""
        children = [
            _child(life, _stack("core", "--home", str(home)), environment, log, "core"),
            _child(life, _stack("relay"), _as(environment, "core"), log, "relay"),
            *(
                _child(life, _stack("agent", "noop"), _as(environment, "agent_noop"), log, name)
                for name in (f"worker-{number}" for number in range(WORKERS))
            ),
        ]
        url = f"http://127.0.0.1:{public}"
        eventually(lambda: _answers(url), "core answers", timeout_s=60)
        command = [sys.executable, "-m", "benchmarks.peers.our_client"]
        command += [str(home / "credentials.json"), url]
        client = _child(life, command, environment, log, "client", asked=True)
        client.hear()
        stored = "SELECT count(*) FROM sutazai.runs WHERE status = 'succeeded'"
        yield Side("ours", client, children, servers.pids, database, stored, submitters)


def _environment(servers: Servers, public: int, internal: int) -> dict[str, str]:
    token = secrets.token_hex()
    password = {
        f"SUTAZAI_{name}_PASSWORD": PASSWORD
        for name in (
            *("DATABASE_ADMIN", "DATABASE_OWNER", "DATABASE_APP", "DATABASE_WORKER"),
            *("RABBITMQ", "REDIS"),
        )
    }
    return {
        **password,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(PLUGIN))),
        "SUTAZAI_LOG_LEVEL": "ERROR",
        "SUTAZAI_API_PORT": str(public),
        # All that is measured asks with one key; it is counted, and never refused.
        "SUTAZAI_API_RATE_PER_S": "100000",
        "SUTAZAI_API_BURST": "100000",
        "SUTAZAI_INTERNAL_PORT": str(internal),
        "SUTAZAI_INTERNAL_URL": f"http://127.0.0.1:{internal}",
        "SUTAZAI_DATABASE_HOST": servers.postgres,
        "SUTAZAI_RABBITMQ_HOST": servers.rabbitmq,
        "SUTAZAI_REDIS_HOST": servers.redis,
        # What a task that does nothing never asks: these are not there.
        "SUTAZAI_QDRANT_URL": "http://127.0.0.1:9",
        "SUTAZAI_QDRANT_KEY": secrets.token_hex(),
        "SUTAZAI_CONSUL_URL": "http://127.0.0.1:9",
        "SUTAZAI_EMBEDDER_URL": "http://127.0.0.1:9",
        "SUTAZAI_SESSION_KEY": secrets.token_hex(),
        "SUTAZAI_AGENT_TOKEN": token,
        "SUTAZAI_AGENT_TOKENS": dumps({"noop": sha256(token.encode()).hexdigest()}),
        "SUTAZAI_AGENT_PORT": "0",
        "SUTAZAI_AGENT_HOST": "127.0.0.1",
    }


def _as(environment: dict[str, str], user: str) -> dict[str, str]:
    return {**environment, "SUTAZAI_RABBITMQ_USER": user}


def _stack(*words: str) -> list[str]:
    return [sys.executable, "-m", "sutazai.entrypoints.cli", "stack", *words]


def _child(
    life: ExitStack,
    command: list[str],
    environment: dict[str, str],
    log: Path,
    name: str,
    *,
    asked: bool = False,
) -> Child:
    child = Child(command, environment, log, name, asked=asked)
    life.callback(child.end)
    return child


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/health/live", timeout=1).status_code == 200
    except httpx2.HTTPError:
        return False
