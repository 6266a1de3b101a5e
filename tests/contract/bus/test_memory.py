"""The bus in process under the bus contract."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sutazai_kit.bus.memory import MemoryBus
from tests.contract.bus.suite import BusContract, Capabilities


class TestMemoryBus(BusContract):
    capabilities = Capabilities(all_or_nothing=True, front=True, exact=True)

    @asynccontextmanager
    async def open_bus(
        self, *, max_length: int = 1000, delivery_limit: int = 20
    ) -> AsyncIterator[MemoryBus]:
        bus = MemoryBus(max_length=max_length, delivery_limit=delivery_limit)
        yield bus
        await bus.aclose()
