"""Conversations over a fresh database, with agents that a test plays itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg

from sutazai.core.cache.port import Cache
from sutazai.core.conversations.context import Contexts
from sutazai.core.conversations.counting import TokenCounting
from sutazai.core.conversations.model import Conversation, Message, Owner
from sutazai.core.conversations.ports import Posted
from sutazai.core.conversations.service import Conversations, Question
from sutazai.core.models.answers import KeptAnswers
from sutazai.core.models.line import LineRules
from sutazai.core.models.lines import Lines
from sutazai.core.models.metering import Metering
from sutazai.core.models.routing import Routes
from sutazai.core.models.runtimes import Runtimes
from sutazai.core.models.service import Models
from sutazai.core.runs.feed import EventFeed
from sutazai.core.runs.service import Runs
from sutazai.core.tasks.service import Tasks
from sutazai.records.conversations import SqlConversations
from sutazai.records.ledger import SqlLedger
from sutazai.records.model_calls import SqlModelCalls
from sutazai.records.runs import SqlRuns
from sutazai_contracts.identifiers import new_id
from sutazai_contracts.tasks import Claim, Outcome, Result, Succeeded
from sutazai_contracts.workflows import RetryPolicy, Step, Workflow
from sutazai_kit.model.estimate import estimate_tokens
from tests.integration.knowledge.bag_of_words import BagOfWords
from tests.support.database import TestDatabase

ANSWER = Workflow(
    name="answer",
    description="One step that is given what was said before.",
    steps=(
        Step(
            id="write",
            agent="worker",
            input={"question": "$run.goal", "history": "$run.history"},
            retry=RetryPolicy(attempts=2, base_s=0),
        ),
    ),
    result="$steps.write",
)


def answered(text: str, **more: Any) -> Succeeded:
    """Make a result as the writer gives it: generated, grounded, without citations."""
    given = {"kind": "generated", "grounded": True, "confidence": 7, "citations": []}
    return Succeeded(output={"answer": text, **given, **more})


def models_of(database: TestDatabase, cache: Cache) -> Models:
    """Give models where there is none."""
    runtimes = Runtimes([])
    return Models(
        runtimes,
        Lines(LineRules()),
        Routes(),
        Metering(SqlModelCalls(database.open)),
        KeptAnswers(cache, 0),
    )


@dataclass
class Talk:
    """A user's conversations, and the ledger their runs are in."""

    database: TestDatabase
    owner: Owner
    runs: Runs
    tasks: Tasks
    conversations: Conversations
    collection: UUID

    async def begin(self) -> UUID:
        """Make a conversation and give its id."""
        return (await self.conversations.create(self.owner, None, "default")).id

    async def read(self, conversation: UUID) -> Conversation:
        """Read a conversation."""
        return await self.conversations.get(self.owner, conversation)

    async def post(self, conversation: UUID, text: str, key: str | None = None) -> Posted:
        """Ask without waiting for an answer."""
        return await self.post_to(await self.read(conversation), text, key)

    async def post_to(self, found: Conversation, text: str, key: str | None = None) -> Posted:
        """Ask in a conversation as it was read some time ago."""
        question = Question(text, self.collection, "default", idempotency_key=key)
        return await self.conversations.post(self.owner, found, question)

    async def claim(self) -> Claim:
        """Claim the one task that is ready."""
        (claim,) = (await self.tasks.claim("worker", "w1", 1)).claims
        return claim

    async def finish(self, claim: Claim, result: Result) -> int:
        """Apply the outcome of a claim."""
        return await self.tasks.apply([outcome(claim, result)])

    async def ask(self, conversation: UUID, text: str, result: Result | None = None) -> Claim:
        """Ask, play the agent, and give its claim."""
        await self.post(conversation, text)
        claim = await self.claim()
        assert await self.finish(claim, result or answered(f"Answer to {text}")) == 1
        return claim

    async def messages(self, conversation: UUID) -> Sequence[Message]:
        """List all messages, oldest first."""
        page = await self.conversations.messages(self.owner, conversation, 200, None)
        return [*reversed(page.items)]

    def forbid_messages(self, of: str) -> None:
        """Let the database refuse messages of a role, as if it died at that statement."""
        self._execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION USING ERRCODE = '57P01', MESSAGE = 'gone'; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW"
            f" WHEN (new.role = '{of}') EXECUTE FUNCTION refuse()"
        )

    def allow_messages(self) -> None:
        """Take that back."""
        self._execute("DROP TRIGGER refuse ON messages; DROP FUNCTION refuse()")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.database.admin) as connection:
            connection.execute("SET search_path = sutazai")
            connection.execute(statement.encode())


def outcome(claim: Claim, result: Result) -> Outcome:
    """Make the outcome of a claim."""
    return Outcome(
        id=new_id(), task=claim.task, run=claim.run, token=claim.token, result=result, usage={}
    )


def new_user(database: TestDatabase, tenant: UUID) -> Owner:
    """Make a user of a tenant."""
    user = uuid4()
    with psycopg.connect(database.admin) as connection:
        connection.execute(
            "INSERT INTO sutazai.users (id, tenant_id, email, password_hash)"
            " VALUES (%s, %s, %s, '-')",
            [user, tenant, f"{user}@example.org"],
        )
        connection.execute(
            "INSERT INTO sutazai.memberships (user_id, tenant_id, role) VALUES (%s, %s, 'member')",
            [user, tenant],
        )
    return Owner(tenant, user)


async def open_talk(database: TestDatabase, cache: Cache, budget: int = 100) -> Talk:
    """Put the services together as bootstrap does; words are counted as tokens."""
    records, run_records = SqlConversations(database.open), SqlRuns(database.open)
    runs = Runs(
        run_records, EventFeed(run_records), {"answer": ANSWER}, lambda: frozenset({"worker"})
    )

    async def no_chunks(tenant: UUID, output: object) -> list[Any]:
        return []

    tasks = Tasks(SqlLedger(database.open), no_chunks, lease_s=30.0)
    models = models_of(database, cache)
    await models.runtimes.look()
    counter = TokenCounting(models, BagOfWords(), estimate_tokens)
    contexts = Contexts(records, counter, cache, budget)
    tenant, collection = await database.new_tenant(), uuid4()
    with psycopg.connect(database.admin) as connection:
        connection.execute(
            "INSERT INTO sutazai.collections (id, tenant_id, name, physical, model)"
            " VALUES (%s, %s, 'default', %s, '{}')",
            [collection, tenant, uuid4()],
        )
    conversations = Conversations(records, contexts, runs)
    return Talk(database, new_user(database, tenant), runs, tasks, conversations, collection)
