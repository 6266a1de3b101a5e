"""A run as it goes: its durable events, and between them what its agents say.

Watchers pull. Nothing is queued for one that is slow: it is given events when it is ready for them,
from the record, or from the newest few of a run where this process wrote these; and of the live
text it gets in one piece what it missed.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from itertools import islice
from uuid import UUID

from loguru import logger

from sutazai.core.runs.live import NOTHING, Standing, TextGiven, Told, ending
from sutazai.core.runs.model import NewEvent
from sutazai.core.runs.ports import RunRecords
from sutazai_contracts.errors import Unavailable
from sutazai_contracts.events import Event, EventType
from sutazai_contracts.frames import Frame
from sutazai_kit.live.port import Live, LiveText

PAGE = 500
# The newest events kept of one watched run; who is further behind reads the record.
MAX_RECENT = 64
# Texts kept of one watched run; past it the task that was silent longest goes.
MAX_TEXTS = 64
# How long a step's success is held back for the last of its text, where some is known to come.
SETTLE_S = 0.25
# Pause before live text is asked for again where its carrier does not answer.
AGAIN_S = 1.0


@dataclass(slots=True, eq=False)
class _Watcher:
    """One open stream: the last event it was given, and whether there may be more for it."""

    after: int
    due: bool = True
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def heard(self, within_s: float) -> bool:
        """Wait for news; false where there is none in this time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.news.wait()
        heard = self.news.is_set()
        self.news.clear()
        return heard


@dataclass(slots=True, eq=False)
class _Watched:
    """A run that is watched: by whom, its live text, and reads of its events under way."""

    watchers: set[_Watcher] = field(default_factory=set)
    texts: dict[UUID, LiveText] = field(default_factory=dict)
    primed: asyncio.Event = field(default_factory=asyncio.Event)
    listening: asyncio.Task[None] | None = None
    reads: dict[int, asyncio.Task[list[Event]]] = field(default_factory=dict)
    recent: deque[Event] = field(default_factory=lambda: deque(maxlen=MAX_RECENT))
    tenant: UUID | None = None

    def hand(self, new: NewEvent) -> None:
        """Keep an event that was just written; those that are kept follow one another."""
        newest = self.recent[-1].seq if self.recent else new.seq - 1
        if new.seq > newest + 1:
            self.recent.clear()  # another wrote what is between
        if new.seq > newest:
            event = Event(run=new.run, seq=new.seq, type=new.type, at=new.at, data=dict(new.data))
            self.recent.append(event)
            self.tenant = new.tenant

    def following(self, tenant: UUID, after: int) -> list[Event]:
        """Give the events after one, as far as they are kept; none where the next is not."""
        first = after + 1 - self.recent[0].seq if self.recent else -1
        if first < 0 or self.tenant != tenant:
            return []
        return list(islice(self.recent, first, None))

    def tell(self, behind: int | None = None) -> None:
        """Wake all, or those that have not come to an event: there is something to read."""
        # A read that began before now may miss it.
        self.reads.clear()
        for watcher in self.watchers:
            if behind is None or watcher.after < behind:
                watcher.due = True
                watcher.news.set()

    def take(self, frames: Collection[Frame]) -> None:
        """Add what was said, and wake all."""
        for frame in frames:
            text = self.texts.pop(frame.task, None) or LiveText()
            self.texts[frame.task] = text
            text.take(frame)
        while len(self.texts) > MAX_TEXTS:
            del self.texts[next(iter(self.texts))]
        if frames:
            for watcher in self.watchers:
                watcher.news.set()


@dataclass(slots=True)
class EventFeed:
    """Wake the watchers of runs that have new events or live text.

    Commits of this process hand over what they wrote; a look every second finds what others wrote,
    by one statement for all watchers.
    """

    records: RunRecords
    live: Live | None = None
    poll_s: float = 1.0
    closed: bool = False
    _watched: dict[UUID, _Watched] = field(default_factory=dict)

    def tell(self, runs: Collection[UUID]) -> None:
        """Wake the watchers of these runs."""
        for run in runs:
            if run in self._watched:
                self._watched[run].tell()

    def hand(self, events: Sequence[NewEvent]) -> None:
        """Give events that were just committed to the watchers of their runs."""
        watched = [event for event in events if event.run in self._watched]
        for event in watched:
            self._watched[event.run].hand(event)
        self.tell({event.run for event in watched})

    def close(self) -> None:
        """End all watching: the platform stops, and watchers come back to the next one."""
        self.closed = True
        self.tell(list(self._watched))

    async def run(self) -> None:
        """Look for events written elsewhere, until cancelled."""
        while True:
            await asyncio.sleep(self.poll_s)
            if not self._watched:
                continue
            try:
                newest = await self.records.last_seqs(list(self._watched))
            except Unavailable as exc:
                logger.warning("Events can't be read now: {}", exc)
                continue
            for run, watched in self._watched.items():
                # One that is slow to take what it is given must not set the others to reading.
                watched.tell(behind=newest.get(run, 0))

    async def watch(
        self,
        tenant: UUID,
        run: UUID,
        after: int = 0,
        *,
        standing: Standing = NOTHING,
        beat_s: float = 15.0,
    ) -> AsyncGenerator[Told | None, None]:
        """Give the events of a run that follow `after`, in order, until its terminal one.

        Between them comes live text, as far as it is known: after the start of the attempt that
        says it and before its end. Yields `None` whenever nothing came for `beat_s` seconds.

        Args:
            tenant: whose run it is.
            run: which.
            after: the last event the watcher has.
            standing: the run as it was read before, for text of attempts that began before `after`.
            beat_s: seconds.
        """
        watcher = _Watcher(after)
        watched = self._enter(run, watcher)
        given = TextGiven(watched.texts, standing)
        try:
            await self._primed(watched)
            while not self.closed:
                if watcher.due:
                    page = self._page(tenant, run, watched, watcher, given)
                    async with aclosing(page) as events:
                        async for told in events:
                            yield told
                            if isinstance(told, Event) and told.type.terminal:
                                return
                    given.reach(watcher.after)
                for told in given.fresh():
                    yield told
                if not watcher.due and not await watcher.heard(beat_s):
                    yield None
        finally:
            self._leave(run, watched, watcher)

    @property
    def watchers(self) -> int:
        """Count who watches."""
        return sum(len(watched.watchers) for watched in self._watched.values())

    async def _page(
        self, tenant: UUID, run: UUID, watched: _Watched, watcher: _Watcher, given: TextGiven
    ) -> AsyncGenerator[Told, None]:
        """Give a page of the events that follow, each with the text that belongs around it."""
        watcher.due = False
        events = await self._read(tenant, run, watched, watcher.after)
        for event in events:
            await self._settle(watched, watcher, event)
            for told in given.before(event):
                yield told
            watcher.after = event.seq
            yield event
            for told in given.after(event):
                yield told
        watcher.due = watcher.due or len(events) == PAGE

    async def _read(self, tenant: UUID, run: UUID, watched: _Watched, after: int) -> list[Event]:
        """Give events that are kept, or read them once for all that stand at the same place."""
        if kept := watched.following(tenant, after):
            return kept
        reading = watched.reads.get(after)
        if reading is None:
            reading = asyncio.create_task(self.records.events(tenant, run, after, PAGE))
            watched.reads[after] = reading

            def done(read: asyncio.Task[list[Event]]) -> None:
                if watched.reads.get(after) is read:
                    del watched.reads[after]
                if not read.cancelled():
                    read.exception()  # whoever waited has it; there may be none left

            reading.add_done_callback(done)
        # A watcher that leaves takes no other's read with it.
        return await asyncio.shield(reading)

    async def _settle(self, watched: _Watched, watcher: _Watcher, event: Event) -> None:
        """Wait, not for long, for the end of the text of a step that succeeded."""
        ended = ending(event)
        if ended is None or event.type is not EventType.STEP_SUCCEEDED:
            return
        text = watched.texts.get(ended[0])
        loop = asyncio.get_running_loop()
        until = loop.time() + SETTLE_S
        while text is not None and text.attempt == ended[1] and not text.ended:
            if loop.time() >= until:
                return
            await watcher.heard(until - loop.time())

    def _enter(self, run: UUID, watcher: _Watcher) -> _Watched:
        watched = self._watched.setdefault(run, _Watched())
        watched.watchers.add(watcher)
        if watched.listening is None:
            watched.listening = asyncio.create_task(self._listen(run, watched))
        return watched

    def _leave(self, run: UUID, watched: _Watched, watcher: _Watcher) -> None:
        watched.watchers.discard(watcher)
        if not watched.watchers:
            del self._watched[run]
            if watched.listening is not None:
                watched.listening.cancel()

    async def _primed(self, watched: _Watched) -> None:
        """Wait for the text so far, where it comes at once."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                await watched.primed.wait()

    async def _listen(self, run: UUID, watched: _Watched) -> None:
        """Take what is said in a run; events go on where nothing carries it."""
        while self.live is not None:
            try:
                async with aclosing(self.live.watch(run)) as batches:
                    async for frames in batches:
                        watched.take(frames)
                        watched.primed.set()
                break
            except Unavailable as exc:
                logger.warning("No live text of run {} now: {}", run, exc)
            watched.primed.set()
            await asyncio.sleep(AGAIN_S)
        watched.primed.set()
