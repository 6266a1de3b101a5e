"""Events that this process wrote reach watchers without being read; the record tells all others."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from sutazai.core.runs.feed import MAX_RECENT, EventFeed
from sutazai.core.runs.live import Told
from sutazai.core.runs.model import NewEvent
from sutazai.core.runs.ports import RunRecords
from sutazai_contracts.events import Event, EventType
from sutazai_contracts.identifiers import new_id

TENANT, OTHER, RUN = new_id(), new_id(), new_id()
AT = datetime(2026, 12, 1, tzinfo=UTC)


def new(seq: int, type: EventType = EventType.STEP_PROGRESS) -> NewEvent:
    """Make an event."""
    return NewEvent(RUN, TENANT, seq, type, AT, {"number": seq})


@dataclass
class Record:
    """What was committed, as the tenant whose it is may read it; counts the reads."""

    written: list[NewEvent] = field(default_factory=list)
    reads: int = 0

    async def events(self, tenant: UUID, run: UUID, after: int, limit: int) -> list[Event]:
        """Read the events that follow."""
        self.reads += 1
        found = [e for e in self.written if e.seq > after and (e.run, e.tenant) == (run, tenant)]
        return [
            Event(run=e.run, seq=e.seq, type=e.type, at=e.at, data=dict(e.data))
            for e in sorted(found, key=lambda e: e.seq)[:limit]
        ]


@dataclass
class Place:
    """A feed over a record, and one who watches."""

    record: Record = field(default_factory=Record)
    feed: EventFeed = field(init=False)

    def __post_init__(self) -> None:
        self.feed = EventFeed(cast("RunRecords", self.record))

    def commit(self, *events: NewEvent, told: bool = True) -> None:
        """Write events, and tell of them as the process does that wrote them."""
        self.record.written += events
        if told:
            self.feed.hand(events)

    async def watch(self, tenant: UUID = TENANT) -> AsyncGenerator[Told | None, None]:
        """Open a watcher that has read all there is."""
        stream = self.feed.watch(tenant, RUN, 0, beat_s=0.01)
        assert await anext(stream) is None
        self.record.reads = 0
        return stream


async def take(stream: AsyncGenerator[Told | None, None], count: int) -> Sequence[int]:
    """Take so many events, beats left out."""
    seqs: list[int] = []
    async with asyncio.timeout(10):
        while len(seqs) < count:
            told: Any = await anext(stream)
            if told is not None:
                seqs.append(told.seq)
                assert told.data == {"number": told.seq}
                assert told.at == AT
    return seqs


async def test_what_this_process_wrote_is_not_read() -> None:
    place = Place()
    stream = await place.watch()
    place.commit(new(1), new(2))
    assert await take(stream, 2) == [1, 2]
    place.commit(new(3))
    assert await take(stream, 1) == [3]
    assert place.record.reads == 0
    await stream.aclose()


async def test_what_another_wrote_between_is_read_with_the_rest() -> None:
    place = Place()
    stream = await place.watch()
    place.commit(new(1))
    place.commit(new(2), told=False)
    place.commit(new(3))
    assert await take(stream, 3) == [1, 2, 3]
    assert place.record.reads == 1
    place.commit(new(4))
    assert await take(stream, 1) == [4]
    assert place.record.reads == 1
    await stream.aclose()


async def test_what_is_told_in_another_order_comes_in_its_own() -> None:
    place = Place()
    stream = await place.watch()
    place.record.written += [new(1), new(2)]
    place.feed.hand([new(2)])
    place.feed.hand([new(1)])
    place.commit(new(3))
    assert await take(stream, 3) == [1, 2, 3]
    await stream.aclose()


async def test_what_is_told_twice_comes_once() -> None:
    place = Place()
    stream = await place.watch()
    place.commit(new(1))
    place.feed.hand([new(1)])
    place.commit(new(2, EventType.RUN_CANCELLED))
    assert await take(stream, 2) == [1, 2]
    assert [told async for told in stream] == []
    assert place.feed.watchers == 0


async def test_who_is_far_behind_reads_the_record() -> None:
    place = Place()
    stream = await place.watch()
    for seq in range(1, MAX_RECENT + 11):
        place.commit(new(seq))
    assert await take(stream, MAX_RECENT + 10) == list(range(1, MAX_RECENT + 11))
    assert place.record.reads >= 1
    await stream.aclose()


async def test_another_tenant_is_given_nothing() -> None:
    place = Place()
    stream = await place.watch(OTHER)
    place.commit(new(1))
    assert await anext(stream) is None
    assert place.record.reads == 1
    await stream.aclose()
