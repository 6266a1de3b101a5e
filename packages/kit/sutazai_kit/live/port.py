"""Live text: what agents say while they work, for whoever watches. Best effort and bounded."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sutazai_contracts.frames import Frame

# Code points kept of one task. An output is at most 256 KiB of JSON, an answer far less.
CAP = 65_536


class Speaking(Protocol):
    """Carry what agents say from where they work to where people watch: the agents' side.

    Frames may be dropped, doubled or merged; offsets tell. Nothing durable depends on them.
    """

    def publish(self, frame: Frame) -> None:
        """Take a frame and return at once; never raises, and drops what it can't deliver."""

    async def close(self, task: UUID, attempt: int) -> None:
        """Say that an attempt's text is complete; return once its frames are where watchers are.

        Watchers get a frame that is the `last`. The text stays for a while, for those who come
        late. An attempt that said nothing, or that a later one replaced, is let pass.

        Raises:
            Unavailable: what carries the frames does not answer.
        """

    async def aclose(self) -> None:
        """Stop; watching ends."""


class Live(Speaking, Protocol):
    """Also hear it: the watchers' side."""

    def watch(self, run: UUID) -> AsyncGenerator[Sequence[Frame], None]:
        """Give frames of a run's tasks in batches, until left or until the port is closed.

        The first batch comes at once: the text so far, one frame per task that has any, with
        offset 0 unless the beginning was dropped; it may be empty, later ones are not. Frames of a
        task come with rising attempts, within an attempt with rising revisions, and within those
        with rising offsets. Whoever takes them slowly gets what was missed in one piece.

        Raises:
            Unavailable: what carries the frames does not answer.
        """


@dataclass(slots=True)
class LiveText:
    """The newest text of one task, put together from frames: the same rule everywhere.

    It holds the last `cap` code points, which begin at offset `start` of the text that the newest
    revision of the newest attempt has.
    """

    cap: int = CAP
    step: str = ""
    attempt: int = 0
    revision: int = 0
    start: int = 0
    text: str = ""
    ended: bool = False

    @property
    def version(self) -> tuple[int, int]:
        """Give attempt and revision: a text of a higher one takes the place of this one."""
        return self.attempt, self.revision

    @property
    def end(self) -> int:
        """Give the offset after the last code point."""
        return self.start + len(self.text)

    def take(self, frame: Frame) -> bool:
        """Add a frame; false where it brings nothing: doubled, after the end, or superseded."""
        version = frame.attempt, frame.revision
        if version < self.version or (frame.attempt == self.attempt and self.ended):
            return False
        newer = version > self.version
        if newer:
            self.step, self.start, self.text = frame.step, 0, ""
            self.attempt, self.revision = version
        fresh = frame.text[max(0, self.end - frame.offset) :]
        gap = frame.offset > self.end
        if gap:
            # What came before a gap can't stand beside what comes after it.
            self.start, self.text = frame.offset, ""
        self.ended = frame.last
        text = self.text + fresh
        dropped = max(0, len(text) - self.cap)
        self.start, self.text = self.start + dropped, text[dropped:]
        return newer or gap or bool(fresh) or frame.last

    def since(self, offset: int) -> tuple[int, str]:
        """Give the text from an offset on, or from the first that is left, and where it begins."""
        begin = max(offset, self.start)
        return begin, self.text[begin - self.start :]
