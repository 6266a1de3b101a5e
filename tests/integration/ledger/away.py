"""A ledger in memory that can be away, and whose clock can be set, in virtual time."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sutazai.core.runs.feed import EventFeed
from sutazai.core.runs.service import NewRun, Runs
from sutazai.core.tasks.reaper import Reaper
from sutazai.core.tasks.relay import Relay
from sutazai.core.tasks.service import Tasks
from sutazai.records.runs import SqlRuns
from sutazai_contracts.errors import DatabaseUnavailable
from sutazai_contracts.identifiers import new_id
from sutazai_kit.bus.memory import MemoryBus
from tests.integration.ledger.conftest import ONE, no_chunks
from tests.simulation.ledger import TwinLedger
from tests.unit.kit.virtual_time import now

TENANT = new_id()


@dataclass
class Away:
    """A ledger in memory that can be away, with its reaper."""

    is_away: bool = False
    # By how much the database's clock was set.
    set_s: float = 0.0
    late: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = TwinLedger(clock=self.clock, answer=self.answer)
        self.tasks = Tasks(self.ledger, no_chunks, lease_s=10.0)
        self.caught_up = True
        self.reaper = Reaper(
            self.tasks,
            Relay(self.ledger, MemoryBus()),
            clock=now,
            catch_up=lambda: lambda: self.caught_up,
        )

    def clock(self) -> datetime:
        """Give the database's time."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=now() + self.set_s)

    async def answer(self, statement: str) -> None:
        """Answer, unless it is away."""
        if self.is_away:
            raise DatabaseUnavailable

    async def claim(self) -> UUID:
        """Claim a task of a new run; nobody will ever renew it."""
        records = SqlRuns.__new__(SqlRuns)  # `compose` asks it nothing
        runs = Runs(records, EventFeed(records), {"one": ONE}, lambda: frozenset({"worker"}))
        await self.ledger.submit(runs.compose(TENANT, NewRun("one", goal="g")))
        self.ledger.clock = self.clock
        for task in self.ledger.tasks.values():
            task.available_at = self.clock()
        [claim] = (await self.tasks.claim("worker", "w", 1)).claims
        return claim.task
