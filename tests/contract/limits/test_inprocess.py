"""Limits in process under the contract."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sutazai.adapters.limits.inprocess import SWEEP_EVERY, InProcessLimits
from sutazai.core.limits.port import Rate
from tests.contract.limits.suite import LimitsContract


class TestInProcessLimits(LimitsContract):
    @asynccontextmanager
    async def open_limits(self) -> AsyncIterator[InProcessLimits]:
        yield InProcessLimits()


async def test_keys_that_are_idle_take_no_memory() -> None:
    now = 0.0
    limits = InProcessLimits(lambda: now)
    for number in range(SWEEP_EVERY - 1):
        await limits.take(f"{number}", Rate(burst=2, interval_s=1.0))
    assert limits.keys == SWEEP_EVERY - 1
    now = 3.0
    await limits.take("one more", Rate(burst=2, interval_s=1.0))
    assert limits.keys == 1


@pytest.mark.parametrize(("burst", "interval_s"), [(0, 1.0), (1, 0.0), (1, -1.0)])
def test_what_is_no_rate_is_refused(burst: int, interval_s: float) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Rate(burst, interval_s)


@pytest.mark.parametrize("interval_s", [0.1, 1 / 3, 7e-4, 60.0])
async def test_a_burst_is_whole_whatever_the_interval(interval_s: float) -> None:
    limits = InProcessLimits(lambda: 1_234_567.891)
    rate = Rate(burst=1000, interval_s=interval_s)
    taken = [await limits.take("key", rate) for _ in range(1001)]
    assert [one.remaining for one in taken[:-1]] == [*range(999, -1, -1)]
    assert not taken[-1].allowed
