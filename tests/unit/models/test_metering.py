"""Calls on their way to the record: batched, kept through an outage, written at a stop."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from sutazai.core.models.metering import BATCH, Metering
from sutazai.core.models.model import CallRecord, ModelUse
from sutazai_contracts.errors import DatabaseUnavailable
from sutazai_contracts.identifiers import new_id
from tests.unit.kit.virtual_time import until, virtual_time
from tests.unit.models.test_lines import DONE, request


@dataclass
class Records:
    """A record that may be away, or slow."""

    down: bool = False
    slow_s: float = 0.0
    writes: list[list[UUID]] = field(default_factory=list)

    async def keep_calls(self, calls: Sequence[CallRecord]) -> None:
        if self.down:
            raise DatabaseUnavailable
        await asyncio.sleep(self.slow_s)
        self.writes.append([call.id for call in calls])

    async def used(self, tenant: UUID, since: datetime) -> list[ModelUse]:
        return []


def call() -> CallRecord:
    return CallRecord(new_id(), request(), 0.0, DONE, datetime(2026, 11, 20, tzinfo=UTC))


@virtual_time
async def test_calls_are_written_together_in_their_order() -> None:
    records = Records()
    metering = Metering(records)
    running = asyncio.create_task(metering.run())
    calls = [call() for _ in range(BATCH + 20)]
    for one in calls:
        metering.keep(one)
    await until(lambda: sum(map(len, records.writes)) == len(calls), 5)
    assert [len(write) for write in records.writes] == [BATCH, 20]
    assert [id for write in records.writes for id in write] == [one.id for one in calls]
    metering.keep(late := call())
    await until(lambda: records.writes[-1] == [late.id], 5)
    running.cancel()


@virtual_time
async def test_an_outage_loses_nothing() -> None:
    records = Records(down=True)
    metering = Metering(records)
    running = asyncio.create_task(metering.run())
    metering.keep(first := call())
    await asyncio.sleep(10)
    metering.keep(second := call())
    records.down = False
    await until(lambda: records.writes, 5)
    assert records.writes == [[first.id, second.id]]
    running.cancel()


@virtual_time
async def test_of_too_many_the_oldest_go_also_while_they_are_written() -> None:
    records = Records(slow_s=1)
    metering = Metering(records, most=2)
    calls = [call() for _ in range(3)]
    metering.keep(calls[0])
    metering.keep(calls[1])
    writing = asyncio.create_task(metering.flush())
    await asyncio.sleep(0.5)
    metering.keep(calls[2])
    await writing
    assert records.writes == [[calls[0].id, calls[1].id], [calls[2].id]]


@virtual_time
async def test_a_stop_writes_what_waits_and_does_not_wait_for_a_database_that_is_away() -> None:
    records = Records()
    metering = Metering(records)
    metering.keep(one := call())
    await metering.finish()
    assert records.writes == [[one.id]]
    for away in (Records(down=True), Records(slow_s=3600)):
        metering = Metering(away)
        metering.keep(call())
        begun = asyncio.get_running_loop().time()
        await metering.finish(2)
        assert asyncio.get_running_loop().time() - begun <= 2
