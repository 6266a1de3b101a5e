"""Waiting for a condition, with a deadline."""

import asyncio
from collections.abc import AsyncIterator, Callable

from sutazai_kit.bus.port import Delivery

DEADLINE_S = 20


async def until(condition: Callable[[], object], *, within_s: float = DEADLINE_S) -> None:
    """Wait until a condition holds; what it does may block, so it runs in a thread."""
    async with asyncio.timeout(within_s):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110  (there is no event)
            await asyncio.sleep(0.05)


async def take(
    deliveries: AsyncIterator[Delivery], count: int = 1, *, within_s: float = DEADLINE_S
) -> list[Delivery]:
    """Take the next deliveries, or fail at the deadline."""
    async with asyncio.timeout(within_s):
        return [await anext(deliveries) for _ in range(count)]
