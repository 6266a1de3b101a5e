"""Limits by a real Redis under the contract; and by this process while it is lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from sutazai.adapters.limits.redis import PREFIX, RedisLimits
from sutazai.adapters.redis_client import ANSWER_S
from sutazai.core.limits.port import Rate
from sutazai.core.limits.requests import RequestLimit
from sutazai_contracts.errors import RateLimited
from tests.contract.limits.suite import SLOW, LimitsContract
from tests.support.redis import RedisServer, link_to, redis_server

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


class TestRedisLimits(LimitsContract):
    @pytest.fixture(autouse=True)
    def _given(self, server: RedisServer) -> None:
        self.server = server

    @asynccontextmanager
    async def open_limits(self) -> AsyncIterator[RedisLimits]:
        async with link_to(self.server) as link:
            yield RedisLimits(link)

    async def test_two_processes_count_together(self, server: RedisServer) -> None:
        key = f"test:{uuid4()}"
        async with self.open_limits() as one, self.open_limits() as two:
            taken = await asyncio.gather(
                *(limits.take(key, SLOW) for limits in (one, two) for _ in range(5))
            )
        assert sum(decision.allowed for decision in taken) == 3

    async def test_what_is_counted_is_forgotten_by_itself(self, server: RedisServer) -> None:
        key = f"test:{uuid4()}"
        async with self.open_limits() as limits, server.plain() as client:
            await limits.take(key, Rate(burst=5, interval_s=2.0))
            assert 0 < await client.pttl(PREFIX + key) <= 2000

    @pytest.mark.requirement("B4", part="rate limits")
    async def test_requests_of_a_caller_are_counted_by_all_processes_together(
        self, server: RedisServer
    ) -> None:
        tenant, caller, other = uuid4(), uuid4(), uuid4()
        async with self.open_limits() as one, self.open_limits() as two:
            core = [RequestLimit(limits, SLOW) for limits in (one, two)]
            for requests in (*core, core[0]):
                await requests.take(tenant, caller)
            for requests in core:
                with pytest.raises(RateLimited, match="SUTAZAI_API_RATE_PER_S") as refused:
                    await requests.take(tenant, caller)
                assert 900 < refused.value.retry_after_s <= 1000
                await requests.take(tenant, other)

    async def test_a_decision_is_one_command(self, server: RedisServer) -> None:
        key = f"test:{uuid4()}"
        async with self.open_limits() as limits, server.plain() as client:
            await limits.take(key, SLOW)
            before = await client.info("commandstats")
            for _ in range(10):
                await limits.take(key, SLOW)
            after = await client.info("commandstats")
        sent = {
            name: stats["calls"] - before.get(name, {"calls": 0})["calls"]
            for name, stats in after.items()
        }
        # The script itself asks for the time and the number, and writes the number if it may.
        assert {name: calls for name, calls in sent.items() if calls} == {
            "cmdstat_evalsha": 10,
            "cmdstat_time": 10,
            "cmdstat_get": 10,
            "cmdstat_set": 2,
            "cmdstat_info": 1,
        }

    async def test_of_many_at_once_nobody_is_passed_by(self, server: RedisServer) -> None:
        """Who waits while others pass takes Redis for lost in the end, however well it does."""
        taken = [0] * 100
        seldom: list[int] = []

        async def ask(limits: RedisLimits, number: int) -> None:
            for _ in range(20):
                await limits.take(f"test:{number}", SLOW)
                taken[number] += 1
            seldom.append(min(taken))

        async with link_to(server) as link:
            limits = RedisLimits(link)
            await asyncio.gather(*(ask(limits, number) for number in range(len(taken))))
            assert link.failures == 0
        assert seldom[0] >= 10

    async def test_a_redis_that_knows_no_script_any_more_is_told(self, server: RedisServer) -> None:
        key = f"test:{uuid4()}"
        async with self.open_limits() as limits, server.plain() as client:
            assert (await limits.take(key, SLOW)).remaining == 2
            await client.script_flush()
            assert [(await limits.take(key, SLOW)).remaining for _ in range(2)] == [1, 0]

    async def test_while_redis_is_lost_this_process_counts(self, server: RedisServer) -> None:
        key = f"test:{uuid4()}"
        async with link_to(server, ANSWER_S) as link:
            limits = RedisLimits(link)
            with server.held_up():
                taken = [await limits.take(key, SLOW) for _ in range(5)]
                await limits.forget(f"{key}:other")
            assert [one.allowed for one in taken] == [True] * 3 + [False] * 2
