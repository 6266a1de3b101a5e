"""Live text in process: between the agents and the watchers of one event loop."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from uuid import UUID

from sutazai_contracts.frames import Frame
from sutazai_kit.live.port import CAP, LiveText

# More than the slots of all agents in a process; past it the tasks that were silent longest go.
MAX_TASKS = 256
# Longer than a prompt of a long document takes before its first token on two cores.
TTL_S = 900.0
# How long a text that is complete stays: its durable event is on its way.
LINGER_S = 15.0


@dataclass(slots=True)
class _Kept:
    """One task's text, whose run it is, and until when it is kept (loop clock)."""

    run: UUID
    text: LiveText
    until: float


@dataclass(slots=True, eq=False)
class _Watcher:
    """What a watcher was given of each task (version, offset, end), and which have news for it."""

    due: set[UUID] = field(default_factory=set)
    given: dict[UUID, tuple[tuple[int, int], int, bool]] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)


class MemoryLive:
    """Keep the text of each task that speaks, up to a bound, and wake who watches its run.

    Nothing is queued for a watcher: it is given what it misses of the text when it asks.
    """

    def __init__(
        self,
        *,
        cap: int = CAP,
        max_tasks: int = MAX_TASKS,
        ttl_s: float = TTL_S,
        linger_s: float = LINGER_S,
    ) -> None:
        """Take the bounds.

        Args:
            cap: code points kept of one task.
            max_tasks: tasks kept at once.
            ttl_s: seconds a text is kept after its newest frame.
            linger_s: seconds a text is kept after it was completed.
        """
        self._cap, self._max_tasks = cap, max_tasks
        self._ttl_s, self._linger_s = ttl_s, linger_s
        self._kept: dict[UUID, _Kept] = {}  # the task that spoke last is the last one
        self._watchers: dict[UUID, set[_Watcher]] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    def publish(self, frame: Frame) -> None:
        """Add a frame to its task's text and wake who watches."""
        if self._closed:
            return
        kept = self._kept.pop(frame.task, None) or _Kept(frame.run, LiveText(self._cap), 0)
        self._kept[frame.task] = kept
        if not kept.text.take(frame):
            return
        self._keep(kept, self._linger_s if kept.text.ended else self._ttl_s)
        while len(self._kept) > self._max_tasks:
            self._drop(next(iter(self._kept)))
        for watcher in self._watchers.get(frame.run, ()):
            watcher.due.add(frame.task)
            watcher.news.set()

    async def close(self, task: UUID, attempt: int) -> None:
        """Mark an attempt's text as complete."""
        kept = self._kept.get(task)
        if kept is None or kept.text.attempt != attempt:
            return
        self.publish(
            Frame(
                task=task,
                run=kept.run,
                step=kept.text.step,
                attempt=attempt,
                revision=kept.text.revision,
                offset=kept.text.end,
                text="",
                last=True,
            )
        )

    async def watch(self, run: UUID) -> AsyncGenerator[list[Frame], None]:
        """Give what is there of a run's tasks, then what they say further."""
        watcher = _Watcher({task for task, kept in self._kept.items() if kept.run == run})
        self._watchers.setdefault(run, set()).add(watcher)
        try:
            yield self._missing(watcher)
            while not self._closed:
                await watcher.news.wait()
                watcher.news.clear()
                if batch := self._missing(watcher):
                    yield batch
        finally:
            self._watchers[run].discard(watcher)
            if not self._watchers[run]:
                del self._watchers[run]

    async def aclose(self) -> None:
        """Forget all text and end all watching."""
        self._closed = True
        self._kept.clear()
        if self._sweep is not None:
            self._sweep.cancel()
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.news.set()

    @property
    def tasks(self) -> int:
        """Count the tasks whose text is kept."""
        return len(self._kept)

    @property
    def watchers(self) -> int:
        """Count who watches."""
        return sum(len(watchers) for watchers in self._watchers.values())

    def _missing(self, watcher: _Watcher) -> list[Frame]:
        """Give a watcher what it was not given yet, one frame per task that has news."""
        due, watcher.due = watcher.due, set()
        frames = (self._next(watcher, task) for task in due)
        return [frame for frame in frames if frame is not None]

    def _next(self, watcher: _Watcher, task: UUID) -> Frame | None:
        kept = self._kept[task]
        text = kept.text
        version, offset, ended = watcher.given.get(task, ((0, 0), 0, False))
        begin, piece = text.since(offset if version == text.version else 0)
        if version == text.version and not piece and ended == text.ended:
            return None
        watcher.given[task] = (text.version, text.end, text.ended)
        return Frame(
            task=task,
            run=kept.run,
            step=text.step,
            attempt=text.attempt,
            revision=text.revision,
            offset=begin,
            text=piece,
            last=text.ended,
        )

    def _keep(self, kept: _Kept, seconds: float) -> None:
        """Keep a text for so long from now."""
        kept.until = asyncio.get_running_loop().time() + seconds
        if self._sweep is None or kept.until < self._sweep.when():
            self._sweep_at(kept.until)

    def _sweep_at(self, when: float) -> None:
        if self._sweep is not None:
            self._sweep.cancel()
        self._sweep = asyncio.get_running_loop().call_at(when, self._forget_old)

    def _forget_old(self) -> None:
        """Drop what was kept long enough, and come again when the next one is due."""
        now, self._sweep = asyncio.get_running_loop().time(), None
        for task in [task for task, kept in self._kept.items() if kept.until <= now]:
            self._drop(task)
        if self._kept:
            self._sweep_at(min(kept.until for kept in self._kept.values()))

    def _drop(self, task: UUID) -> None:
        run = self._kept.pop(task).run
        for watcher in self._watchers.get(run, ()):
            watcher.due.discard(task)
            watcher.given.pop(task, None)
