"""Retries: a run that did not succeed is taken up by a new one, which keeps what succeeded of it.

The old run stays as it ended: who watches it, or asks for it again by its key, may rely on that.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from sutazai.core.runs.model import Changes, RunRow, RunStatus, Snapshot, TaskRow
from sutazai.core.runs.plan import check_workflow, looks_for_goal
from sutazai.core.runs.ports import RunView, Submission
from sutazai.core.runs.service import Runs
from sutazai.core.runs.transitions import Decisions
from sutazai_contracts.errors import IdempotencyMismatch, InvalidWorkflow, RunNotRetriable
from sutazai_contracts.identifiers import new_id


@dataclass(frozen=True, slots=True)
class Earlier:
    """A run that is to be retried, with those of its tasks that succeeded.

    `replayed` is the run that the same idempotency key made before, `request_hash` what was asked
    for then.
    """

    run: RunRow
    done: Sequence[TaskRow]
    collection_name: str | None = None
    replayed: UUID | None = None
    request_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """A run about to be written, that takes up another.

    Where the other worked on a question of a conversation, the question is asked there once more,
    as the message `message`.
    """

    submission: Submission
    earlier: UUID
    message: UUID


class RetryRecords(Protocol):
    """Runs of one tenant. All raise `DatabaseUnavailable` where the database does not answer."""

    async def earlier(self, tenant: UUID, run: UUID, key: str | None) -> Earlier:
        """Read a run that is to be retried, and what an idempotency key made before.

        Raises:
            NotFound: this tenant has no such run.
        """

    async def retry(self, tenant: UUID, user: UUID, retry: Retry) -> UUID:
        """Write a run with the steps it keeps, in one transaction; with its question, if any.

        Where its idempotency key was used before, the run of that time is given.

        Raises:
            ConversationBusy: another question of its conversation is being worked on.
            IdempotencyMismatch: the key was used with another request.
            RunNotRetriable: it answers in somebody else's conversation, or its collection is gone.
        """


@dataclass(frozen=True, slots=True)
class Retries:
    """Retry runs.

    Args:
        records: reads and writes them.
        runs: starts runs.
    """

    records: RetryRecords
    runs: Runs

    async def retry(
        self,
        tenant: UUID,
        user: UUID,
        run: UUID,
        *,
        idempotency_key: str | None = None,
        traceparent: str | None = None,
    ) -> RunView:
        """Start a run that works again what did not succeed in another, and keeps the rest.

        Raises:
            ConversationBusy: another question of its conversation is being worked on.
            IdempotencyMismatch: the key was used with another request.
            InvalidWorkflow: its plan names an agent that is not here any more.
            NotFound: this tenant has no such run.
            RunNotRetriable: it goes on, or succeeded, or nothing of it can be worked again.
        """
        earlier = await self.records.earlier(tenant, run, idempotency_key)
        if earlier.replayed is not None:
            if earlier.request_hash != _asked(run):
                raise IdempotencyMismatch(field="Idempotency-Key")
            return await self.runs.get(tenant, earlier.replayed)
        submission = self.compose(earlier, idempotency_key, traceparent)
        written = await self.records.retry(tenant, user, Retry(submission, run, new_id()))
        if written == submission.run.id:
            self.runs.submitted([written], submission.changes.wake_ups)
        return await self.runs.get(tenant, written)

    def compose(
        self, earlier: Earlier, idempotency_key: str | None = None, traceparent: str | None = None
    ) -> Submission:
        """Make a run that takes up another, ready to be written; writes nothing.

        Raises:
            InvalidWorkflow: its plan names an agent that is not here any more.
            RunNotRetriable: it goes on, or succeeded, or nothing of it can be worked again.
        """
        _refuse(earlier)
        before = earlier.run
        plan = before.plan
        check_workflow(plan, agents=self.runs.agents(), source=f"workflow {plan.name}")
        run = RunRow(
            id=new_id(),
            tenant=before.tenant,
            plan=plan,
            goal=before.goal,
            input=before.input,
            status=RunStatus.PENDING,
            seq=0,
            collection=before.collection,
            traceparent=traceparent,
            retry_of=before.id,
            origin=before.origin or before.id,
        )
        changes = Changes()
        decisions = Decisions(Snapshot(run, {}, datetime.now(UTC)), changes, self.runs.random)
        try:
            decisions.open(earlier.done)
        except InvalidWorkflow as exc:
            # The same outputs would fail the same plan again.
            raise RunNotRetriable(_useless(exc.message)) from exc
        if looks_for_goal(plan, {task.step for task in earlier.done}):
            self.runs.on_sought(run.goal)
        asked = _asked(before.id)
        return Submission(run, changes, earlier.collection_name, idempotency_key, asked)


def _asked(run: UUID) -> bytes:
    """Give what makes a request the same."""
    return hashlib.sha256(json.dumps(["retry", str(run)]).encode()).digest()


def _refuse(earlier: Earlier) -> None:
    run = earlier.run
    if not run.plan.public:
        raise RunNotRetriable(f"the workflow {run.plan.name} is started by the platform only")
    if not run.status.ended:
        raise RunNotRetriable("the run has not ended: wait for its end, or cancel it first")
    if run.status is RunStatus.SUCCEEDED:
        raise RunNotRetriable("the run succeeded: nothing of it is left to be worked again")
    if earlier.collection_name is not None and run.collection is None:
        raise RunNotRetriable(f"its collection {earlier.collection_name} is not there any more")
    if len(earlier.done) == len(run.plan.steps):
        raise RunNotRetriable(_useless(run.error or "its result can't be made of them"))


def _useless(reason: str) -> str:
    return f"no step of it failed, and what they came to does not fit its plan: {reason}"
