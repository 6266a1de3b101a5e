"""What every limits port has to do. An adapter's test subclasses `LimitsContract` and opens it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from uuid import uuid4

import pytest

from sutazai.core.limits.port import Limits, Rate

# Nothing is earned again while a test runs, however slow the machine.
SLOW = Rate(burst=3, interval_s=1000.0)
QUICK = Rate(burst=2, interval_s=0.05)


class LimitsContract:
    """The contract; see `sutazai.core.limits.port`."""

    def open_limits(self) -> AbstractAsyncContextManager[Limits]:
        """Open the port."""
        raise NotImplementedError

    @pytest.fixture
    async def limits(self) -> AsyncIterator[Limits]:
        async with self.open_limits() as limits:
            yield limits

    @pytest.fixture
    def key(self) -> str:
        return f"test:{uuid4()}"

    async def test_a_burst_is_allowed_and_counted_down(self, limits: Limits, key: str) -> None:
        taken = [await limits.take(key, SLOW) for _ in range(3)]
        assert [(one.allowed, one.remaining) for one in taken] == [(True, 2), (True, 1), (True, 0)]

    async def test_past_the_burst_it_is_said_when_to_come_again(
        self, limits: Limits, key: str
    ) -> None:
        for _ in range(3):
            await limits.take(key, SLOW)
        refused = await limits.take(key, SLOW)
        assert (refused.allowed, refused.remaining) == (False, 0)
        assert 900 < refused.retry_after_s <= 1000

    async def test_what_is_refused_counts_for_nothing(self, limits: Limits, key: str) -> None:
        for _ in range(3):
            await limits.take(key, SLOW)
        waits = [(await limits.take(key, SLOW)).retry_after_s for _ in range(20)]
        assert max(waits) <= 1000

    async def test_it_is_earned_again_by_time_one_by_one(self, limits: Limits, key: str) -> None:
        begun = time.monotonic()
        for _ in range(2):
            assert (await limits.take(key, QUICK)).allowed
        async with asyncio.timeout(10):
            for _ in range(4):
                while not (decision := await limits.take(key, QUICK)).allowed:
                    assert 0 < decision.retry_after_s <= QUICK.interval_s
                    await asyncio.sleep(decision.retry_after_s)
        # Six in all, two of them at once: the other four took four intervals.
        assert time.monotonic() - begun >= 4 * QUICK.interval_s * 0.95

    async def test_a_quicker_rate_holds_nobody_to_what_the_slower_one_owed(
        self, limits: Limits, key: str
    ) -> None:
        for _ in range(4):
            await limits.take(key, SLOW)
        taken = [await limits.take(key, QUICK) for _ in range(QUICK.burst)]
        assert all(one.allowed for one in taken)

    async def test_keys_are_counted_apart(self, limits: Limits, key: str) -> None:
        for _ in range(3):
            await limits.take(key, SLOW)
        assert not (await limits.take(key, SLOW)).allowed
        assert (await limits.take(f"{key}:other", SLOW)).allowed

    async def test_what_is_forgotten_begins_anew(self, limits: Limits, key: str) -> None:
        for _ in range(4):
            await limits.take(key, SLOW)
        await limits.forget(key)
        assert (await limits.take(key, SLOW)).remaining == 2
        await limits.forget(f"{key}:never seen")

    async def test_of_many_at_once_no_more_get_through(self, limits: Limits, key: str) -> None:
        taken = await asyncio.gather(*(limits.take(key, SLOW) for _ in range(50)))
        assert sum(one.allowed for one in taken) == 3
