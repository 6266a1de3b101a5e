"""Live text over HTTP: to core's internal API, many frames in one call."""

import asyncio
from collections import deque
from dataclasses import dataclass
from uuid import UUID

from loguru import logger

from sutazai_contracts.errors import SutazaiError, Unavailable
from sutazai_contracts.frames import Frame
from sutazai_contracts.internal import MAX_FRAMES, Frames, FramesTaken, SpokenFrame
from sutazai_contracts.tasks import Claim
from sutazai_kit.core_client import CoreClient
from sutazai_kit.live.port import CAP

# Code points in one call: six bytes each at most, so less than a body may have.
_AT_ONCE = 128 * 1024
# Code points and frames that wait while core is slow; past it what was said first is dropped.
_WAITING = 512 * 1024
_FRAMES_WAITING = 4096


@dataclass(slots=True)
class _Said:
    """A frame that waits to be sent, and who waits for it."""

    frame: SpokenFrame
    told: asyncio.Future[None] | None = None


class HttpLive:
    """Carry what the tasks of one agent's process say to core.

    While a call is under way, what is said meanwhile waits for the next one. What can't be told is
    dropped; offsets show it.
    """

    def __init__(self, core: CoreClient) -> None:
        """Take the way to core."""
        self._core = core
        self._waiting: deque[_Said] = deque()
        self._length = 0
        self._sender: asyncio.Task[None] | None = None
        self._closed = False

    def bound(self, claim: Claim) -> "ClaimLive":
        """Give the port as the work on one claim gets it."""
        return ClaimLive(self, claim)

    def say(self, frame: SpokenFrame, told: asyncio.Future[None] | None = None) -> None:
        """Queue a frame, and have it sent."""
        if self._closed:
            if told is not None:
                told.set_result(None)
            return
        self._waiting.append(_Said(frame, told))
        self._length += len(frame.text)
        while self._length > _WAITING or len(self._waiting) > _FRAMES_WAITING:
            _drop([self._next()], Unavailable("Core takes live text too slowly."))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send(), name="live frames")

    @property
    def waiting(self) -> int:
        """Count the frames that wait to be sent."""
        return len(self._waiting)

    async def aclose(self) -> None:
        """Send no more."""
        self._closed = True
        sender = self._sender
        if sender is not None:
            sender.cancel()
            await asyncio.wait({sender})
        _drop(list(self._waiting), Unavailable("The process stops."))
        self._waiting.clear()

    async def _send(self) -> None:
        """Send until nothing waits."""
        try:
            while self._waiting:
                await self._send_some(self._some())
        finally:
            self._sender = None

    async def _send_some(self, some: list[_Said]) -> None:
        body = Frames(frames=tuple(said.frame for said in some))
        try:
            await self._core.ask("/frames", body, FramesTaken)
        except SutazaiError as error:
            logger.debug("{} live frames are dropped: {}", len(some), error)
            _drop(some, error if isinstance(error, Unavailable) else None)
        except asyncio.CancelledError:
            _drop(some, Unavailable("The process stops."))
            raise
        else:
            _drop(some, None)

    def _some(self) -> list[_Said]:
        """Take what goes out in one call."""
        some, length = [self._next()], 0
        while self._waiting and len(some) < MAX_FRAMES:
            length += len(some[-1].frame.text)
            if length + len(self._waiting[0].frame.text) > _AT_ONCE:
                break
            some.append(self._next())
        return some

    def _next(self) -> _Said:
        said = self._waiting.popleft()
        self._length -= len(said.frame.text)
        return said


@dataclass(frozen=True, slots=True)
class ClaimLive:
    """Say what one claim's work comes to, under its fencing token."""

    live: HttpLive
    claim: Claim

    def publish(self, frame: Frame) -> None:
        """Take a frame of this claim and return at once; another's is dropped."""
        if (frame.task, frame.attempt) != (self.claim.task, self.claim.attempt):
            return
        # More than is kept of a text need not be sent.
        cut = max(0, len(frame.text) - CAP)
        self.live.say(
            self._spoken(
                revision=frame.revision,
                offset=frame.offset + cut,
                text=frame.text[cut:],
            )
        )

    async def close(self, task: UUID, attempt: int) -> None:
        """Say that the text is complete; return once core has all frames, or has them not.

        Raises:
            Unavailable: core does not answer.
        """
        if (task, attempt) != (self.claim.task, self.claim.attempt):
            return
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.live.say(self._spoken(offset=0, text="", last=True), told)
        await told

    async def aclose(self) -> None:
        """Leave the process's way to core open: it is not this claim's."""

    def _spoken(
        self, *, offset: int, text: str, revision: int = 0, last: bool = False
    ) -> SpokenFrame:
        return SpokenFrame(
            task=self.claim.task,
            token=self.claim.token,
            revision=revision,
            offset=offset,
            text=text,
            last=last,
        )


def _drop(some: list[_Said], error: Unavailable | None) -> None:
    """Let go of frames, and tell who waits for them."""
    for said in some:
        if said.told is not None and not said.told.done():
            if error is None:
                said.told.set_result(None)
            else:
                said.told.set_exception(error)
