"""A session, listened to inside every container: nothing leaves, no name is asked outside."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.journey.suite import LEASES, ask, open_citation, upload, watch
from tests.stack.product import Product
from tests.stack.running import Stack, run

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(os.getuid() != 0, reason="only root enters a container's network"),
]

CAPTURE = Path(__file__).with_name("capture.py")
PLANT = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.sendto(b"planted", (sys.argv[1], 9))
"""
ASK = """
import socket
try:
    socket.getaddrinfo("planted.example", 80)
except OSError:
    pass
"""


@contextmanager
def captured(stack: Stack) -> Iterator[dict[str, dict[str, Any]]]:
    """Listen in every running container; at the end what was found stands under its service."""
    found: dict[str, dict[str, Any]] = {}
    networks, names = json.dumps(subnets(stack)), json.dumps(inside(stack))
    with ExitStack() as ears:
        listening = {
            name: ears.enter_context(_ear(pid, networks, names))
            for name, made in stack.containers().items()
            if (pid := int(made["State"]["Pid"])) > 1
        }
        yield found
        for name, ear in listening.items():
            told, _ = ear.communicate(timeout=30)
            found[name] = json.loads(told)


@contextmanager
def _ear(pid: int, networks: str, names: str) -> Iterator["subprocess.Popen[str]"]:
    program = ["nsenter", "-t", str(pid), "-n", sys.executable, str(CAPTURE), networks, names]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as ear:
        assert ear.stdout is not None
        assert ear.stdout.readline() == "listening\n"
        try:
            yield ear
        finally:
            ear.kill()


def subnets(stack: Stack) -> list[str]:
    """Name the stack's own networks."""
    label = f"label=com.docker.compose.project={stack.project}"
    ids = run("docker", "network", "ls", "-q", "--filter", label).split()
    made = json.loads(run("docker", "network", "inspect", *ids))
    return [part["Subnet"] for network in made for part in network["IPAM"]["Config"]]


def inside(stack: Stack) -> list[str]:
    """Name the services and their containers."""
    made = stack.containers()
    hosts = [one["Config"]["Hostname"] for one in made.values()]
    return [*made, *hosts, "localhost"]


@pytest.mark.requirement(
    "A1",
    part="the stack: nothing leaves any container, and no name outside is asked, over a session",
)
def test_nothing_leaves_during_a_session(stack: Stack) -> None:
    name = f"egress-{uuid4().hex[:8]}"
    with captured(stack) as found, Product(stack).client(timeout_s=60) as client:
        assert client.post("/api/v1/collections", json={"name": name}).status_code == 201
        upload(client, name, "leases.md", LEASES)
        run_id = ask(client, name)
        assert watch(client, run_id)[-1]["event"] == "run.succeeded"
        for citation in client.get(f"/api/v1/runs/{run_id}").json()["citations"]:
            assert open_citation(client, name, citation) == citation["quote"]
        Product(stack).joined(name)
        assert client.get("/").status_code == 200
        assert client.delete(f"/api/v1/collections/{name}").status_code in (202, 204)
    assert set(found) >= {"core", "kong", "writer", "qdrant", "ollama", "dashboard"}
    assert {service: told["found"] for service, told in found.items() if told["found"]} == {}
    silent = {service for service, told in found.items() if not told["packets"]}
    assert silent <= {"ollama"}, "what hears nothing proves nothing"


def test_what_is_planted_is_heard(stack: Stack) -> None:
    """A packet for an address outside, on the one network that has a way to somewhere."""
    with captured(stack) as found:
        stack.python("dashboard", PLANT, "198.51.100.1")
        stack.python("writer", ASK)
    assert found["dashboard"]["found"] == ["a packet to 198.51.100.1"]
    assert found["writer"]["found"] == ["a question for planted.example"]
