"""What a watcher makes of a run's stream, over as many connections as it takes; and what is law."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from tests.integration.live.stage import Seen

ENDS = {"step.succeeded", "step.failed"}


@dataclass
class Reader:
    """One person who watches a run: all durable events, and the step's text as it stands."""

    events: list[Seen] = field(default_factory=list)
    attempt: int = 0
    revision: int = 0
    text: str = ""
    resets: list[int] = field(default_factory=list)
    pieces: int = 0
    ended: set[int] = field(default_factory=set)
    begun: set[int] = field(default_factory=set)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def last(self) -> int | None:
        """Give the number of the last durable event, to go on after it."""
        return self.events[-1].id if self.events else None

    @property
    def over(self) -> bool:
        """Tell whether the run's end was seen."""
        return bool(self.events) and self.events[-1].kind in {
            "run.succeeded",
            "run.failed",
            "run.cancelled",
        }

    def see(self, seen: Seen) -> None:
        """Take one event, and fail where it breaks a law of the stream."""
        if seen.kind == "step.text":
            self._text(seen.data)
        elif seen.kind == "step.reset":
            assert seen.data["attempt"] in self.begun, "a reset before its attempt began"
            version = seen.data["attempt"], seen.data["revision"]
            assert version >= (self.attempt, self.revision), "a reset to what is void"
            (self.attempt, self.revision), self.text = version, ""
            self.resets.append(self.attempt)
        else:
            assert seen.id == (self.last or 0) + 1, "a durable event is missing or double"
            self.events.append(seen)
            if seen.kind == "step.started":
                self.begun.add(seen.step["attempt"])
            elif seen.kind in ENDS:
                self.ended.add(seen.step["attempt"])

    def _text(self, data: dict[str, Any]) -> None:
        attempt, offset = data["attempt"], data["offset"]
        assert attempt in self.begun, "text before its attempt began"
        assert attempt not in self.ended, "text after its attempt ended"
        assert attempt >= self.attempt, "text of a superseded attempt"
        if attempt > self.attempt:
            assert attempt == 1, "text of a new attempt without a reset"
            self.attempt = attempt
        assert data["revision"] == self.revision, "text of another revision without a reset"
        # A stream that was opened again gives the text so far again.
        assert offset <= len(self.text), "a gap in the text"
        overlap = self.text[offset : offset + len(data["text"])]
        assert data["text"].startswith(overlap), "another text at the same offset"
        self.text = self.text[:offset] + data["text"] + self.text[offset + len(data["text"]) :]
        self.pieces += 1
        self.heard.set()
