"""What the ledger needs of its record: locked snapshots in, changes out, one transaction each."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from sutazai.core.runs.model import Changes, Snapshot
from sutazai_contracts.knowledge import Chunk, CollectionGrant
from sutazai_contracts.tasks import Beat, BeatReply


@dataclass(frozen=True, slots=True)
class Candidate:
    """A task that looked ready, or lost, before its run was locked."""

    task: UUID
    run: UUID


@dataclass(frozen=True, slots=True)
class Claimable:
    """Tasks that may be claimed, best first, and all that a claim of them takes.

    Attributes:
        candidates: the tasks.
        snapshots: their runs by id, each with those of the tasks that are of it, and their inputs.
        grants: what a reading claim on a collection may touch, by collection id.
    """

    candidates: Sequence[Candidate] = ()
    snapshots: Mapping[UUID, Snapshot] = field(default_factory=dict)
    grants: Mapping[UUID, CollectionGrant] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DueWakeUp:
    """A wake-up of the outbox; `sent`: whoever wrote it has published it, too."""

    id: UUID
    agent: str
    sent: bool = False


@dataclass(frozen=True, slots=True)
class HeldTask:
    """Whose a task is now; `token` None: nobody holds it."""

    task: UUID
    run: UUID
    tenant: UUID
    step: str
    agent: str
    attempt: int
    token: UUID | None


class TaskHolders(Protocol):
    """Know who holds tasks. Raises `DatabaseUnavailable` where the database does not answer."""

    async def holders(self, tasks: Collection[UUID]) -> dict[UUID, HeldTask]:
        """Look up tasks of any tenant by id; those that there are not are left out."""


@dataclass(frozen=True, slots=True)
class HeldCollection:
    """A collection that stays as it is while outcomes on it are applied.

    `rebuild` is the run that rebuilds it, if any, `target` where that writes; `same_model`: the
    collection was embedded by the model that it is rebuilt by.
    """

    physical: UUID
    rebuild: UUID | None = None
    target: UUID | None = None
    same_model: bool = True

    @property
    def wanted(self) -> frozenset[UUID]:
        """Give where the points of a version have to be that is published now."""
        if self.target is None:
            return frozenset({self.physical})
        return frozenset({self.physical, self.target} if self.same_model else {self.target})


class LedgerTransaction(Protocol):
    """One READ COMMITTED transaction. Lock order everywhere: runs by ascending id, then tasks."""

    async def lost(self, limit: int) -> list[Candidate]:
        """Pick claimed tasks whose lease ran out by the database's clock."""

    async def lock(self, runs: Collection[UUID], *, skip_locked: bool) -> dict[UUID, Snapshot]:
        """Lock runs and all their tasks; those that others hold are left out if `skip_locked`.

        Outputs are read for all tasks that have one, inputs are not.
        """

    async def runs_of(self, tasks: Collection[UUID]) -> dict[UUID, UUID]:
        """Look up the run of each task."""

    async def hold_collections(
        self, runs: Collection[UUID], *, switching: bool
    ) -> dict[UUID, HeldCollection]:
        """Hold the collections of runs as they are, before any run is locked; by run.

        Until the end of the transaction none is rebuilt, switched over or removed; others may hold
        them, too, unless one is to be switched over here.
        """

    async def still_indexed(self, versions: Collection[UUID]) -> str | None:
        """Name a document one of these versions of which is found now; None: there is none."""

    async def write(
        self, changes: Changes, chunks: Mapping[UUID, Sequence[Chunk]] | None = None
    ) -> None:
        """Write all changes in one statement, then publish document versions, switch collections.

        `chunks` holds those of each published version, by version id.
        """

    async def take_due(self, limit: int) -> list[DueWakeUp]:
        """Remove due wake-ups from the outbox; they are back if the transaction fails."""


class LedgerRecords(Protocol):
    """Open transactions, and what takes a statement by itself.

    All raise `DatabaseUnavailable` where the database does not answer; nothing is written then.
    """

    def transaction(self) -> AbstractAsyncContextManager[LedgerTransaction]:
        """Begin; commit on leaving, roll back on an error."""

    async def claimable(self, agent: str, limit: int) -> Claimable:
        """Pick ready tasks of an agent by fairness between tenants, priority and age; no lock."""

    async def standing(self, tasks: Collection[UUID]) -> dict[UUID, Snapshot]:
        """Read the runs that some tasks are of, by id, with all their tasks; no lock.

        Outputs are read for all tasks that have one, inputs are not.
        """

    async def write(self, changes: Changes, *, all_or_none: bool) -> Collection[UUID]:
        """Write changes of runs that are as they were read, in one statement of its own.

        A run that another holds or has changed meanwhile is left out, or nothing is written if
        `all_or_none`. Changes have to be `alone`.

        Returns:
            The runs that were written.
        """

    async def renew(
        self, beats: Sequence[Beat], lease_s: float, agent: str | None = None
    ) -> list[BeatReply]:
        """Renew leases by the database's clock; one reply per beat.

        Where an agent is named, claims on another's tasks count as lost.
        """

    async def agents_with_overdue_tasks(self, overdue_s: float) -> list[str]:
        """Name the agents that have had ready tasks waiting for longer than this."""

    async def now(self) -> float:
        """Read the database's clock, in seconds since the epoch."""

    async def set_back(self, seconds: float, lease_s: float) -> int:
        """Move along what was due by a clock that was set back; gives how many tasks.

        Tasks that were ready would wait, and leases of workers that are gone would hold, until the
        clock is again where it was.

        Args:
            seconds: by how much, rather more than less.
            lease_s: the length of a lease: none ends later than this from now.
        """

    async def disown(self) -> int:
        """End every lease now: for a start that has proven that no earlier worker lives."""
