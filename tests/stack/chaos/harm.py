"""What is done to the stack: a process killed, the broker cut off, its disk said to be full."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.stack.product import Product
from tests.stack.running import eventually, run

SERVICES = (
    "core", "relay", "librarian", "researcher", "writer", "reviewer", "embedder", "rabbitmq",
    "redis", "postgres", "qdrant", "consul", "ollama", "kong",
)  # fmt: skip
NETWORK, DISK = "rabbitmq: network cut", "rabbitmq: disk alarm"
VICTIMS = (*SERVICES, NETWORK, DISK)
SEEN_S = 60.0


def harm(product: Product, victim: str) -> None:
    """Do it; what does not end by itself (a cut, an alarm) is undone once core says it is felt."""
    if victim == NETWORK:
        with _cut(product):
            _felt(product)
    elif victim == DISK:
        with _alarm(product):
            eventually(lambda: "disk" in _alarms(product), within_s=SEEN_S)
    else:
        kill(product, victim)


def kill(product: Product, service: str) -> None:
    """End the main process of a container by SIGKILL, as a crash would: its restart policy acts."""
    made = product.stack.containers()[service]
    pid = int(made["State"]["Pid"])
    assert pid > 1, f"{service} does not run"
    os.kill(pid, signal.SIGKILL)
    eventually(
        lambda: product.stack.containers()[service]["State"]["Pid"] not in (0, pid),
        within_s=SEEN_S,
    )


def _felt(product: Product) -> None:
    assert eventually(lambda: "broker" in product.unwell(), within_s=SEEN_S)


@contextmanager
def _cut(product: Product) -> Iterator[None]:
    made = product.stack.containers()["rabbitmq"]
    [network] = made["NetworkSettings"]["Networks"]
    run("docker", "network", "disconnect", network, made["Id"])
    try:
        yield
    finally:
        run("docker", "network", "connect", "--alias", "rabbitmq", network, made["Id"])


@contextmanager
def _alarm(product: Product) -> Iterator[None]:
    before = _limit(product)
    _control(product, "set_disk_free_limit", "1000000GB")
    try:
        yield
    finally:
        _control(product, "set_disk_free_limit", before)


def _limit(product: Product) -> str:
    told = _control(product, "eval", "rabbit_disk_monitor:get_disk_free_limit().")
    return told.strip()


def _alarms(product: Product) -> str:
    return _control(product, "eval", "rabbit_alarm:get_alarms().")


def _control(product: Product, *command: str) -> str:
    return product.stack.run_in("rabbitmq", "rabbitmqctl", "-q", *command)
