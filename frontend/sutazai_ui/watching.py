"""A run as it is watched: durable events in order, and between them the text that is said."""

import json
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from sutazai_contracts.events import EventType
from sutazai_contracts.frames import LiveEvent, StepReset, StepText
from sutazai_ui.client import PATIENCE_S, Api, Trouble

# How often a broken stream is opened again before the trouble is told, and the pauses between.
TRIES = 6
PAUSE_S = 0.5
TERMINAL = {kind.value for kind in EventType if kind.terminal}
ENDS = {EventType.STEP_SUCCEEDED.value: "succeeded", EventType.STEP_FAILED.value: "failed"}


@dataclass(frozen=True)
class Attempt:
    """One try of a step: since when, until when, and how it ended; `ended` None: it is at work."""

    step: str
    agent: str
    number: int
    started: datetime
    ended: datetime | None = None
    how: str = "claimed"
    reason: str = ""


@dataclass
class Watched:
    """What is known of a run: the state of each step, and what the one that speaks has said.

    Attributes:
        steps: each step's state in words, in the order they began.
        attempts: every try of every step, in the order they began.
        text: what was said last, as far as it goes.
        ended: the event that ended the run, once it came.
    """

    steps: dict[str, str] = field(default_factory=dict)
    attempts: dict[tuple[str, int], Attempt] = field(default_factory=dict)
    text: str = ""
    ended: str | None = None
    after: str | None = None
    _speaker: tuple[UUID, int, int] | None = None

    @property
    def over(self) -> bool:
        """Tell whether the run has ended."""
        return self.ended is not None

    def take(self, kind: str, data: str, id: str) -> bool:
        """Take an event; false where it changes nothing that is shown."""
        if kind == LiveEvent.TEXT.value:
            return self._hear(data)
        if kind == LiveEvent.RESET.value:
            return self._reset(data)
        self.after = id or self.after
        told = _object(data)
        about = told.get("data")
        at = _time(told.get("at"))
        if kind in TERMINAL:
            self.ended = kind
            self._end_all(kind.removeprefix("run."), at)
        elif isinstance(about, dict) and "step" in about:
            self.steps[str(about["step"])] = _words(kind, about)
            self._try(kind, about, at)
        return True

    def _try(self, kind: str, about: dict[str, Any], at: datetime | None) -> None:
        """Keep the beginning or the end of an attempt."""
        step, number = str(about["step"]), about.get("attempt")
        if at is None or not isinstance(number, int):
            return
        key = (step, number)
        if kind == EventType.STEP_STARTED.value:
            self.attempts[key] = Attempt(step, str(about.get("agent", "")), number, at)
        elif key in self.attempts and kind in ENDS:
            reason = str(about.get("reason", ""))
            self.attempts[key] = replace(
                self.attempts[key], ended=at, how=ENDS[kind], reason=reason
            )

    def _end_all(self, how: str, at: datetime | None) -> None:
        """End the attempts that the end of the run ends."""
        for key, attempt in self.attempts.items():
            if attempt.ended is None:
                self.attempts[key] = replace(attempt, ended=at, how=how)

    def _hear(self, data: str) -> bool:
        try:
            piece = StepText.model_validate_json(data)
        except ValidationError:
            return False
        speaker = (piece.task, piece.attempt, piece.revision)
        if self._is_void(speaker):
            return False
        if speaker != self._speaker:
            self._speaker, self.text = speaker, ""
        end = piece.offset + len(piece.text)
        self.text = self.text[: piece.offset] + piece.text + self.text[end:]
        return True

    def _reset(self, data: str) -> bool:
        try:
            told = StepReset.model_validate_json(data)
        except ValidationError:
            return False
        speaker = (told.task, told.attempt, told.revision)
        if self._is_void(speaker):
            return False
        self._speaker, self.text = speaker, ""
        return True

    def _is_void(self, speaker: tuple[UUID, int, int]) -> bool:
        """Tell whether a text comes too late: the same task has begun it anew since."""
        known = self._speaker
        return known is not None and known[0] == speaker[0] and speaker[1:] < known[1:]


class Following:
    """Watches a run in a thread of its own, so that whoever shows it can do other things too."""

    def __init__(self, api: Api, run: UUID, pause_s: float = PAUSE_S) -> None:
        """Begin to watch."""
        self.latest = Watched()
        self._left = threading.Event()
        self._told: queue.SimpleQueue[Watched | Trouble] = queue.SimpleQueue()
        watching = threading.Thread(
            target=self._watch, args=(api, run, pause_s), name=f"watch {run}", daemon=True
        )
        watching.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait for news, and take all there is; tells whether `latest` changed.

        Raises:
            Trouble: the run can't be watched any more.
            SignedOut: the session ended meanwhile.
        """
        try:
            told = self._told.get(timeout=timeout_s)
            while not isinstance(told, Trouble) and not self._told.empty():
                self.latest, told = told, self._told.get()
        except queue.Empty:
            return False
        if isinstance(told, Trouble):
            raise told
        self.latest = told
        return True

    def settle(self, timeout_s: float) -> None:
        """Wait for the end of a run, which has come: all of it is told by then."""
        until = time.monotonic() + timeout_s
        while not self.latest.over and (left := until - time.monotonic()) > 0:
            self.wait(left)

    def leave(self) -> None:
        """Stop watching, at the next thing that is told."""
        self._left.set()

    def _watch(self, api: Api, run: UUID, pause_s: float) -> None:
        try:
            for watched in watch(api, run, pause_s):
                if self._left.is_set():
                    return
                kept = replace(watched, steps=dict(watched.steps), attempts=dict(watched.attempts))
                self._told.put(kept)
        except Trouble as trouble:
            self._told.put(trouble)


def watch(api: Api, run: UUID, pause_s: float = PAUSE_S) -> Iterator[Watched]:
    """Give what is known of a run at each change, until it ended.

    A stream that breaks off is opened again after the last durable event.

    Raises:
        Trouble: it breaks off again and again, or the API refuses.
        SignedOut: the session ended meanwhile.
    """
    watched, failures = Watched(), 0
    while not watched.over:
        trouble = Trouble("The run's events broke off again and again. Reload the page.")
        try:
            with api.events(run, watched.after) as events:
                for event in events:
                    failures = 0
                    if watched.take(event.event, event.data, event.id):
                        yield watched
        except Trouble as exc:
            if not _may_pass(exc):
                raise
            trouble = exc
        if not watched.over:
            failures += 1
            if failures == TRIES:
                raise trouble
            time.sleep(max(pause_s * failures, min(trouble.retry_after_s, PATIENCE_S)))


def _may_pass(trouble: Trouble) -> bool:
    """Tell whether another try may help: core is away, busy, or stops."""
    return trouble.status in (0, 429) or trouble.status >= 500


def _object(data: str) -> dict[str, Any]:
    try:
        content = json.loads(data)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _time(told: object) -> datetime | None:
    try:
        return datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None


def _words(kind: str, data: dict[str, Any]) -> str:
    """Say how a step does."""
    if kind == EventType.STEP_PROGRESS.value:
        done, total = data.get("done"), data.get("total")
        counted = f" ({done} of {total})" if done is not None and total else ""
        return f"{data.get('message', '')}{counted}"
    return {
        EventType.STEP_READY.value: "waits for an agent",
        EventType.STEP_STARTED.value: "at work",
        EventType.STEP_SUCCEEDED.value: "done",
        EventType.STEP_FAILED.value: "failed",
    }.get(kind, kind)
