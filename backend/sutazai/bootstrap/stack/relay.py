"""The relay: wake-ups from the outbox to RabbitMQ, in a process of its own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from sutazai.bootstrap.background import background
from sutazai.bootstrap.stack.places import broker, role_urls
from sutazai.core.tasks.relay import Relay
from sutazai.records.bell import listen
from sutazai.records.database import Database, open_database
from sutazai.records.ledger import SqlLedger
from sutazai.records.roles import DatabaseUrls
from sutazai.stack_settings import StackSettings
from sutazai_contracts.errors import BusUnavailable
from sutazai_kit.bus.rabbitmq.bus import RabbitBus, open_rabbit_bus
from sutazai_kit.bus.rabbitmq.topology import Bounds


@dataclass(frozen=True)
class OpenRelay:
    """The relay at work."""

    relay: Relay
    database: Database
    bus: RabbitBus
    metrics: CollectorRegistry

    async def check(self) -> None:
        """Raise `Unavailable` where wake-ups can't get through now."""
        await self.database.ping()
        if self.bus.problem:
            raise BusUnavailable(self.bus.problem)


@asynccontextmanager
async def open_relay(stack: StackSettings) -> AsyncIterator[OpenRelay]:
    """Publish wake-ups until the end of the block.

    Raises:
        DatabaseUnavailable: the database does not answer.
        InvalidInput: a secret is missing.
    """
    # It is the worker alone: no tenant's rows but wake-ups, and nothing as the application.
    worker = role_urls(stack.database).worker
    urls = DatabaseUrls(owner="", app=worker, worker=worker)
    async with AsyncExitStack() as life:
        database = await life.enter_async_context(open_database(urls, pool_size=2))
        bus = await life.enter_async_context(
            open_rabbit_bus(broker(stack.broker), name="relay", declares=Bounds())
        )
        relay = Relay(SqlLedger(database), bus)
        metrics = CollectorRegistry()
        ProcessCollector(registry=metrics)
        metrics.register(_Sent(relay))
        await life.enter_async_context(
            background(relay=relay.run(), bell=listen(worker, relay.tell))
        )
        yield OpenRelay(relay, database, bus, metrics)


class _Sent(Collector):
    """Read what the relay did when asked."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def collect(self) -> list[Metric]:
        """Give the present values."""
        return [
            CounterMetricFamily(
                "sutazai_wake_ups_sent", "Wake-ups that left the outbox.", value=self._relay.sent
            )
        ]
