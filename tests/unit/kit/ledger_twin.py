"""A small ledger for tests of the runner: it keeps claims, leases and tokens honestly."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sutazai_contracts.errors import DatabaseUnavailable
from sutazai_contracts.queues import OUTCOMES, WakeUp, task_queue
from sutazai_contracts.tasks import (
    AgentCard,
    Beat,
    BeatReply,
    Claim,
    ClaimReply,
    Outcome,
    Progress,
    Released,
    RetryLater,
)
from sutazai_kit.bus.port import Bus
from tests.unit.kit.virtual_time import now


@dataclass
class Row:
    """One task as the ledger keeps it."""

    input: dict[str, Any]
    timeout_s: float
    id: UUID = field(default_factory=uuid4)
    run: UUID = field(default_factory=uuid4)
    state: str = "ready"
    attempt: int = 0
    token: UUID | None = None
    leased_until: float = 0
    outcomes: list[Outcome] = field(default_factory=list)
    stale: list[Outcome] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        """Name the results that were applied."""
        return [outcome.result.kind for outcome in self.outcomes]


class LedgerTwin:
    """Hand out tasks of one agent; time is the running loop's."""

    def __init__(self, lease_s: float = 30) -> None:
        self.lease_s = lease_s
        self.rows: list[Row] = []
        self.down = False
        self.hangs = False
        self.breaks: Exception | None = None
        self.locked = 0
        self.claims: list[tuple[float, int]] = []
        self.beats: list[tuple[float, list[Beat]]] = []
        self.announced: list[tuple[float, AgentCard, str]] = []
        self.answer_s = 0.0

    def submit(self, timeout_s: float = 600, **input: Any) -> Row:
        """Add a ready task."""
        self.rows.append(Row(input, timeout_s))
        return self.rows[-1]

    async def announce(self, card: AgentCard, worker: str) -> None:
        """Keep when which agent was announced."""
        await self._answer()
        self.announced.append((now(), card, worker))

    async def claim(self, agent: str, worker: str, slots: int) -> ClaimReply:
        """Claim ready tasks, and those whose lease ran out."""
        self.claims.append((now(), slots))
        await self._answer()
        if self.locked:
            self.locked -= 1
            return ClaimReply(more=True)
        ready = [row for row in self.rows if row.state == "ready" or self._lapsed(row)]
        claims = tuple(self._claimed(row, agent) for row in ready[:slots])
        return ClaimReply(claims=claims, more=len(ready) > slots)

    async def heartbeat(self, beats: Sequence[Beat]) -> list[BeatReply]:
        """Renew the leases of claims that stand."""
        self.beats.append((now(), list(beats)))
        await self._answer()
        return [self._beat(beat) for beat in beats]

    def cancel(self, row: Row) -> None:
        """Cancel a task."""
        row.state = "cancelled"

    def take_away(self, row: Row) -> None:
        """Give a task to another worker."""
        row.token, row.leased_until = uuid4(), now() + self.lease_s

    async def apply_outcomes(self, bus: Bus) -> None:
        """Apply outcomes from the bus, each under its token, until cancelled."""
        async with bus.consume(OUTCOMES, prefetch=10) as deliveries:
            async for delivery in deliveries:
                self._apply(Outcome.model_validate_json(delivery.body))
                await delivery.ack()

    async def _answer(self) -> None:
        await asyncio.sleep(self.answer_s)
        if self.hangs:
            await asyncio.sleep(10**9)
        if self.breaks is not None:
            raise self.breaks
        if self.down:
            raise DatabaseUnavailable

    def _lapsed(self, row: Row) -> bool:
        return row.state == "claimed" and row.leased_until < now()

    def _claimed(self, row: Row, agent: str) -> Claim:
        row.state, row.token = "claimed", uuid4()
        row.attempt += 1
        row.leased_until = now() + self.lease_s
        return Claim(
            task=row.id,
            run=row.run,
            tenant=uuid4(),
            step="do",
            agent=agent,
            attempt=row.attempt,
            token=row.token,
            lease_s=self.lease_s,
            timeout_s=row.timeout_s,
            input=row.input,
        )

    def _beat(self, beat: Beat) -> BeatReply:
        row = next(row for row in self.rows if row.id == beat.task)
        if row.state == "cancelled":
            return BeatReply.CANCELLED
        if row.token != beat.token or row.state != "claimed":
            return BeatReply.LOST
        row.leased_until = now() + self.lease_s
        if beat.progress:
            row.progress.append(beat.progress)
        return BeatReply.GO_ON

    def _apply(self, outcome: Outcome) -> None:
        row = next(row for row in self.rows if row.id == outcome.task)
        if row.token != outcome.token or row.state != "claimed":
            row.stale.append(outcome)
            return
        row.outcomes.append(outcome)
        again = isinstance(outcome.result, Released | RetryLater)
        row.state, row.token = ("ready" if again else outcome.result.kind), None


async def wake(bus: Bus, agent: str, times: int = 1) -> None:
    """Send wake-ups to an agent."""
    body = WakeUp(id=uuid4(), agent=agent).model_dump_json().encode()
    await bus.publish(task_queue(agent), [body] * times)
