"""A Hypothesis state machine over the real PostgreSQL: whatever is done, the ledger does as said.

After each step the rows are those of the model, and the event log alone tells the same story.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from sutazai.core.runs.feed import EventFeed
from sutazai.core.runs.retrying import Retries
from sutazai.core.runs.service import NewRun, Runs
from sutazai.core.tasks.service import Tasks
from sutazai.records.database import open_database
from sutazai.records.ledger import SqlLedger
from sutazai.records.retries import SqlRetries
from sutazai.records.roles import prepare_database
from sutazai.records.runs import SqlRuns
from sutazai_contracts.errors import IdempotencyMismatch, RunNotRetriable
from sutazai_contracts.identifiers import new_id
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
from sutazai_contracts.workflows import Workflow
from tests.integration.ledger.conftest import CHAIN, FORK, ONE, no_chunks, outcome
from tests.integration.ledger.machine_model import ModelRun
from tests.support.database import PASSWORDS, Migrated
from tests.support.postgres import fresh_database

pytestmark = pytest.mark.untraced

Answer = TypeVar("Answer")
RESULTS: list[Result] = [
    Succeeded(output={"said": "done"}),
    Succeeded(output={"said": "done"}),
    Crashed(reason="boom"),
    RetryLater(reason="later"),
    Refused(reason="no"),
    Released(),
]
# An event says that no further attempt is made, not whether the agent or the ledger said so.
GIVEN_UP = {"failed": "given up", "dead": "given up"}


@dataclass
class Place:
    """One database for all examples; each has an agent, and so tasks, of its own."""

    runner: asyncio.Runner
    reader: "psycopg.Connection[tuple[Any, ...]]"
    runs: SqlRuns
    tasks: Tasks
    tenant: UUID
    numbers: Iterator[int] = field(default_factory=count)

    def run(self, coro: Coroutine[Any, Any, Answer]) -> Answer:
        """Run a coroutine to its end."""
        return self.runner.run(coro)


@pytest.fixture
def place(migrated: Migrated) -> Iterator[Place]:
    with fresh_database(migrated.server, template=migrated.template) as name:
        admin = migrated.server.dsn(database=name)
        urls = prepare_database(admin, PASSWORDS)
        with asyncio.Runner() as runner, psycopg.connect(admin, autocommit=True) as reader:
            tenant = new_id()
            reader.execute("SET search_path = sutazai")
            reader.execute("INSERT INTO tenants (id, name) VALUES (%s, 'one')", [tenant])
            opening = open_database(urls, pool_size=2)
            database = runner.run(opening.__aenter__())
            try:
                tasks = Tasks(SqlLedger(database), no_chunks, lease_s=60.0)
                yield Place(runner, reader, SqlRuns(database), tasks, tenant)
            finally:
                runner.run(opening.__aexit__(None, None, None))


def for_agent(workflow: Workflow, agent: str) -> Workflow:
    """Give the workflow with another agent."""
    steps = tuple(step.model_copy(update={"agent": agent}) for step in workflow.steps)
    return workflow.model_copy(update={"steps": steps})


class LedgerMachine(RuleBasedStateMachine):
    """Drive the ledger as the API and several workers do, in any order."""

    claims: Bundle[Claim] = Bundle("claims")
    place: Place

    @initialize()
    def begin(self) -> None:
        self.agent = f"agent_{next(self.place.numbers)}"
        self.model: dict[UUID, ModelRun] = {}
        self.keys: dict[str, UUID] = {}
        self.tokens: set[UUID] = set()
        self.service = Runs(
            records=self.place.runs,
            feed=EventFeed(self.place.runs),
            workflows={w.name: for_agent(w, self.agent) for w in (ONE, CHAIN, FORK)},
            agents=lambda: frozenset({self.agent}),
        )
        self.retries = Retries(SqlRetries(self.place.runs.database), self.service)

    @rule(
        workflow=st.sampled_from(("one", "chain", "fork")),
        goal=st.sampled_from(("a", "b")),
        key=st.sampled_from((None, None, "k1", "k2")),
    )
    def submit(self, workflow: str, goal: str, key: str | None) -> None:
        unique = f"{self.agent}/{key}" if key else None
        new = NewRun(workflow, goal=goal, idempotency_key=unique)
        earlier = self.keys.get(key) if key else None
        if earlier is not None and self.model[earlier].request != (workflow, goal):
            with pytest.raises(IdempotencyMismatch):
                self.place.run(self.service.start(self.place.tenant, new))
            return
        run = self.place.run(self.service.start(self.place.tenant, new)).id
        if earlier is not None:
            assert run == earlier
            return
        assert run not in self.model
        self.model[run] = ModelRun(self.service.workflows[workflow], (workflow, goal))
        if key:
            self.keys[key] = run

    @rule(target=claims, worker=st.sampled_from(("w1", "w2", "w3")), slots=st.integers(1, 4))
    def claim(self, worker: str, slots: int) -> Any:
        ready = sum(t.status == "ready" for r in self.model.values() for t in r.tasks.values())
        reply = self.place.run(self.place.tasks.claim(self.agent, worker, slots))
        assert len(reply.claims) == min(slots, ready)
        assert reply.more == (ready > slots)
        for claim in reply.claims:
            assert claim.token not in self.tokens, "a token is fresh"
            self.tokens.add(claim.token)
            self.model[claim.run].claim(claim)
        return multiple(*reply.claims)

    @rule(claim=claims, stranger=st.booleans(), progress=st.booleans())
    def heartbeat(self, claim: Claim, stranger: bool, progress: bool) -> None:
        run = self.model[claim.run]
        if stranger:
            claim = claim.model_copy(update={"token": new_id()})
        said = Progress(message="half", done=1, total=2) if progress else None
        beat = Beat(task=claim.task, token=claim.token, progress=said)
        before = len(self._events(claim.run))
        [reply] = self.place.run(self.place.tasks.heartbeat([beat]))
        if run.holds(claim):
            assert reply is BeatReply.GO_ON
            run.tasks[claim.step].lease_ended = False
        elif run.tasks[claim.step].status == "cancelled":
            assert reply is BeatReply.CANCELLED
        else:
            assert reply is BeatReply.LOST
        assert len(self._events(claim.run)) - before == (progress and run.holds(claim))

    @rule(claim=claims, result=st.sampled_from(RESULTS), times=st.integers(1, 2))
    def outcome(self, claim: Claim, result: Result, times: int) -> None:
        expected = self.model[claim.run].finish(claim, result)
        said = outcome(claim, result)
        assert self.place.run(self.place.tasks.apply([said] * times)) == expected
        assert self.place.run(self.place.tasks.apply([said])) == 0

    @rule(claim=claims)
    def outcome_of_nobody(self, claim: Claim) -> None:
        said = outcome(claim).model_copy(update={"token": new_id()})
        assert self.place.run(self.place.tasks.apply([said])) == 0

    @rule()
    def leases_end(self) -> None:
        self.place.run(self.place.tasks.records.disown())
        for run in self.model.values():
            for task in run.tasks.values():
                task.lease_ended = True

    @rule()
    def take_back(self) -> None:
        expected = sum(run.take_back() for run in self.model.values())
        assert self.place.run(self.place.tasks.take_back_lost()) == expected

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if not self.model:
            return
        id = data.draw(st.sampled_from(list(self.model)))
        if not self.model[id].ended:
            self.model[id].end("cancelled")
        view = self.place.run(self.service.cancel(self.place.tenant, id))
        assert view.status.value == self.model[id].status

    @rule(data=st.data(), key=st.sampled_from((None, "k1", "k3")))
    def retry(self, data: st.DataObject, key: str | None) -> None:
        if not self.model:
            return
        id = data.draw(st.sampled_from(list(self.model)))
        unique = f"{self.agent}/{key}" if key else None
        earlier = self.keys.get(key) if key else None
        asking = self.retries.retry(self.place.tenant, new_id(), id, idempotency_key=unique)
        if earlier is not None and self.model[earlier].request != ("retry", str(id)):
            with pytest.raises(IdempotencyMismatch):
                self.place.run(asking)
        elif earlier is not None:
            assert self.place.run(asking).id == earlier
        elif self.model[id].status not in ("failed", "cancelled"):
            with pytest.raises(RunNotRetriable):
                self.place.run(asking)
        else:
            run = self.place.run(asking)
            assert (run.retry_of, run.id in self.model) == (id, False)
            self.model[run.id] = self.model[id].retried(id)
            if key:
                self.keys[key] = run.id

    @invariant()
    def rows_are_those_of_the_model(self) -> None:
        for id, run in getattr(self, "model", {}).items():
            [(status, seq)] = self._ask("SELECT status, seq FROM runs WHERE id = %s", id)
            assert status == run.status
            tasks = self._ask(
                "SELECT step, status, attempt, failures, losses, token FROM tasks "
                "WHERE run_id = %s", id
            )  # fmt: skip
            assert {row[:5] for row in tasks} == set(run.statuses())
            for step, state, *_, token in tasks:
                if state == "claimed":
                    assert token == run.tasks[step].token
            states = {step: GIVEN_UP.get(state, state) for step, state, *_ in tasks}
            assert told_by(self._events(id)) == (seq, status, states)

    def _events(self, run: UUID) -> list[tuple[Any, ...]]:
        return self._ask(
            "SELECT seq, type, data ->> 'step', data ->> 'retry', data ->> 'attempt' "
            "FROM events WHERE run_id = %s ORDER BY seq", run
        )  # fmt: skip

    def _ask(self, statement: str, run: UUID) -> list[tuple[Any, ...]]:
        return self.place.reader.execute(statement, [run]).fetchall()

    def teardown(self) -> None:
        """Leave nothing that the next example's expiry would touch."""
        for run in getattr(self, "model", {}):
            self.place.run(self.service.cancel(self.place.tenant, run))


def told_by(events: list[tuple[Any, ...]]) -> tuple[int, str, dict[str, str]]:
    """Fold an event log into the number of events, the run's status, and its steps' statuses."""
    status = "pending"
    steps: dict[str, str] = {}
    attempts: Counter[str] = Counter()
    for number, (seq, kind, step, retry, attempt) in enumerate(events, 1):
        assert seq == number, "events are numbered without a gap"
        assert status not in ("succeeded", "failed", "cancelled"), "nothing follows the end"
        subject, _, what = kind.partition(".")
        if subject == "run":
            status = {"started": "running"}.get(what, what)
            if what != "started":
                live = {name for name, state in steps.items() if state in ("ready", "claimed")}
                steps |= dict.fromkeys(live, "cancelled")
        elif what == "started":
            attempts[step] += 1
            assert int(attempt) == attempts[step]
            steps[step] = "claimed"
        elif what == "failed":
            steps[step] = "ready" if retry == "true" else "given up"
        elif what != "progress":
            steps[step] = what
    return len(events), status, steps


@pytest.mark.timeout(600)  # one that fails is shrunk for minutes
def test_the_ledger_does_as_its_model_says(place: Place) -> None:
    class Machine(LedgerMachine):
        pass

    Machine.place = place
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=30,
            stateful_step_count=35,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
