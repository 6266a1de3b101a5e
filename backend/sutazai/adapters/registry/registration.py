"""A process in Consul: registered with a check that Consul makes, kept so, forgotten at its end."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from loguru import logger

from sutazai.adapters.registry.consul_client import ConsulClient
from sutazai_contracts.errors import Unavailable

# A process that is killed has to be shown as down within 10 s: three failures, one every 2 s.
CHECK_EVERY, CHECK_TIMEOUT, FAILURES = "2s", "1s", 3
# Consul takes a minute at least; whoever only stood still registers again by itself.
FORGET_AFTER = "1m"
LOOK_EVERY_S = 5.0
LEAVE_S = 2.0


@dataclass(frozen=True)
class Registration:
    """One service of this process.

    name: the service's name, which Consul's DNS answers to.
    id: this instance of it, unique.
    port: where others reach it.
    address: where others reach it; None: this machine's address on the way to Consul.
    health: path that answers 200 while it is well.
    meta: what others read of it; values up to 512 characters.
    """

    name: str
    id: str
    port: int
    address: str | None = None
    health: str = "/health/live"
    meta: Mapping[str, str] = field(default_factory=dict)

    def definition(self, own_address: str) -> dict[str, Any]:
        """Give it as Consul's agent API takes it."""
        address = self.address or own_address
        return {
            "Name": self.name,
            "ID": self.id,
            "Address": address,
            "Port": self.port,
            "Meta": {key: value[:512] for key, value in self.meta.items()},
            "Check": {
                "Name": f"{self.name} answers",
                "HTTP": f"http://{address}:{self.port}{self.health}",
                "Interval": CHECK_EVERY,
                "Timeout": CHECK_TIMEOUT,
                "FailuresBeforeCritical": FAILURES,
                "DeregisterCriticalServiceAfter": FORGET_AFTER,
                # It registers once it answers; the first check is not waited for.
                "Status": "passing",
            },
        }


@asynccontextmanager
async def registered(consul: ConsulClient, services: Sequence[Registration]) -> AsyncIterator[None]:
    """Keep services registered until the end of the block; a Consul that is away is waited for."""
    keeping = asyncio.create_task(_keep(consul, services), name="registration")
    try:
        yield
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                for service in services:
                    await consul.deregister(service.id)


async def _keep(consul: ConsulClient, services: Sequence[Registration]) -> None:
    """Register what Consul does not know: at the start, after it lost its data or forgot us."""
    away = False
    while True:
        try:
            for service in services:
                if not await consul.knows(service.id):
                    own = "" if service.address else await asyncio.to_thread(way_to, consul.url)
                    await consul.register(service.definition(own))
                    logger.info("Registered in Consul as {} ({})", service.name, service.id)
            away = False
        except Unavailable as exc:
            if not away:
                logger.warning("Not registered in Consul now: {}", exc)
            away = True
        await asyncio.sleep(LOOK_EVERY_S)


def way_to(url: str) -> str:
    """Give the address of this machine on the way to a server, without sending it anything.

    Raises:
        Unavailable: the server's name is not known now.
    """
    parts = urlsplit(url)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((parts.hostname or "", parts.port or 80))
        except OSError as exc:
            raise Unavailable(f"{parts.hostname} is not known here now: {exc}") from exc
        return str(probe.getsockname()[0])
