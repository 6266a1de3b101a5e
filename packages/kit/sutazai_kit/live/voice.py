"""The voice of one attempt: counts offsets, merges small pieces, and ends as its output reads."""

import asyncio
from contextlib import suppress
from hashlib import sha256

from sutazai_contracts.errors import Unavailable
from sutazai_contracts.frames import Frame
from sutazai_contracts.tasks import Claim
from sutazai_kit.live.port import Speaking

# Shortest time between two frames of a task: people see no difference, and the stream is spared.
EVERY_S = 0.04
# How long the end of the work waits for its last words to be delivered.
END_S = 1.0


class Voice:
    """Say what the work on a claim comes to, as it comes.

    The first piece goes out at once; what is said within `every_s` of a frame goes out together.
    """

    def __init__(self, claim: Claim, live: Speaking | None, *, every_s: float = EVERY_S) -> None:
        """Take whose words these are, and where they go (None: nobody listens)."""
        self._claim, self._live, self._every_s = claim, live, every_s
        self._waiting: list[str] = []
        self._offset = self._revision = 0
        self._length, self._said = 0, sha256()
        self._next_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._spoke = self._over = False

    def say(self, text: str) -> None:
        """Add to the text; what a handler says after the end of its work is not heard."""
        if self._live is None or self._over or not text:
            return
        # A lone surrogate can't be sent; what takes its place has its length.
        sent = text.encode("utf-8", "replace")
        self._waiting.append(sent.decode())
        self._said.update(sent)
        self._length += len(text)
        loop = asyncio.get_running_loop()
        if loop.time() >= self._next_at:
            self._flush()
        elif self._timer is None:
            self._timer = loop.call_at(self._next_at, self._flush)

    def settle(self, text: str) -> None:
        """Make what was said come to a text: say what is missing of it, or all of it anew.

        Where nothing was said nothing is.
        """
        if not self._length:
            return
        # Not the text itself: nobody bounds what a handler says.
        if sha256(text[: self._length].encode("utf-8", "replace")).digest() == self._said.digest():
            self.say(text[self._length :])
            return
        self._flush()
        self._revision, self._offset = self._revision + 1, 0
        self._length, self._said = 0, sha256()
        if text:
            self.say(text)
        self._flush(anew=True)

    async def end(self) -> None:
        """Send what waits and say that it was the last; never fails the work."""
        if self._over:
            return
        self._flush()
        self._over = True
        if self._live is None or not self._spoke:
            return
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(END_S):
                await self._live.close(self._claim.task, self._claim.attempt)

    def _flush(self, *, anew: bool = False) -> None:
        """Send what waits as one frame; an empty one too where it begins the text anew."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._live is None or not (self._waiting or (anew and self._offset == 0)):
            return
        claim, text = self._claim, "".join(self._waiting)
        self._waiting.clear()
        self._live.publish(
            Frame(
                task=claim.task,
                run=claim.run,
                step=claim.step,
                attempt=claim.attempt,
                revision=self._revision,
                offset=self._offset,
                text=text,
            )
        )
        self._offset, self._spoke = self._offset + len(text), True
        self._next_at = asyncio.get_running_loop().time() + self._every_s
