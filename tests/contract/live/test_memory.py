"""Live text in process under the contract."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sutazai_kit.live.memory import MemoryLive
from tests.contract.live.suite import LiveContract


class TestMemoryLive(LiveContract):
    @asynccontextmanager
    async def open_live(
        self,
        *,
        cap: int = 1000,
        max_tasks: int = 100,
        ttl_s: float = 60.0,
        linger_s: float = 60.0,
    ) -> AsyncIterator[MemoryLive]:
        live = MemoryLive(cap=cap, max_tasks=max_tasks, ttl_s=ttl_s, linger_s=linger_s)
        yield live
        await live.aclose()
