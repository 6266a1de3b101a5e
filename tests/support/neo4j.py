"""A real Neo4j for tests, as the compose files run it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from neo4j import GraphDatabase
from neo4j.exceptions import DriverError, Neo4jError

from tests.support.containers import Server, container
from tests.support.programs import eventually

USER = "neo4j"
PASSWORD = "the password of the server under test"
_BOLT = 7687


@dataclass(frozen=True)
class Neo4j:
    """A running server, and what may be asked of it as its administrator."""

    server: Server

    @property
    def url(self) -> str:
        """Give where it answers."""
        return f"bolt://{self.server.host}:{self.server.port}"

    def ask(self, statement: str, **given: object) -> list[dict[str, object]]:
        """Ask it past the adapter; for checks."""
        with GraphDatabase.driver(self.url, auth=(USER, PASSWORD)) as driver:
            return [record.data() for record in driver.execute_query(statement, given).records]

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Let it answer nothing until the end of the block; its connections stay open."""
        running = self.server.running.get_wrapped_container()
        running.pause()
        try:
            yield
        finally:
            running.unpause()


@contextmanager
def neo4j_server(heap: str = "256m", page_cache: str = "64m") -> Iterator[Neo4j]:
    """Run a server until the end of the block, once it answers."""
    environment = {
        "NEO4J_AUTH": f"{USER}/{PASSWORD}",
        "NEO4J_server_memory_heap_initial__size": heap,
        "NEO4J_server_memory_heap_max__size": heap,
        "NEO4J_server_memory_pagecache_size": page_cache,
        "NEO4J_db_tx__log_preallocate": "false",
        "NEO4J_dbms_usage__report_enabled": "false",
    }
    with container("neo4j", _BOLT, environment=environment) as server:
        found = Neo4j(server)
        eventually(lambda: _answers(found.url), "Neo4j answers", timeout_s=90.0)
        yield found


def _answers(url: str) -> bool:
    try:
        with GraphDatabase.driver(url, auth=(USER, PASSWORD), connection_timeout=5) as driver:
            driver.verify_connectivity()
    except (DriverError, Neo4jError, OSError):
        return False
    return True
