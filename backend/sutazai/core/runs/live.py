"""Live text between durable events: what one watcher was given, and what it may be given now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sutazai_contracts.events import Event, EventType
from sutazai_contracts.frames import StepReset, StepText
from sutazai_kit.live.port import LiveText

# What a watcher of a run is told; only an `Event` is durable.
Told = Event | StepText | StepReset

_ENDS = (EventType.STEP_SUCCEEDED, EventType.STEP_FAILED)


@dataclass(frozen=True, slots=True)
class Standing:
    """A run as the record had it right after its event `seq`: which attempts were at work."""

    seq: int
    attempts: Mapping[UUID, int]


NOTHING = Standing(0, {})


@dataclass(slots=True)
class TextGiven:
    """Follow one watcher's stream and say where live text fits into it.

    Text of an attempt is given after its `step.started` and before the event that ends it; text of
    any other attempt is not. A revision is given after a reset. `texts` are the run's, which
    change; each piece that is given begins where the one before it ended, whatever was said
    meanwhile.
    """

    texts: Mapping[UUID, LiveText]
    standing: Standing
    _running: dict[UUID, int] = field(default_factory=dict)
    _given: dict[UUID, tuple[tuple[int, int], int]] = field(default_factory=dict)
    _stands: bool = False

    def reach(self, seq: int) -> None:
        """Hear that all events up to `seq` were given."""
        # A stream that was resumed was told of these attempts before.
        if not self._stands and seq >= self.standing.seq:
            self._stands = True
            for task, attempt in self.standing.attempts.items():
                self._running.setdefault(task, attempt)

    def before(self, event: Event) -> Iterator[Told]:
        """Give what has to come before an event: the rest of the text of an attempt it ends."""
        self.reach(event.seq - 1)
        if (ended := ending(event)) is not None:
            task, attempt = ended
            self._running[task] = attempt
            yield from self._next(task)

    def after(self, event: Event) -> Iterator[Told]:
        """Take note of an event that was given; give what has to come right after it."""
        task, attempt = _attempt(event)
        if task is None:
            return
        if event.type is EventType.STEP_STARTED:
            self._running[task] = attempt
            given = self._given.get(task)
            if given is not None and given[0] < (attempt, 0):
                yield self._reset(task, (attempt, 0), str(event.data.get("step", "")))
        elif event.type in _ENDS:
            self._running.pop(task, None)
            if event.type is EventType.STEP_SUCCEEDED:
                self._given.pop(task, None)

    def fresh(self) -> Iterator[Told]:
        """Give what was said since, of the attempts at work."""
        for task in list(self._running):
            yield from self._next(task)

    def _next(self, task: UUID) -> Iterator[Told]:
        text = self.texts.get(task)
        attempt = self._running[task]
        if text is None or text.attempt != attempt:
            return
        given = self._given.get(task)
        if given is None or given[0] < text.version:
            # A resumed stream may have been cut off before it was told that earlier text is void.
            if text.revision or (attempt > 1 and text.end):
                yield self._reset(task, text.version, text.step)
            given = (text.version, 0)
        begin, piece = text.since(given[1])
        if piece:
            self._given[task] = (text.version, begin + len(piece))
            yield StepText(
                task=task,
                step=text.step,
                attempt=attempt,
                revision=text.revision,
                offset=begin,
                text=piece,
            )

    def _reset(self, task: UUID, version: tuple[int, int], step: str) -> StepReset:
        self._given[task] = (version, 0)
        attempt, revision = version
        return StepReset(task=task, step=step, attempt=attempt, revision=revision)


def ending(event: Event) -> tuple[UUID, int] | None:
    """Give the task and the attempt that an event ends, if it ends one."""
    task, attempt = _attempt(event)
    return (task, attempt) if task is not None and event.type in _ENDS else None


def _attempt(event: Event) -> tuple[UUID | None, int]:
    task, attempt = event.data.get("task"), event.data.get("attempt")
    if not isinstance(task, str) or not isinstance(attempt, int):
        return None, 0
    return UUID(task), attempt
