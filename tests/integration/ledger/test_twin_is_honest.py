"""The simulation's ledger in memory does what PostgreSQL does: the same to both, and compared."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

import pytest

from sutazai.core.runs.model import Changes
from sutazai.core.runs.ports import Submission
from sutazai.core.runs.service import NewRun
from sutazai.core.runs.transitions import Decisions
from sutazai.core.tasks.ports import LedgerRecords
from sutazai.core.tasks.relay import Relay
from sutazai.core.tasks.service import Tasks
from sutazai.records.ledger import SqlLedger
from sutazai_contracts.errors import IdempotencyMismatch
from sutazai_contracts.tasks import (
    Beat,
    BeatReply,
    Claim,
    Crashed,
    Progress,
    Refused,
    Released,
    Result,
    RetryLater,
    Succeeded,
)
from sutazai_kit.bus.memory import MemoryBus
from tests.integration.ledger.conftest import Ledger, no_chunks, outcome
from tests.simulation.ledger import TwinLedger

pytestmark = pytest.mark.untraced

RESULTS: tuple[Result, ...] = (
    Succeeded(output={"said": "done"}),
    Succeeded(output={}),  # what follows refers to a field that is not there
    Crashed(reason="boom"),
    RetryLater(reason="later", after_s=3600),
    Refused(reason="no"),
    Released(),
)


@dataclass
class Side:
    """One of the two records, under the same services, and what was claimed from it."""

    records: LedgerRecords
    submit: Callable[[UUID, Submission], Awaitable[UUID]]
    cancel: Callable[[UUID, UUID, str], Awaitable[bool]]
    waiting: Callable[[], int]
    tasks: Tasks = field(init=False)
    relay: Relay = field(init=False)
    claims: dict[tuple[UUID, str, int], Claim] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tasks = Tasks(self.records, no_chunks, lease_s=30.0)
        self.relay = Relay(self.records, MemoryBus())

    async def claim(self, worker: str, slots: int) -> tuple[list[tuple[UUID, str, int]], bool]:
        """Claim; gives what was claimed in words that both sides share."""
        reply = await self.tasks.claim("worker", worker, slots)
        found = {(claim.run, claim.step, claim.attempt): claim for claim in reply.claims}
        self.claims |= found
        return list(found), reply.more


def sql(ledger: Ledger) -> Side:
    """Give PostgreSQL."""

    def waiting() -> int:
        [(count,)] = ledger.database.query(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(str(count))

    records = ledger.runs.records

    async def submit(tenant: UUID, submission: Submission) -> UUID:
        return (await records.submit(tenant, submission)).id

    return Side(SqlLedger(ledger.database.open), submit, records.cancel, waiting)


def twin() -> Side:
    """Give the twin."""
    ledger = TwinLedger(clock=lambda: datetime.now(UTC))

    async def submit(tenant: UUID, submission: Submission) -> UUID:
        return await ledger.submit(submission)

    async def cancel(tenant: UUID, run: UUID, reason: str) -> bool:
        return await ledger.cancel(run, reason)

    return Side(ledger, submit, cancel, lambda: ledger.waiting)


def rows_of_twin(side: Side) -> dict[str, Any]:
    """Read all that both keep."""
    ledger = side.records
    assert isinstance(ledger, TwinLedger)
    runs, now = ledger.runs, datetime.now(UTC)
    return {
        "runs": {r.id: (r.status.value, r.seq, r.error, r.result) for r in runs.values()},
        "tasks": {
            (t.run, t.step): (
                *(t.status.value, t.attempt, t.failures, t.losses, t.error, t.worker, t.output),
                *(t.token is None, t.lease_until is None, t.usage.get("things")),
            )
            for t in ledger.tasks.values()
        },
        "events": {
            # Two tasks of a run that are lost at once are so in any order.
            run: Counter((e.type.value, e.data.get("step"), e.data.get("attempt")) for e in events)
            for run, events in ledger.events.items()
            if events
        },
        "outbox": Counter((w.agent, w.due_at > now) for w in ledger.outbox.values()),
    }


def rows_of_sql(ledger: Ledger) -> dict[str, Any]:
    """Read the same from PostgreSQL."""
    query = ledger.database.query
    events: dict[object, Counter[object]] = {}
    for run, *event in query(
        "SELECT run_id, type, data ->> 'step', (data ->> 'attempt')::int FROM events"
    ):
        events.setdefault(run, Counter())[tuple(event)] += 1
    return {
        "runs": {id: tuple(rest) for id, *rest in query(
            "SELECT id, status, seq, error, result FROM runs")},
        "tasks": {(run, step): tuple(rest) for run, step, *rest in query(
            "SELECT run_id, step, status, attempt, failures, losses, error, worker, output, "
            "token IS NULL, lease_until IS NULL, (usage ->> 'things')::float FROM tasks")},
        "events": events,
        "outbox": Counter(
            (agent, late) for agent, late in query(
                "SELECT agent, due_at > clock_timestamp() FROM outbox")),
    }  # fmt: skip


@dataclass
class Actor:
    """Draws actions and does each to both sides."""

    ledger: Ledger
    sides: tuple[Side, Side]
    random: Random
    other: UUID
    submitted: list[tuple[UUID, UUID]] = field(default_factory=list)

    async def act(self) -> tuple[str, Any, Any]:
        """Do one action; gives its name and what each side answered."""
        action = self.random.choice(
            (
                *(self.submit, self.claim, self.claim, self.finish, self.finish, self.finish),
                *(self.beat, self.expire, self.cancel, self.relay),
            )
        )
        one, two = await action()
        return action.__name__, one, two

    async def submit(self) -> tuple[Any, Any]:
        """Start a run; now and then one that was started before, or half so."""
        tenant = self.random.choice((self.ledger.tenant, self.other))
        new = NewRun(
            self.random.choice(("one", "chain", "fork")),
            goal=self.random.choice(("a", "b")),
            idempotency_key=self.random.choice((None, "k1", "k2")),
        )
        submission = self.ledger.runs.compose(tenant, new)
        answers: list[Any] = []
        for side in self.sides:
            try:
                answers.append(await side.submit(tenant, submission))
            except IdempotencyMismatch as error:
                answers.append(error.code)
        self.submitted.append((tenant, submission.run.id))
        return answers[0], answers[1]

    async def claim(self) -> tuple[Any, Any]:
        """Claim for some worker."""
        worker, slots = self.random.choice(("w1", "w2")), self.random.randint(1, 3)
        one, two = self.sides
        return await one.claim(worker, slots), await two.claim(worker, slots)

    def _claims(self) -> tuple[Claim, Claim] | None:
        known = sorted(self.sides[0].claims, key=str)
        if not known:
            return None
        which = self.random.choice(known)
        return self.sides[0].claims[which], self.sides[1].claims[which]

    async def finish(self) -> tuple[Any, Any]:
        """Finish a claim, maybe an old one, maybe again."""
        if (claims := self._claims()) is None:
            return None, None
        result = self.random.choice(RESULTS)
        one, two = [
            await side.tasks.apply([outcome(claim, result)])
            for side, claim in zip(self.sides, claims, strict=True)
        ]
        return one, two

    async def beat(self) -> tuple[Any, Any]:
        """Renew a claim, maybe an old one, with or without progress."""
        if (claims := self._claims()) is None:
            return None, None
        progress = self.random.choice((None, Progress(message="half", done=1, total=2)))
        one, two = [
            await side.tasks.heartbeat([Beat(task=c.task, token=c.token, progress=progress)])
            for side, c in zip(self.sides, claims, strict=True)
        ]
        return one, two

    async def expire(self) -> tuple[Any, Any]:
        """End all leases, and maybe take back."""
        ended = [await side.records.disown() for side in self.sides]
        taken = [0, 0]
        if self.random.random() < 0.5:
            taken = [await side.tasks.take_back_lost() for side in self.sides]
        return (ended[0], taken[0]), (ended[1], taken[1])

    async def cancel(self) -> tuple[Any, Any]:
        """Cancel some run."""
        known = [(tenant, run) for tenant, run in self.submitted if await self._there(run)]
        if not known or self.random.random() < 0.5:
            return None, None
        tenant, run = self.random.choice(known)
        one, two = [await side.cancel(tenant, run, "asked") for side in self.sides]
        return one, two

    async def _there(self, run: UUID) -> bool:
        records = self.sides[1].records
        return isinstance(records, TwinLedger) and run in records.runs

    async def relay(self) -> tuple[Any, Any]:
        """Send what is due."""
        one, two = [await side.relay.publish_due() for side in self.sides]
        return one, two


@pytest.mark.parametrize("seed", range(5))
async def test_the_same_actions_leave_the_same_rows(ledger: Ledger, seed: int) -> None:
    actor = Actor(ledger, (sql(ledger), twin()), Random(seed), await ledger.database.new_tenant())
    done: list[str] = []
    for number in range(80):
        name, one, two = await actor.act()
        done.append(name)
        assert one == two, f"seed {seed}, after {done[-5:]}"
        if number % 10 == 9:
            assert rows_of_twin(actor.sides[1]) == rows_of_sql(ledger), f"seed {seed}: {done[-10:]}"


# -- transactions beside each other -----------------------------------------------------------


@pytest.fixture(params=["sql", "twin"])
async def side(request: pytest.FixtureRequest, ledger: Ledger) -> Side:
    """Give one record after the other, with a run of one step that is claimed."""
    made = sql(ledger) if request.param == "sql" else twin()
    await made.submit(ledger.tenant, ledger.runs.compose(ledger.tenant, NewRun("one", "g")))
    await made.claim("w1", 1)
    return made


async def until_it_waits(side: Side, other: asyncio.Task[Any]) -> None:
    """Wait until a statement of `other` waits for a lock."""
    async with asyncio.timeout(10):
        while not side.waiting():
            assert not other.done(), "it did not wait"
            await asyncio.sleep(0.01)


async def test_a_locked_run_is_skipped_or_waited_for_and_then_seen_as_committed(side: Side) -> None:
    [claim] = side.claims.values()

    async def locked_later() -> tuple[str, int]:
        async with side.records.transaction() as tx:
            found = (await tx.lock([claim.run], skip_locked=False))[claim.run]
            return found.tasks[claim.task].status.value, found.run.seq

    changes = Changes()
    async with side.records.transaction() as tx:
        snapshots = await tx.lock([claim.run], skip_locked=False)
        async with side.records.transaction() as other:
            assert await other.lock([claim.run], skip_locked=True) == {}
        later = asyncio.create_task(locked_later())
        await until_it_waits(side, later)
        snapshot = snapshots[claim.run]
        Decisions(snapshot, changes, lambda: 0).apply(snapshot.tasks[claim.task], outcome(claim))
        await tx.write(changes)
        assert await side.records.agents_with_overdue_tasks(-1) == []
    assert await asyncio.wait_for(later, 10) == ("succeeded", 5)


async def decided(side: Side, claim: Claim) -> Changes:
    """Decide over the run of a claim without a lock: its task has ended."""
    changes = Changes()
    snapshot = (await side.records.standing([claim.task]))[claim.run]
    Decisions(snapshot, changes, lambda: 0).apply(snapshot.tasks[claim.task], outcome(claim))
    return changes


async def test_what_was_decided_without_a_lock_is_written_if_nothing_changed(side: Side) -> None:
    [claim] = side.claims.values()
    first, second = await decided(side, claim), await decided(side, claim)
    assert first.alone
    assert set(await side.records.write(first, all_or_none=True)) == {claim.run}
    assert not await side.records.write(second, all_or_none=True)
    assert not await side.records.write(second, all_or_none=False)
    snapshot = (await side.records.standing([claim.task]))[claim.run]
    assert (snapshot.run.seq, snapshot.run.status.value) == (5, "succeeded")


async def test_what_was_decided_without_a_lock_waits_for_no_run(side: Side) -> None:
    [claim] = side.claims.values()
    changes = await decided(side, claim)
    async with side.records.transaction() as tx:
        await tx.lock([claim.run], skip_locked=False)
        assert not await asyncio.wait_for(side.records.write(changes, all_or_none=True), 10)
    assert await side.records.write(changes, all_or_none=True)


async def test_of_runs_of_which_one_changed_the_others_are_written_or_none(
    side: Side, ledger: Ledger
) -> None:
    [one] = side.claims.values()
    other = await side.submit(
        ledger.tenant, ledger.runs.compose(ledger.tenant, NewRun("one", "other"))
    )
    await side.claim("w1", 1)
    [two] = [claim for claim in side.claims.values() if claim.run == other]
    both, stale = await decided(side, one), await decided(side, two)
    for name in ("runs", "tasks"):
        getattr(both, name).update(getattr(stale, name))
    both.events += stale.events
    assert await side.tasks.apply([outcome(two)]) == 1
    assert not await side.records.write(both, all_or_none=True)
    assert set(await side.records.write(both, all_or_none=False)) == {one.run}
    found = await side.records.standing([one.task, two.task])
    assert {run: snapshot.run.seq for run, snapshot in found.items()} == {one.run: 5, two.run: 5}


async def test_what_is_written_without_a_lock_waits_for_a_heartbeat_of_its_task(side: Side) -> None:
    [claim] = side.claims.values()
    changes = await decided(side, claim)
    beats = [Beat(task=claim.task, token=claim.token)]
    replies, written = await asyncio.gather(
        side.records.renew(beats, 30.0), side.records.write(changes, all_or_none=True)
    )
    assert set(written) == {claim.run}
    assert replies in ([BeatReply.GO_ON], [BeatReply.LOST])
    assert await side.records.renew(beats, 30.0) == [BeatReply.LOST]


async def test_what_may_be_claimed_comes_with_its_run_and_input(side: Side, ledger: Ledger) -> None:
    run = await side.submit(ledger.tenant, ledger.runs.compose(ledger.tenant, NewRun("one", "h")))
    found = await side.records.claimable("worker", 5)
    [candidate] = found.candidates
    assert candidate.run == run
    snapshot = found.snapshots[run]
    assert (snapshot.run.goal, snapshot.run.seq, snapshot.run.status.value) == ("h", 1, "pending")
    assert snapshot.tasks[candidate.task].input is not None
    [claim] = side.claims.values()
    standing = (await side.records.standing([claim.task]))[claim.run]
    assert standing.tasks[claim.task].input is None


async def test_what_a_failed_transaction_did_is_undone(side: Side) -> None:
    [claim] = side.claims.values()
    changes = Changes()
    with pytest.raises(RuntimeError, match="on purpose"):  # noqa: PT012  (a transaction is one)
        async with side.records.transaction() as tx:
            snapshot = (await tx.lock([claim.run], skip_locked=False))[claim.run]
            task = snapshot.tasks[claim.task]
            Decisions(snapshot, changes, lambda: 0).apply(task, outcome(claim))
            await tx.write(changes)
            raise RuntimeError("on purpose")
    assert await side.tasks.apply([outcome(claim)]) == 1


async def test_wake_ups_in_hand_are_anothers_until_its_transaction_fails(side: Side) -> None:
    with pytest.raises(RuntimeError, match="on purpose"):  # noqa: PT012  (a transaction is one)
        async with side.records.transaction() as tx:
            assert len(await tx.take_due(10)) == 1
            async with side.records.transaction() as other:
                assert await other.take_due(10) == []
            raise RuntimeError("on purpose")
    async with side.records.transaction() as tx:
        assert len(await tx.take_due(10)) == 1
    async with side.records.transaction() as tx:
        assert await tx.take_due(10) == []


async def test_a_heartbeat_waits_for_a_task_that_is_being_finished(side: Side) -> None:
    [claim] = side.claims.values()
    changes = Changes()
    async with side.records.transaction() as tx:
        snapshot = (await tx.lock([claim.run], skip_locked=False))[claim.run]
        beat = Beat(task=claim.task, token=claim.token)
        renewal = asyncio.create_task(side.records.renew([beat], 30.0))
        await until_it_waits(side, renewal)
        task = snapshot.tasks[claim.task]
        Decisions(snapshot, changes, lambda: 0).apply(task, outcome(claim))
        await tx.write(changes)
    assert await asyncio.wait_for(renewal, 10) == [BeatReply.LOST]


async def test_a_heartbeat_that_is_not_committed_holds_the_reaper_up(side: Side) -> None:
    await side.records.disown()
    async with side.records.transaction() as tx:
        assert len(await tx.lost(10)) == 1
        [claim] = side.claims.values()
        beat = Beat(task=claim.task, token=claim.token)
        assert await side.records.renew([beat], 30.0) == [BeatReply.GO_ON]
        # READ COMMITTED: each statement sees what was committed before it.
        assert await tx.lost(10) == []
        snapshot = (await tx.lock([claim.run], skip_locked=True))[claim.run]
        until = snapshot.tasks[claim.task].lease_until
        assert until is not None
        assert until > snapshot.now
