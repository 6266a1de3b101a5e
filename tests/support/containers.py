"""Real servers for tests, in containers of the images that the compose files pin.

    with container("redis", port=6379) as server:   # started, its port answers
        redis.Redis(host=server.host, port=server.port)

A test that opens one carries the mark `stack`: `make test-stack` runs it, `make test` does not.
"""

import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml
from testcontainers.core.config import ConnectionMode, testcontainers_config
from testcontainers.core.container import DockerContainer

ROOT = Path(__file__).resolve().parent.parent.parent
READY_S = 60.0


@dataclass(frozen=True)
class Server:
    """A server that runs in a container, and where it is reached from here."""

    host: str
    ports: Mapping[int, int]
    running: DockerContainer

    @property
    def port(self) -> int:
        """Give where the first port of the container is reached."""
        return next(iter(self.ports.values()))

    @property
    def id(self) -> str:
        """Give the id of the container."""
        return str(self.running.get_wrapped_container().id)

    def logs(self) -> str:
        """Give what the server wrote."""
        return "\n".join(part.decode("utf-8", "replace") for part in self.running.get_logs())


@cache
def image_of(service: str) -> str:
    """Give the image that the compose files pin for a service."""
    for path in sorted((ROOT / "compose").glob("*.yml")):
        services = (yaml.safe_load(path.read_text("utf-8")) or {}).get("services", {})
        if image := services.get(service, {}).get("image"):
            return str(image)
    raise LookupError(f"no compose file pins an image for {service}")


@contextmanager
def container(
    service: str,
    *ports: int,
    environment: Mapping[str, str] | None = None,
    command: Sequence[str] | None = None,
    volumes: Mapping[Path, str] | None = None,
) -> Iterator[Server]:
    """Run a service's image until the end of the block, once its ports take connections.

    Args:
        service: its name in the compose files.
        ports: ports of the container; each gets a free one of 127.0.0.1.
        environment: variables of the container.
        command: what it runs instead of the image's own command.
        volumes: files and folders of this machine, and where the container sees them, read-only.
    """
    # Nothing cleans up behind us, and ports are reached on loopback, wherever this runs.
    testcontainers_config.ryuk_disabled = True
    testcontainers_config.connection_mode_override = ConnectionMode.docker_host
    testcontainers_config.tc_host_override = "127.0.0.1"
    made = DockerContainer(image_of(service))
    for port in ports:
        # `with_bind_ports` would listen on every address of the machine.
        made.ports[f"{port}/tcp"] = cast(Any, ("127.0.0.1", None))
    for name, value in (environment or {}).items():
        made.with_env(name, value)
    if command is not None:
        made.with_command(list(command))
    for path, inside in (volumes or {}).items():
        made.with_volume_mapping(str(path), inside, "ro")
    with made as running:
        reached = {port: int(running.get_exposed_port(port)) for port in ports}
        for port in reached.values():
            _answers(port, running)
        yield Server("127.0.0.1", reached, running)


def _answers(port: int, running: DockerContainer) -> None:
    deadline = time.monotonic() + READY_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError as exc:
            if time.monotonic() > deadline:
                logs = b"\n".join(running.get_logs()).decode("utf-8", "replace")
                raise TimeoutError(f"no answer within {READY_S} s:\n{logs[-4000:]}") from exc
            time.sleep(0.1)
        else:
            return
