"""How many statements a step of a run takes, from its submission to its end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from sutazai.bootstrap.workflows import read_workflows
from sutazai.core.knowledge.model import Collection
from sutazai.core.runs.feed import EventFeed
from sutazai.core.runs.service import NewRun, Runs
from sutazai.core.tasks.reaper import Reaper
from sutazai.core.tasks.relay import Relay
from sutazai.core.tasks.service import Tasks
from sutazai.records.knowledge import SqlKnowledge
from sutazai.records.ledger import SqlLedger
from sutazai.records.runs import SqlRuns
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.knowledge import Chunk, EmbeddingModel
from sutazai_contracts.tasks import Beat, Claim, Outcome, Progress, Succeeded
from sutazai_kit.bus.memory import MemoryBus
from sutazai_kit.discovery import find_workflow_folders
from tests.integration.api.counting import Sent, Statement, count, note_statements, shortened
from tests.support.database import TestDatabase

MODEL = EmbeddingModel(name="m", revision="r", dimension=3, max_tokens=8)
OUTPUTS = {
    "research": {"question": "q", "standalone": "", "passages": [], "searched": 0},
    "write": {"answer": "a", "kind": "extract", "grounded": False, "confidence": 1},
    "review": {"answer": "a", "kind": "extract", "grounded": False, "confidence": 1},
}


@dataclass
class Ledger:
    """The services over one database, and all that they send to it."""

    tenant: UUID
    collection: Collection
    runs: Runs
    tasks: Tasks
    relay: Relay
    reaper: Reaper
    statements: list[Statement] = field(default_factory=list)

    async def sent(self) -> Sent:
        """Count what was sent since the last time."""
        await asyncio.sleep(0.01)  # asyncpg tells its listeners in the loop's next turn
        texts = [statement.text for statement in self.statements]
        self.statements.clear()
        print(*shortened(texts), sep="\n", end="\n\n")
        return count(texts)

    async def submit(self) -> UUID:
        """Start a run of the workflow `answer`."""
        name = self.collection.name
        new = NewRun("answer", "Why?", collection=self.collection.id, collection_name=name)
        return (await self.runs.start(self.tenant, new)).id

    async def claim(self, agent: str, slots: int = 1) -> tuple[Claim, ...]:
        """Claim tasks of an agent."""
        return (await self.tasks.claim(agent, "worker", slots)).claims


def outcome(claim: Claim) -> Outcome:
    """Make an outcome that the workflow goes on from."""
    result = Succeeded(output=OUTPUTS[claim.step])
    return Outcome(id=new_id(), task=claim.task, run=claim.run, token=claim.token, result=result)


async def no_chunks(tenant: UUID, output: object) -> list[Chunk]:
    """Read no chunks: nothing is published here."""
    return []


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[Statement]:
    """Hear all connections that are opened after this."""
    noted: list[Statement] = []
    note_statements(monkeypatch, noted)
    return noted


@pytest.fixture
async def ledger(statements: list[Statement], database: TestDatabase) -> AsyncIterator[Ledger]:
    """Open the ledger with the workflows that come with the platform, and a collection."""
    tenant = await database.new_tenant()

    async def prepare() -> None:
        return None

    collection = await SqlKnowledge(database.open).create_collection(
        tenant, "default", new_id(), MODEL, prepare, most=1
    )
    records, bus = SqlRuns(database.open), MemoryBus()
    runs = Runs(
        records=records,
        feed=EventFeed(records),
        workflows=read_workflows(find_workflow_folders()),
        agents=lambda: frozenset({"researcher", "writer", "reviewer", "librarian"}),
    )
    tasks = Tasks(SqlLedger(database.open), no_chunks, lease_s=30.0)
    relay = Relay(SqlLedger(database.open), bus)
    ledger = Ledger(tenant, collection, runs, tasks, relay, Reaper(tasks, relay), statements)
    # What a connection sends once is sent now.
    await ledger.submit()
    for agent in ("researcher", "writer", "reviewer"):
        await tasks.apply([outcome(claim) for claim in await ledger.claim(agent)])
    await relay.publish_due()
    await ledger.sent()
    yield ledger
    await bus.aclose()


async def test_a_submission(ledger: Ledger) -> None:
    await ledger.submit()
    # One looks the collection up and writes the run with its tasks, events and wake-ups.
    assert await ledger.sent() == Sent(1, 1)


async def test_a_claim(ledger: Ledger) -> None:
    await ledger.submit()
    await ledger.sent()
    assert len(await ledger.claim("researcher")) == 1
    # Candidates with their runs and what may be read of collections, one write.
    assert await ledger.sent() == Sent(2, 2)


async def test_a_claim_without_a_collection(ledger: Ledger) -> None:
    await ledger.submit()
    (research,) = await ledger.claim("researcher")
    await ledger.tasks.apply([outcome(research)])
    await ledger.sent()
    assert len(await ledger.claim("writer")) == 1
    assert await ledger.sent() == Sent(2, 2)


async def test_a_claim_of_many_is_as_one(ledger: Ledger) -> None:
    for _ in range(10):
        await ledger.submit()
    await ledger.sent()
    assert len(await ledger.claim("researcher", slots=10)) == 10
    assert await ledger.sent() == Sent(2, 2)


async def test_a_claim_of_nothing(ledger: Ledger) -> None:
    assert await ledger.claim("researcher") == ()
    assert await ledger.sent() == Sent(1, 1)


@pytest.mark.parametrize("tasks", [1, 10])
async def test_a_heartbeat(ledger: Ledger, tasks: int) -> None:
    beats = await claimed(ledger, tasks, None)
    await ledger.tasks.heartbeat(beats)
    assert await ledger.sent() == Sent(1, 1)


@pytest.mark.parametrize("tasks", [1, 10])
async def test_a_heartbeat_with_progress(ledger: Ledger, tasks: int) -> None:
    beats = await claimed(ledger, tasks, Progress(message="half", done=1, total=2))
    await ledger.tasks.heartbeat(beats)
    # The leases; then the runs as they are, and one write.
    assert await ledger.sent() == Sent(3, 3)


async def claimed(ledger: Ledger, tasks: int, progress: Progress | None) -> list[Beat]:
    """Claim tasks of as many runs."""
    for _ in range(tasks):
        await ledger.submit()
    claims = await ledger.claim("researcher", slots=tasks)
    assert len(claims) == tasks
    await ledger.sent()
    return [Beat(task=claim.task, token=claim.token, progress=progress) for claim in claims]


@pytest.mark.parametrize(("outcomes", "cost"), [(1, Sent(2, 2)), (8, Sent(2, 2)), (9, Sent(3, 5))])
async def test_outcomes(ledger: Ledger, outcomes: int, cost: Sent) -> None:
    for _ in range(outcomes):
        await ledger.submit()
    claims = await ledger.claim("researcher", slots=outcomes)
    await ledger.sent()
    assert await ledger.tasks.apply([outcome(claim) for claim in claims]) == outcomes
    # Few: the runs as they are, one write. Many: locks on runs, locks on tasks, one write.
    assert await ledger.sent() == cost


@pytest.mark.parametrize("runs", [0, 1, 10])
async def test_wake_ups(ledger: Ledger, runs: int) -> None:
    for _ in range(runs):
        await ledger.submit()
    await ledger.sent()
    assert await ledger.relay.publish_due() == runs
    assert await ledger.sent() == Sent(1, 3)


async def test_a_look_for_lost_claims(ledger: Ledger) -> None:
    await ledger.submit()
    await ledger.claim("researcher")
    await ledger.sent()
    assert await ledger.tasks.take_back_lost() == 0
    assert await ledger.sent() == Sent(1, 3)


async def test_a_whole_answer(ledger: Ledger) -> None:
    """Submission, then wake-up, claim, outcome for each step: nothing is asked twice."""
    run = await ledger.submit()
    for agent in ("researcher", "writer", "reviewer"):
        assert await ledger.relay.publish_due() == 1
        (claim,) = await ledger.claim(agent)
        assert await ledger.tasks.apply([outcome(claim)]) == 1
    assert await ledger.sent() == Sent(16, 22)
    assert (await ledger.runs.get(ledger.tenant, run)).status == "succeeded"
