"""The reaper: takes back claims nobody answers for, and wakes agents whose wake-ups were lost."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from loguru import logger

from sutazai.core.tasks.relay import Relay
from sutazai.core.tasks.service import Tasks
from sutazai_contracts.errors import Unavailable

# A ready task that waits this long may have lost its wake-up; a busy agent's tasks wait too, so the
# second wake-up comes later, and the third later still.
OVERDUE_S = 2.0
BACKOFF_CAP_S = 30.0
# Past its own pace, how long the ledger may leave the reaper without an answer before that counts
# as an outage: workers that live renew their leases more often than this.
OUTAGE_S = 2.0
# The database's clock may be slewed as much as this between two looks.
SLEWED_S = 1.0


@dataclass(slots=True)
class Reaper:
    """Look after the ledger every `every_s` seconds.

    After an outage of the ledger, one at the start included, or after this process stood still,
    nothing is taken back for one lease length, in which workers that live renew their leases, and
    until the outcomes that were waiting are applied: work that is finished is not done again.
    The same holds after the database's clock was set: forward, every lease ran out at once; back,
    what was ready would wait until the clock is where it was, and is moved along.

    Args:
        wait_s: seconds to wait before the first look: one lease length where workers may live on
            from before this start; 0 where none can.
        catch_up: gives a check that tells whether the outcomes that wait at its call are applied.
    """

    tasks: Tasks
    relay: Relay
    every_s: float = 1.0
    wait_s: float = 0.0
    clock: Callable[[], float] = monotonic
    catch_up: Callable[[], Callable[[], bool]] = lambda: _nothing_waits
    taken_back: int = 0
    _answered_at: float | None = None
    _seen: "_Clocks | None" = None
    _patient_until: float = float("-inf")
    _caught_up: Callable[[], bool] = lambda: True
    _woken: dict[str, tuple[float, float]] = field(default_factory=dict)

    async def run(self) -> None:
        """Look until cancelled."""
        await asyncio.sleep(self.wait_s)
        self._caught_up = self.catch_up()
        self._answered_at = self.clock()
        while True:
            try:
                await self.look()
            except Unavailable as exc:
                logger.warning("The ledger can't be looked after now: {}", exc)
            await asyncio.sleep(self.every_s)

    async def look(self) -> None:
        """Take back what is lost, and wake who has overdue work."""
        await self._mind_the_clock()
        overdue = await self.tasks.records.agents_with_overdue_tasks(OVERDUE_S)
        if self._may_take_back():
            lost = await self.tasks.take_back_lost()
            if lost:
                self.taken_back += lost
                logger.warning("{} tasks were taken back from workers that are gone", lost)
        await self.relay.wake(Counter(self._to_wake(overdue)))

    async def _mind_the_clock(self) -> None:
        """See whether the database's clock was set since the last look, and mend what that does."""
        before = self.clock()
        now, seen = _Clocks(before, await self.tasks.records.now(), self.clock()), self._seen
        if seen is not None:
            forward, back = now.forward_since(seen), now.back_since(seen)
            if back > SLEWED_S:
                most = now.back_at_most_since(seen)
                moved = await self.tasks.records.set_back(most, self.tasks.lease_s)
                logger.warning("The ledger's clock went back {:.0f} s: {} tasks move", back, moved)
            if forward > SLEWED_S:
                logger.warning("The ledger's clock jumped {:.0f} s ahead", forward)
            if max(forward, back) > SLEWED_S:
                self._patient_until = self.clock() + self.tasks.lease_s
                self._caught_up = self.catch_up()
        self._seen = now

    def _may_take_back(self) -> bool:
        """Tell, right after the ledger answered, whether silence is a worker's own fault."""
        now, before = self.clock(), self._answered_at
        self._answered_at = now
        if before is not None and now - before > self.every_s + OUTAGE_S:
            logger.warning("The ledger was away for {:.1f} s; workers get a lease", now - before)
            self._patient_until = now + self.tasks.lease_s
            self._caught_up = self.catch_up()
        return now >= self._patient_until and self._caught_up()

    def _to_wake(self, overdue: list[str]) -> list[str]:
        now = self.clock()
        self._woken = {agent: last for agent, last in self._woken.items() if agent in overdue}
        due: list[str] = []
        for agent in overdue:
            at, pause = self._woken.get(agent, (float("-inf"), OVERDUE_S / 2))
            if now >= at + pause:
                self._woken[agent] = (now, min(pause * 2, BACKOFF_CAP_S))
                due.append(agent)
        return due


@dataclass(frozen=True, slots=True)
class _Clocks:
    """The database's clock, and this process's own before it was asked and after it answered."""

    before: float
    database: float
    after: float

    def forward_since(self, earlier: "_Clocks") -> float:
        """Give by how much the database's clock was set forward at least."""
        return self.database - earlier.database - (self.after - earlier.before)

    def back_since(self, earlier: "_Clocks") -> float:
        """Give by how much it was set back at least."""
        return self.before - earlier.after - (self.database - earlier.database)

    def back_at_most_since(self, earlier: "_Clocks") -> float:
        """Give by how much it may have been set back."""
        return self.after - earlier.before - (self.database - earlier.database)


def _nothing_waits() -> bool:
    return True
