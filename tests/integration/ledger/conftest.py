"""The ledger over a real PostgreSQL, driven as agents and the API drive it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import pytest

from sutazai.core.runs.feed import EventFeed
from sutazai.core.runs.retrying import Retries
from sutazai.core.runs.service import NewRun, Runs
from sutazai.core.tasks.service import Tasks
from sutazai.records.ledger import SqlLedger
from sutazai.records.retries import SqlRetries
from sutazai.records.runs import SqlRuns
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.knowledge import Chunk
from sutazai_contracts.tasks import Claim, Outcome, Result, Succeeded
from sutazai_contracts.workflows import RetryPolicy, Step, Workflow
from tests.support.database import TestDatabase

QUICK = RetryPolicy(attempts=3, base_s=0)
ONE = Workflow(
    name="one",
    description="A single step.",
    steps=(Step(id="only", agent="worker", input={"goal": "$run.goal"}, retry=QUICK),),
    result="$steps.only",
)
CHAIN = Workflow(
    name="chain",
    description="Two steps, one after the other.",
    steps=(
        Step(id="first", agent="worker", input={"goal": "$run.goal"}, retry=QUICK),
        Step(
            id="second",
            agent="worker",
            needs=("first",),
            input={"heard": "$steps.first.said"},
            retry=QUICK,
        ),
    ),
    result="$steps.second",
)
FORK = Workflow(
    name="fork",
    description="Two steps side by side, then one that needs both.",
    steps=(
        Step(id="left", agent="worker", retry=QUICK),
        Step(id="right", agent="worker", retry=QUICK),
        Step(id="join", agent="worker", needs=("left", "right"), retry=QUICK),
    ),
    result="$steps.join",
)


async def no_chunks(tenant: UUID, output: object) -> list[Chunk]:
    """Read no chunks: no workflow here publishes a document."""
    return []


@dataclass
class Ledger:
    """The services over one fresh database, with a tenant."""

    database: TestDatabase
    tenant: UUID
    runs: Runs
    retries: Retries
    tasks: Tasks

    async def submit(self, workflow: str = "one", *, tenant: UUID | None = None) -> UUID:
        """Start a run and give its id."""
        view = await self.runs.start(tenant or self.tenant, NewRun(workflow, goal="a goal"))
        return view.id

    async def claim(self, slots: int = 1, worker: str = "w1") -> Sequence[Claim]:
        """Claim for the agent of all these workflows."""
        return (await self.tasks.claim("worker", worker, slots)).claims

    async def finish(self, claim: Claim, result: Result | None = None) -> int:
        """Apply an outcome of a claim; gives how many were applied."""
        return await self.tasks.apply([outcome(claim, result)])

    async def event_types(self, run: UUID) -> list[str]:
        """Read a run's events, checking that their numbers have no gap."""
        events = await self.runs.records.events(self.tenant, run, 0, 1000)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        return [event.type.value for event in events]


def outcome(claim: Claim, result: Result | None = None) -> Outcome:
    """Make an outcome of a claim: by default it succeeded."""
    return Outcome(
        id=new_id(),
        task=claim.task,
        run=claim.run,
        token=claim.token,
        result=result or Succeeded(output={"said": f"done {claim.step}"}),
        usage={"things": 2},
    )


@pytest.fixture
async def ledger(database: TestDatabase) -> Ledger:
    """Open the ledger with the three workflows above."""
    records = SqlRuns(database.open)
    runs = Runs(
        records=records,
        feed=EventFeed(records),
        workflows={w.name: w for w in (ONE, CHAIN, FORK)},
        agents=lambda: frozenset({"worker"}),
    )
    tasks = Tasks(SqlLedger(database.open), no_chunks, lease_s=30.0)
    retries = Retries(SqlRetries(database.open), runs)
    return Ledger(database, await database.new_tenant(), runs, retries, tasks)
