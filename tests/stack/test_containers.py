"""The containers of the running stack: healthy, without root, and without a way out."""

import json
import subprocess

import pytest

from tests.stack.running import Stack, eventually, run

pytestmark = pytest.mark.stack

# Connects, and tells how that went: its answer, or the name of the error.
REACHES = """
import errno, socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3).close()
    print("reached")
except socket.gaierror:
    print("no such name")
except OSError as error:
    print(errno.errorcode.get(error.errno, type(error).__name__))
"""
FINISHED = {"migrate", "consul-rights"}
OURS = {"core", "relay", "embedder", "librarian", "researcher", "reviewer", "writer", "dashboard"}


@pytest.mark.requirement("F1", part="health checks")
def test_every_service_is_healthy_or_done(stack: Stack) -> None:
    def all_are() -> bool:
        containers = stack.containers()
        assert set(containers) == set(stack.configuration()["services"])
        for name, made in containers.items():
            state = made["State"]
            if name in FINISHED:
                assert (state["Status"], state["ExitCode"]) == ("exited", 0), name
            else:
                assert state["Health"]["Status"] == "healthy", name
        return True

    # What was killed or stopped just before is looked at by Docker every 15 s.
    eventually(all_are, within_s=60.0, every_s=1.0)


@pytest.mark.requirement("F1", part="non-root")
def test_no_process_is_root_or_gains_anything(stack: Stack) -> None:
    for name, made in stack.containers().items():
        if name in FINISHED:
            assert made["Config"]["User"] not in ("", "root", "0", "0:0"), name
            continue
        listed = run("docker", "top", made["Id"], "-eo", "pid,uid").splitlines()[1:]
        assert listed, name
        assert "0" not in {line.split()[1] for line in listed}, name
        assert made["HostConfig"]["ReadonlyRootfs"], name
        assert made["HostConfig"]["CapDrop"] == ["ALL"], name


@pytest.mark.requirement("G3", part="everything bound to 127.0.0.1")
def test_what_is_published_listens_on_this_machine_alone(stack: Stack) -> None:
    found = {
        name: {place["HostIp"] for places in ports.values() for place in places or ()}
        for name, made in stack.containers().items()
        if (ports := made["NetworkSettings"]["Ports"])
    }
    assert {name: ips for name, ips in found.items() if ips} == {
        "kong": {"127.0.0.1"},
        "dashboard": {"127.0.0.1"},
    }


@pytest.mark.parametrize("service", sorted(OURS - {"dashboard"}))
@pytest.mark.requirement("A1", part="the stack: no container has a way out")
def test_there_is_no_way_out(stack: Stack, service: str) -> None:
    assert stack.python(service, REACHES, "198.51.100.1", "443") == "ENETUNREACH"


@pytest.mark.parametrize("service", sorted(OURS))
def test_no_name_outside_is_known(stack: Stack, service: str) -> None:
    assert stack.python(service, REACHES, "example.org", "443") == "no such name"


@pytest.mark.parametrize(
    ("service", "host", "port", "answer"),
    [
        ("core", "postgres", 5432, "reached"),
        ("core", "redis", 6379, "reached"),
        ("writer", "rabbitmq", 5672, "reached"),
        ("writer", "core", 10012, "reached"),
        ("writer", "postgres", 5432, "no such name"),
        ("writer", "redis", 6379, "no such name"),
        ("dashboard", "core", 10010, "reached"),
        ("dashboard", "rabbitmq", 5672, "no such name"),
        ("dashboard", "postgres", 5432, "no such name"),
        ("embedder", "postgres", 5432, "no such name"),
        # Erlang's own ports, by which whoever holds the cookie commands the node.
        ("writer", "rabbitmq", 4369, "ECONNREFUSED"),
        ("writer", "rabbitmq", 25672, "ECONNREFUSED"),
    ],
)
def test_who_reaches_whom(stack: Stack, service: str, host: str, port: int, answer: str) -> None:
    assert stack.python(service, REACHES, host, str(port)) == answer


@pytest.mark.requirement("F1", part="images < 1 GB")
def test_images_hold_no_secret_and_little_else(images: None) -> None:
    for name in ("sutazai/core:dev", "sutazai/dashboard:dev"):
        [made] = json.loads(run("docker", "image", "inspect", name))
        assert made["Size"] < 1_000_000_000, name
        assert made["Config"]["User"] == "10001:10001", name
    kept = (
        "import importlib.util as i; print([m for m in ('torch', 'pip', 'onnx') if i.find_spec(m)])"
    )
    shell = ["docker", "run", "--rm", "--network=none", "--read-only", "--entrypoint"]
    assert run(*shell, "python", "sutazai/core:dev", "-c", kept).strip() == "[]"
    done = subprocess.run(
        [*shell, "sh", "sutazai/core:dev", "-c", "ls /run/secrets /stack"], capture_output=True
    )
    assert done.returncode != 0


def test_the_embedder_writes_nothing(stack: Stack) -> None:
    assert stack.run_in("embedder", "find", "/tmp", "/var/lib/sutazai", "-type", "f").strip() == ""
