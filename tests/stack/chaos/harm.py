"""What is done to the stack: a process killed, the broker cut off, a full disk, a clock set."""

import os
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from tests.stack.chaos.clock import jump, library, own_clocks
from tests.stack.chaos.effects import AGENT
from tests.stack.product import Product
from tests.stack.running import Stack, eventually, run

SERVICES = (
    "core", "relay", "librarian", "researcher", "writer", "reviewer", AGENT, "embedder",
    "rabbitmq", "redis", "postgres", "qdrant", "neo4j", "consul", "ollama", "kong",
)  # fmt: skip
NETWORK, DISK = "rabbitmq: network cut", "rabbitmq: disk alarm"
# Whose clock jumps, and by how many seconds. Core's goes with Qdrant's, which holds the tokens that
# core makes against the time: on one machine they are never an hour apart.
CLOCKS = {
    "core and qdrant: clock 1 h ahead": (("core", "qdrant"), 3600),
    "core and qdrant: clock 1 h back": (("core", "qdrant"), -3600),
    "postgres: clock 1 h ahead": (("postgres",), 3600),
    "postgres: clock 1 h back": (("postgres",), -3600),
    "researcher: clock 1 h ahead": (("researcher",), 3600),
    "researcher: clock 1 h back": (("researcher",), -3600),
}
VICTIMS = (*SERVICES, NETWORK, DISK, *CLOCKS)
SEEN_S = 180.0


def playable() -> tuple[str, ...]:
    """List the victims that can be had on this machine."""
    return VICTIMS if library() is not None else tuple(v for v in VICTIMS if v not in CLOCKS)


def prepared(stack: Stack, victim: str) -> AbstractContextManager[Stack]:
    """Give the stack as it has to be before a victim can be harmed."""
    if victim in CLOCKS:
        return own_clocks(stack, CLOCKS[victim][0])
    return nullcontext(stack)


def harm(product: Product, victim: str) -> None:
    """Do it; what does not end by itself (a cut, an alarm) is undone once core says it is felt.

    A clock that jumped stays where it is until the end of the round.
    """
    if victim in CLOCKS:
        jump(product, *CLOCKS[victim])
    elif victim == NETWORK:
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
