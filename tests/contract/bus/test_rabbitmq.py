"""The bus on a real RabbitMQ under the bus contract."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sutazai_kit.bus.rabbitmq.bus import RabbitBus, open_rabbit_bus
from sutazai_kit.bus.rabbitmq.topology import Bounds
from tests.contract.bus.suite import BusContract, Capabilities
from tests.support.rabbitmq import RabbitServer

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]  # a server starts first


class TestRabbitBus(BusContract):
    capabilities = Capabilities(all_or_nothing=False, front=False, exact=False)

    @pytest.fixture(autouse=True)
    def server_of_all(self, rabbitmq: RabbitServer) -> None:
        self.server = rabbitmq

    @asynccontextmanager
    async def open_bus(
        self, *, max_length: int = 1000, delivery_limit: int = 20
    ) -> AsyncIterator[RabbitBus]:
        bounds = Bounds(max_length=max_length, delivery_limit=delivery_limit)
        async with open_rabbit_bus(self.server.core, name="contract", declares=bounds) as bus:
            yield bus
