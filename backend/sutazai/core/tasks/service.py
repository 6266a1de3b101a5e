"""The ledger at work: claims, heartbeats, outcomes, lost claims. Decisions are pure, elsewhere."""

import random
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID, uuid4

from loguru import logger

from sutazai.core.runs.model import Changes, NewEvent, NewWakeUp, RunRow, Snapshot, TaskRow
from sutazai.core.runs.transitions import Decisions
from sutazai.core.tasks.ports import Candidate, Claimable, LedgerRecords
from sutazai.core.tasks.publishing import check_publishing, publishing
from sutazai_contracts.errors import LeaseLost, SutazaiError
from sutazai_contracts.knowledge import Chunk, CollectionGrant
from sutazai_contracts.tasks import (
    Beat,
    BeatReply,
    Claim,
    ClaimReply,
    Crashed,
    Outcome,
    Succeeded,
)

ChunkReader = Callable[[UUID, Mapping[str, object]], Awaitable[list[Chunk]]]
# What is to be written, and the outcomes that it is of.
Applied: TypeAlias = tuple[Changes, list[Outcome]]

# So many outcomes are tried without locks first: of more it is likelier that another changes one,
# and a round trip is shared by more.
FEW = 8


@dataclass(slots=True)
class Tasks:
    """Hand out tasks and apply what becomes of them.

    Args:
        records: the ledger's record.
        read_chunks: reads the chunks that a step's output names, for a tenant and that output.
        lease_s: seconds a claim holds without a heartbeat.
        on_events: called after a commit with the events that it wrote.
        on_wake_ups: called after a commit that left wake-ups in the outbox, with these.
        on_outcome: called after a commit with each outcome that was applied.
        admit: adds to a claim what its holder gets in by, before it is handed over.
    """

    records: LedgerRecords
    read_chunks: ChunkReader
    lease_s: float = 10.0
    on_events: Callable[[Sequence[NewEvent]], None] = lambda events: None
    on_wake_ups: Callable[[Collection[NewWakeUp]], None] = lambda wake_ups: None
    on_outcome: Callable[[Outcome], None] = lambda outcome: None
    admit: Callable[[Claim], Claim] = lambda claim: claim
    random: Callable[[], float] = field(default=random.random)

    async def claim(self, agent: str, worker: str, slots: int) -> ClaimReply:
        """Claim the best `slots` or fewer ready tasks of an agent for a worker.

        Runs that another holds or changes meanwhile are left out, and there is `more`.
        """
        found = await self.records.claimable(agent, slots + 1)
        wanted = found.candidates[:slots]
        if not wanted:
            return ClaimReply()
        changes = Changes()
        claimed = self._claim_each(wanted, found.snapshots, changes, worker)
        written = await self.records.write(changes, all_or_none=False) if claimed else ()
        self._tell(changes.of(written))
        held = [task for task in claimed if task.run in written]
        claims = map(self.admit, self._claims(held, found))
        more = len(found.candidates) > slots or len(held) < len(wanted)
        return ClaimReply(claims=tuple(claims), more=more)

    def _claim_each(
        self,
        wanted: Sequence[Candidate],
        snapshots: Mapping[UUID, Snapshot],
        changes: Changes,
        worker: str,
    ) -> list[TaskRow]:
        claimed: list[TaskRow] = []
        for candidate in wanted:
            snapshot = snapshots.get(candidate.run)
            task = snapshot.tasks.get(candidate.task) if snapshot else None
            if snapshot is None or task is None:
                continue
            decisions = Decisions(snapshot, changes, self.random)
            if decisions.claim(task, worker=worker, token=uuid4(), lease_s=self.lease_s):
                claimed.append(task)
        return claimed

    def _claims(self, tasks: Sequence[TaskRow], found: Claimable) -> list[Claim]:
        claims: list[Claim] = []
        for task in tasks:
            run = found.snapshots[task.run].run
            step = run.step(task.step)
            grant = _grant(step.collection, run.collection, found.grants)
            claims.append(self._claim(task, step.timeout_s, run, grant))
        return claims

    def _claim(
        self,
        task: TaskRow,
        timeout_s: float,
        run: RunRow,
        grant: CollectionGrant | None,
    ) -> Claim:
        if task.token is None:
            raise LeaseLost
        return Claim(
            task=task.id,
            run=task.run,
            tenant=task.tenant,
            step=task.step,
            agent=task.agent,
            attempt=task.attempt,
            token=task.token,
            lease_s=self.lease_s,
            timeout_s=timeout_s,
            input=task.input or {},
            grant=grant,
            traceparent=run.traceparent,
            origin=run.origin,
        )

    async def heartbeat(
        self, beats: Sequence[Beat], *, agent: str | None = None
    ) -> list[BeatReply]:
        """Renew leases and keep what progress came along; one reply per beat.

        Args:
            beats: one per claim.
            agent: who sends them, where that is known: another's claims count as lost.
        """
        if not beats:
            return []
        replies = await self.records.renew(beats, self.lease_s, agent)
        news = [
            beat
            for beat, reply in zip(beats, replies, strict=True)
            if beat.progress is not None and reply is BeatReply.GO_ON
        ]
        if news:
            await self._keep_progress(news)
        return replies

    async def _keep_progress(self, beats: Sequence[Beat]) -> None:
        tasks = [beat.task for beat in beats]
        changes = self._progress_of(beats, await self.records.standing(tasks))
        if changes and not await self.records.write(changes, all_or_none=True):
            async with self.records.transaction() as tx:
                runs = await tx.runs_of(tasks)
                snapshots = await tx.lock(set(runs.values()), skip_locked=False)
                changes = self._progress_of(beats, snapshots)
                if changes:
                    await tx.write(changes)
        self._tell(changes)

    def _progress_of(self, beats: Sequence[Beat], snapshots: Mapping[UUID, Snapshot]) -> Changes:
        changes = Changes()
        runs = {task: snapshot for snapshot in snapshots.values() for task in snapshot.tasks}
        for beat in beats:
            snapshot = runs.get(beat.task)
            if snapshot is not None and beat.progress is not None:
                decisions = Decisions(snapshot, changes, self.random)
                decisions.progress(snapshot.tasks[beat.task], beat.token, beat.progress)
        return changes

    async def apply(self, outcomes: Sequence[Outcome]) -> int:
        """Apply outcomes once each, all of them or none; those with an old token change nothing.

        Returns:
            How many were applied.
        """
        changes, applied = await self._apply_few(outcomes) or await self._apply_locked(outcomes)
        self._tell(changes)
        for outcome in applied:
            self.on_outcome(outcome)
        if len(applied) < len(outcomes):
            logger.info("Outcomes of claims that no longer hold: {}", len(outcomes) - len(applied))
        return len(applied)

    async def _apply_few(self, outcomes: Sequence[Outcome]) -> Applied | None:
        """Apply outcomes that change runs alone, unless another changes one of these meanwhile.

        That is two round trips where a transaction takes five.
        """
        if len(outcomes) > FEW or publishing(outcomes)[0]:
            return None
        changes, applied = Changes(), []
        snapshots = await self.records.standing([outcome.task for outcome in outcomes])
        for outcome in outcomes:
            snapshot = snapshots.get(outcome.run)
            task = snapshot.tasks.get(outcome.task) if snapshot else None
            if snapshot is None or task is None:
                continue
            if Decisions(snapshot, changes, self.random).apply(task, outcome):
                applied.append(outcome)
        if not changes:
            return changes, applied
        if changes.alone and await self.records.write(changes, all_or_none=True):
            return changes, applied
        return None

    async def _apply_locked(self, outcomes: Sequence[Outcome]) -> Applied:
        changes, applied = Changes(), []
        chunks: dict[UUID, Sequence[Chunk]] = {}
        runs, switching = publishing(outcomes)
        async with self.records.transaction() as tx:
            held = await tx.hold_collections(runs, switching=switching) if runs else {}
            snapshots = await tx.lock({o.run for o in outcomes}, skip_locked=False)
            for outcome in outcomes:
                snapshot = snapshots.get(outcome.run)
                task = snapshot.tasks.get(outcome.task) if snapshot else None
                if snapshot is None or task is None:
                    continue
                checked = await check_publishing(outcome, held.get(outcome.run), tx)
                checked = await self._with_chunks(checked, task, chunks)
                if Decisions(snapshot, changes, self.random).apply(task, checked):
                    applied.append(checked)
            if changes:
                await tx.write(changes, chunks)
        return changes, applied

    async def _with_chunks(
        self, outcome: Outcome, task: TaskRow, chunks: dict[UUID, Sequence[Chunk]]
    ) -> Outcome:
        """Read the chunks an output names; an output that names none that fit is a crash."""
        result = outcome.result
        if not isinstance(result, Succeeded) or "chunks_sha256" not in result.output:
            return outcome
        try:
            read = await self.read_chunks(task.tenant, result.output)
        except (SutazaiError, ValueError) as exc:
            crashed = Crashed(reason=f"the chunks it handed over can't be read: {exc}")
            return outcome.model_copy(update={"result": crashed})
        if read:
            chunks[read[0].version] = read
        return outcome

    async def take_back_lost(self, limit: int = 100) -> int:
        """Return tasks whose lease ran out to the ready ones; gives how many."""
        changes, taken = Changes(), 0
        async with self.records.transaction() as tx:
            found = await tx.lost(limit)
            if not found:
                return 0
            snapshots = await tx.lock({candidate.run for candidate in found}, skip_locked=True)
            for candidate in found:
                snapshot = snapshots.get(candidate.run)
                task = snapshot.tasks.get(candidate.task) if snapshot else None
                if snapshot is None or task is None or task.lease_until is None:
                    continue
                if task.lease_until < snapshot.now:
                    taken += Decisions(snapshot, changes, self.random).lose(task)
            if changes:
                await tx.write(changes)
        self._tell(changes)
        return taken

    def _tell(self, changes: Changes) -> None:
        if changes.events:
            self.on_events(changes.events)
        if changes.wake_ups:
            self.on_wake_ups(changes.wake_ups)


def _grant(
    access: str, collection: UUID | None, grants: Mapping[UUID, CollectionGrant]
) -> CollectionGrant | None:
    grant = grants.get(collection) if collection is not None else None
    if access == "none" or grant is None:
        return None
    target = grant.rebuild
    if access == "read":
        return grant.model_copy(update={"rebuild": None})
    written = grant.model_copy(update={"access": "write", "hidden_versions": ()})
    if target is None:
        return None if access == "rebuild" else written
    if access == "write" and target.model == grant.model:
        return written
    # What another model embedded can't be added to; what takes its place can.
    there = {"physical": target.physical, "model": target.model, "rebuild": None}
    return written.model_copy(update=there)
