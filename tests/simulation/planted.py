"""Bugs that people write, planted to see that the simulation finds them. Each is a small patch."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid5

import pytest

from sutazai.core.runs.model import Changes, NewEvent, TaskRow, TaskStatus
from sutazai.core.runs.transitions import Decisions
from sutazai.core.tasks.outcomes import OutcomeConsumer
from sutazai.core.tasks.relay import BATCH, Relay
from sutazai.core.tasks.service import Tasks
from sutazai_contracts.events import EventType
from sutazai_kit import AgentContext
from sutazai_kit.leases import Lease
from tests.simulation.ledger import TwinTransaction

Patch = pytest.MonkeyPatch


def outcome_without_its_token(patch: Patch) -> None:
    """An outcome is applied to whatever attempt is under way."""

    def held(self: Decisions, task: TaskRow, token: UUID) -> bool:
        return not self.run.status.ended and task.status is TaskStatus.CLAIMED

    patch.setattr(Decisions, "_held", held)


def lease_not_checked_again(patch: Patch) -> None:
    """The reaper takes back what looked lost before it had the lock."""

    async def take_back_lost(self: Tasks, limit: int = 100) -> int:
        changes, taken = Changes(), 0
        async with self.records.transaction() as tx:
            found = await tx.lost(limit)
            snapshots = await tx.lock({one.run for one in found}, skip_locked=True)
            for one in found:
                if one.run in snapshots:
                    snapshot = snapshots[one.run]
                    decisions = Decisions(snapshot, changes, self.random)
                    taken += decisions.lose(snapshot.tasks[one.task])
            if changes:
                await tx.write(changes)
        self._tell(changes)
        return taken

    patch.setattr(Tasks, "take_back_lost", take_back_lost)


def outbox_emptied_before_the_confirm(patch: Patch) -> None:
    """The relay commits, and then publishes."""

    async def publish_due(self: Relay) -> int:
        async with self.records.transaction() as tx:
            due = await tx.take_due(BATCH)
        await self.wake(Counter(wake_up.agent for wake_up in due))
        return len(due)

    patch.setattr(Relay, "publish_due", publish_due)


def written_over_what_changed_meanwhile(patch: Patch) -> None:
    """What was decided without a lock is written, whatever became of the run since."""

    async def write(self: TwinTransaction, changes: Changes, *, all_or_none: bool) -> Any:
        for row in (*sorted(changes.runs), *sorted(changes.tasks)):
            await self._ledger.take(self, row)
        self._written.append(changes)
        return set(changes.runs)

    patch.setattr(TwinTransaction, "write_unchanged", write)


def events_numbered_from_memory(patch: Patch) -> None:
    """Events are numbered by what this process remembers of a run, not by the locked row."""
    numbers: Counter[UUID] = Counter()

    def event(self: Decisions, type_: EventType, data: dict[str, Any]) -> None:
        run = self.run
        numbers[run.id] = max(numbers[run.id], run.seq) + 1
        run.seq = numbers[run.id]
        at = self.snapshot.now
        self.changes.events.append(NewEvent(run.id, run.tenant, run.seq, type_, at, data))

    patch.setattr(Decisions, "_event", event)


def published_after_the_lease_was_lost(patch: Patch) -> None:
    """A worker publishes its outcome though it was told that the claim is another's."""
    patch.setattr(Lease, "gone", property(lambda self: False))


def wake_up_forgotten(patch: Patch) -> None:
    """A retry leaves no wake-up: the reaper has to notice."""
    sound = Decisions._again

    def again(self: Decisions, task: TaskRow, reason: str, *, after_s: float) -> None:
        sound(self, task, reason, after_s=after_s)
        self.changes.wake_ups.pop()

    patch.setattr(Decisions, "_again", again)


def consumer_not_opened_again(patch: Patch) -> None:
    """Core hears of no more outcomes once its connection to the bus broke."""

    async def run(self: OutcomeConsumer) -> None:
        await self._consume()
        await asyncio.Event().wait()

    patch.setattr(OutcomeConsumer, "run", run)


def retry_with_effects_of_its_own(patch: Patch) -> None:
    """A retry names its effects by itself, and so has those again that were had before."""

    def effect_key(self: AgentContext, item: str = "") -> UUID:
        return uuid5(self.run, f"{self.step}/{item}")

    patch.setattr(AgentContext, "effect_key", effect_key)


# Each with the number of seeds, from 0 on, within which it is to be found.
PLANTED: dict[Callable[[Patch], None], int] = {
    outcome_without_its_token: 100,
    lease_not_checked_again: 300,  # a heartbeat has to come between a look and its lock
    outbox_emptied_before_the_confirm: 100,
    written_over_what_changed_meanwhile: 100,
    events_numbered_from_memory: 100,
    published_after_the_lease_was_lost: 100,
    wake_up_forgotten: 100,
    consumer_not_opened_again: 100,
    retry_with_effects_of_its_own: 100,
}


@contextmanager
def planted(bug: Callable[[Patch], None]) -> Iterator[None]:
    """Have a bug in the product for a while."""
    with pytest.MonkeyPatch.context() as patch:
        bug(patch)
        yield
