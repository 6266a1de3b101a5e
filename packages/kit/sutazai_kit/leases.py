"""The leases a runner holds, kept by one heartbeat loop for all of them."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from loguru import logger

from sutazai_contracts.errors import Unavailable
from sutazai_contracts.tasks import Beat, BeatReply, Claim, Progress
from sutazai_kit.execution import Stop

BEAT_EVERY_S = 1.0
BEATS_PER_LEASE = 5
EARLY_S = 0.02  # how long the first progress of a claim waits for that of others
TICK_S = 0.001  # a loop's timers are this coarse

Heartbeat = Callable[[Sequence[Beat]], Awaitable[list[BeatReply]]]


class Lease:
    """One claim in hand: its newest progress, when it was last renewed, and whether to stop."""

    def __init__(self, claim: Claim, since: float, poke: Callable[[], None]) -> None:
        """Take the claim, when it was asked for (loop clock), and how to have an early beat."""
        self.claim = claim
        self.stop: asyncio.Future[Stop] = asyncio.get_running_loop().create_future()
        self.renewed_at = since
        self._poke = poke
        self._why: Stop | None = None
        self._progress: Progress | None = None
        self._silent = True

    @property
    def expires_at(self) -> float:
        """Give when the lease ends unless it is renewed, by the loop's clock."""
        return self.renewed_at + self.claim.lease_s

    @property
    def why(self) -> Stop | None:
        """Give why the work is to stop, or None."""
        return self._why

    @property
    def gone(self) -> bool:
        """Tell whether the task is not this worker's any more."""
        return self._why in (Stop.CANCELLED, Stop.LOST)

    def note(self, progress: Progress) -> None:
        """Keep the newest progress; the first of a claim asks for an early heartbeat."""
        self._progress = progress
        if self._silent:
            self._silent = False
            self._poke()

    def end(self, why: Stop) -> None:
        """Ask the work to stop; a released claim may turn out to be lost, not the other way."""
        if not self.gone:
            self._why = why
        if not self.stop.done():
            self.stop.set_result(why)

    def beat(self) -> Beat:
        """Make the next heartbeat; the progress in it is not sent again."""
        progress, self._progress = self._progress, None
        return Beat(task=self.claim.task, token=self.claim.token, progress=progress)

    def unsent(self, beat: Beat) -> None:
        """Take back the progress of a heartbeat that failed, unless there is a newer one."""
        self._progress = self._progress or beat.progress


class Leases:
    """Renew all leases of a runner by one heartbeat, at least every second while there are any.

    Time is the event loop's clock, which is monotonic.
    """

    def __init__(self, heartbeat: Heartbeat, every_s: float = BEAT_EVERY_S) -> None:
        """Take how to send heartbeats, and the longest time between two, in seconds."""
        self._heartbeat = heartbeat
        self._every_s = every_s
        self._held: set[Lease] = set()
        self._due_at = math.inf
        self._moved = asyncio.Event()

    @property
    def held(self) -> tuple[Lease, ...]:
        """List the leases that are kept."""
        return tuple(self._held)

    def hold(self, claim: Claim, since: float) -> Lease:
        """Keep a claim whose lease began no earlier than `since`, by the loop's clock."""
        lease = Lease(claim, since, lambda: self._due_in(EARLY_S))
        self._held.add(lease)
        self._due_in(self._interval(lease))
        return lease

    def drop(self, lease: Lease) -> None:
        """Keep a claim no longer."""
        self._held.discard(lease)

    async def keep(self) -> None:
        """Send heartbeats until cancelled."""
        while True:
            await self._due()
            self._due_at = math.inf
            if held := [lease for lease in self._held if not lease.gone]:
                self._due_in(min(self._interval(lease) for lease in held))
                await self._beat(held)

    def _interval(self, lease: Lease) -> float:
        """Give the longest time between two heartbeats of a lease."""
        return min(self._every_s, lease.claim.lease_s / BEATS_PER_LEASE)

    def _due_in(self, seconds: float) -> None:
        """Have the next heartbeat no later than this."""
        due_at = asyncio.get_running_loop().time() + seconds
        if due_at < self._due_at:
            self._due_at = due_at
            self._moved.set()

    async def _due(self) -> None:
        """Wait until the next heartbeat is due; without a lease, for as long as there is none."""
        while (until := self._due_at) > asyncio.get_running_loop().time() + TICK_S:
            self._moved.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(None if until == math.inf else until):
                    await self._moved.wait()

    async def _beat(self, held: Sequence[Lease]) -> None:
        """Send one heartbeat for these leases and do what the replies say."""
        loop = asyncio.get_running_loop()
        sent_at = loop.time()
        beats = [lease.beat() for lease in held]
        try:
            # A ledger that hangs is not waited for past the end of the first lease; a lease that
            # ended while this process stood still is worth one question.
            first_end = min(lease.expires_at for lease in held)
            async with asyncio.timeout_at(max(first_end, sent_at + self._every_s)):
                replies = await self._heartbeat(beats)
        except (Unavailable, TimeoutError) as error:
            why = str(error) or "no answer in time"
            logger.warning("a heartbeat for {} tasks failed: {}", len(held), why)
            for lease, beat in zip(held, beats, strict=True):
                lease.unsent(beat)
                if lease.expires_at <= loop.time():
                    self._lose(lease, "its lease ran out while the ledger did not answer")
            return
        for lease, reply in zip(held, replies, strict=True):
            if lease not in self._held:
                continue  # it ended while the reply was under way
            if reply is BeatReply.GO_ON:
                lease.renewed_at = sent_at
            elif reply is BeatReply.CANCELLED:
                lease.end(Stop.CANCELLED)
            else:
                self._lose(lease, "the ledger gave it to another worker")

    def _lose(self, lease: Lease, why: str) -> None:
        """Give up a claim that may be another's now."""
        claim = lease.claim
        bound = logger.bind(run=str(claim.run), task=str(claim.task), step=claim.step)
        bound.warning("attempt {} is given up: {}", claim.attempt, why)
        lease.end(Stop.LOST)
