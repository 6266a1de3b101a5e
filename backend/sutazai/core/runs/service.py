"""Runs: started from a workflow, read, watched, cancelled."""

import hashlib
import json
import random
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sutazai.core.pages import Page, decode_cursor, encode_cursor
from sutazai.core.runs.asked import GRAPH
from sutazai.core.runs.feed import EventFeed
from sutazai.core.runs.live import Standing, Told
from sutazai.core.runs.model import Changes, NewWakeUp, RunRow, RunStatus, Snapshot, TaskStatus
from sutazai.core.runs.plan import check_workflow, looks_for_goal, takes_graph
from sutazai.core.runs.ports import RunRecords, RunView, Submission
from sutazai.core.runs.transitions import Decisions
from sutazai_contracts.errors import InvalidInput
from sutazai_contracts.events import Event
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.workflows import Workflow


@dataclass(frozen=True, slots=True)
class NewRun:
    """What a run is started with; `graph`: whether its question is to ask the graph too."""

    workflow: str
    goal: str
    collection: UUID | None = None
    collection_name: str | None = None
    input: Mapping[str, Any] = field(default_factory=dict)
    traceparent: str | None = None
    idempotency_key: str | None = None
    graph: bool = False


@dataclass(slots=True)
class Runs:
    """Start, read, watch and cancel runs.

    Args:
        records: the record of runs.
        feed: wakes watchers.
        workflows: those that are known, by name.
        agents: names of the agents that are known, to refuse a plan that names another.
        on_wake_ups: called after a commit that left wake-ups in the outbox, with those of them
            that are known.
        on_sought: called with a goal that a run begins by looking for, before the run is written.
    """

    records: RunRecords
    feed: EventFeed
    workflows: Mapping[str, Workflow]
    agents: Callable[[], Set[str]]
    on_wake_ups: Callable[[Collection[NewWakeUp]], None] = lambda wake_ups: None
    on_sought: Callable[[str], None] = lambda goal: None
    random: Callable[[], float] = field(default=random.random)

    def compose(self, tenant: UUID, new: NewRun) -> Submission:
        """Make a run with its first tasks, ready to be written; writes nothing.

        Raises:
            InvalidInput: there is no such workflow, or it can't ask the graph and is to.
            InvalidWorkflow: it names an agent that is not here.
        """
        workflow = self.workflows.get(new.workflow)
        if workflow is None:
            known = ", ".join(sorted(name for name, w in self.workflows.items() if w.public))
            raise InvalidInput(
                f"there is no workflow {new.workflow!r}; there are: {known}", field="workflow"
            )
        check_workflow(workflow, agents=self.agents(), source=f"workflow {workflow.name}")
        if new.graph and not takes_graph(workflow):
            raise InvalidInput(
                f"the workflow {workflow.name} can't ask the graph: no step of it takes $run.graph",
                field="graph",
            )
        if looks_for_goal(workflow):
            self.on_sought(new.goal)
        run = RunRow(
            id=new_id(),
            tenant=tenant,
            plan=workflow,
            goal=new.goal,
            input={**new.input, GRAPH: True} if new.graph else dict(new.input),
            status=RunStatus.PENDING,
            seq=0,
            collection=new.collection,
            traceparent=new.traceparent,
        )
        changes = Changes()
        Decisions(Snapshot(run, {}, datetime.now(UTC)), changes, self.random).open()
        return Submission(
            run=run,
            changes=changes,
            collection_name=new.collection_name,
            idempotency_key=new.idempotency_key,
            request_hash=_request_hash(new),
        )

    async def start(self, tenant: UUID, new: NewRun) -> RunView:
        """Start a run; the same idempotency key and request give the same run.

        Raises:
            IdempotencyMismatch: the key was used with another request.
            NotFound: this tenant has no collection of the name.
        """
        self.refuse_private(new.workflow)
        submission = self.compose(tenant, new)
        run = await self.records.submit(tenant, submission)
        if run.id == submission.run.id:
            self.submitted([run.id], submission.changes.wake_ups)
        return run

    def refuse_private(self, workflow: str) -> None:
        """Refuse a workflow that nobody may start by its name.

        Raises:
            InvalidInput: the platform alone starts it.
        """
        known = self.workflows.get(workflow)
        if known is not None and not known.public:
            raise InvalidInput(
                f"the workflow {workflow} is started by the platform only", field="workflow"
            )

    def submitted(self, runs: Collection[UUID], wake_ups: Collection[NewWakeUp] = ()) -> None:
        """Tell that runs were written: their watchers, and whoever sends wake-ups."""
        self.feed.tell(runs)
        self.on_wake_ups(wake_ups)

    async def get(self, tenant: UUID, run: UUID) -> RunView:
        """Read a run with its steps; `NotFound` where this tenant has none such."""
        return await self.records.get(tenant, run)

    async def page(
        self,
        tenant: UUID,
        limit: int,
        cursor: str | None,
        status: RunStatus | None = None,
        workflow: str | None = None,
    ) -> Page[RunView]:
        """List runs, newest first, of a status and of a workflow where these are given."""
        before = _position(cursor)
        found = await self.records.newest(tenant, limit + 1, before, status, workflow)
        items = found[:limit]
        more = len(found) > limit
        return Page(items, encode_cursor(str(items[-1].id)) if more else None)

    async def cancel(
        self, tenant: UUID, run: UUID, reason: str = "cancelled by request"
    ) -> RunView:
        """Cancel a run; one that has ended stays as it is."""
        if await self.records.cancel(tenant, run, reason):
            self.feed.tell([run])
        return await self.records.get(tenant, run)

    async def watch(
        self, tenant: UUID, run: UUID, after: int = 0, *, beat_s: float = 15.0
    ) -> AsyncGenerator[Told | None, None]:
        """Open a run for watching: its events after `after`, or after the newest, and live text.

        Raises:
            NotFound: this tenant has no such run; raised before anything is given.
        """
        view = await self.records.get(tenant, run)
        if view.status.ended and after >= view.seq:
            return _nothing()
        at_work = {
            step.task: step.attempts
            for step in view.steps
            if step.task is not None and step.status == TaskStatus.CLAIMED
        }
        standing = Standing(view.seq, at_work)
        return self.feed.watch(tenant, run, min(after, view.seq), standing=standing, beat_s=beat_s)


async def _nothing() -> AsyncGenerator[Told | None, None]:
    events: tuple[Event, ...] = ()
    for event in events:
        yield event


def _position(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(decode_cursor(cursor))
    except ValueError as exc:
        raise InvalidInput("this cursor was not given by this list", field="cursor") from exc


def _request_hash(new: NewRun) -> bytes:
    asked: list[Any] = [new.workflow, new.goal, new.collection_name, dict(new.input)]
    # A key that was used before there was this is still good for the same request.
    asked += [GRAPH] if new.graph else []
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).digest()
