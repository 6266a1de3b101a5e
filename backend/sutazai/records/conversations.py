"""The record of conversations, as one user sees them: plain asyncpg, since questions pass here.

Lock order: runs by ascending id, then tasks, then the conversation. Whoever ends a run holds it
and refers to the conversation; whoever asks holds the conversation and no run that is there
already, and refers at most to one that has ended; whoever removes one holds its unfinished runs
first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record

from sutazai.core.conversations.model import Conversation, Message, Owner
from sutazai.core.conversations.ports import Place, Posted, Posting
from sutazai.core.runs.model import RunStatus
from sutazai.core.runs.retrying import Retry
from sutazai.records.database import Connection, Database, Lone
from sutazai.records.runs import cancel_on, submit_on
from sutazai_contracts.errors import ConversationBusy, IdempotencyMismatch, NotFound

# A question of its own comes while one is removed; another try meets it as an unfinished run.
TRIES = 3
REMOVED = "its conversation was removed"

# The newest answer has the number of the newest question and one more.
_COLUMNS = """
c.id, c.title, c.collection, c.turns, c.created_at, c.updated_at,
c.turns > 0 AND NOT EXISTS (
    SELECT 1 FROM messages m WHERE m.conversation_id = c.id AND m.number = 2 * c.turns) AS busy
"""
_CREATE = f"""
INSERT INTO conversations AS c (id, tenant_id, user_id, title, collection)
VALUES ($1, $2, $3, $4, $5) RETURNING {_COLUMNS}
"""  # noqa: S608
_GET = f"SELECT {_COLUMNS} FROM conversations c WHERE c.id = $1"  # noqa: S608
_NEWEST = f"""
SELECT {_COLUMNS} FROM conversations c
WHERE $2::timestamptz IS NULL OR (c.updated_at, c.id) < ($2, $3::uuid)
ORDER BY c.updated_at DESC, c.id DESC LIMIT $1
"""  # noqa: S608
_RENAME = f"""
UPDATE conversations c SET title = $2 WHERE c.id = $1 RETURNING {_COLUMNS}
"""  # noqa: S608
_MESSAGE = """
m.id, m.conversation_id, m.number, m.role, m.text, m.run_id, m.created_at, m.status, m.kind,
m.grounded, m.confidence, m.citations, m.error, m.context
"""
# One row at least where the conversation is there, so that an empty one is not an absent one.
_MESSAGES = f"""
SELECT {_MESSAGE} FROM conversations c LEFT JOIN LATERAL (
    SELECT * FROM messages WHERE conversation_id = c.id AND ($3::integer IS NULL OR number < $3)
    ORDER BY number DESC LIMIT $2) m ON true
WHERE c.id = $1 ORDER BY m.number DESC
"""  # noqa: S608
_ASKED = f"SELECT {_MESSAGE} FROM messages m WHERE m.run_id = $1 AND m.role = 'user'"  # noqa: S608

# Ends of runs refer to the conversation's key alone, and do not wait for this lock.
_HOLD = "SELECT turns FROM conversations WHERE id = $1 FOR NO KEY UPDATE"
# A statement of its own after the lock: it then sees what was committed before.
_STATE = """
SELECT EXISTS (SELECT 1 FROM messages WHERE conversation_id = $1 AND number = 2 * $2::integer)
       AS answered, r.id AS run, r.request_hash
FROM (SELECT 1) one LEFT JOIN runs r ON r.idempotency_key = $3
"""
_ASK = f"""
WITH turn AS (
    INSERT INTO turns (id, tenant_id, conversation_id, user_id, number)
    VALUES ($1, $2, $3, $4, $5)
), named AS (
    UPDATE conversations SET turns = turns + 1, updated_at = clock_timestamp(),
        title = coalesce(title, $6)
    WHERE id = $3
)
INSERT INTO messages AS m (id, tenant_id, conversation_id, user_id, number, role, run_id, text,
                           context)
VALUES ($7, $2, $3, $4, $5, 'user', $1, $8, $9) RETURNING {_MESSAGE}
"""  # noqa: S608
# Turns are their tenant's, a conversation is its user's: nobody else finds a run of it here.
_UNFINISHED = """
SELECT t.id FROM conversations c JOIN turns t ON t.conversation_id = c.id JOIN runs r ON r.id = t.id
WHERE t.conversation_id = $1 AND r.status IN ('pending', 'running', 'waiting') ORDER BY t.id
"""
_HOLD_TO_REMOVE = "SELECT 1 FROM conversations WHERE id = $1 FOR UPDATE"
_DELETE = "DELETE FROM conversations WHERE id = $1"


class _AskedMeanwhile(Exception):
    """A question came while a conversation was about to be removed: take all back."""


@dataclass(frozen=True, slots=True)
class SqlConversations:
    """Conversations in PostgreSQL."""

    database: Database

    async def create(
        self, owner: Owner, conversation: UUID, title: str | None, collection: str
    ) -> Conversation:
        """Write a conversation without messages."""
        row = await self._lone(owner).fetchrow(
            _CREATE, conversation, owner.tenant, owner.user, title, collection
        )
        return _conversation(row, conversation)

    async def get(self, owner: Owner, conversation: UUID) -> Conversation:
        """Read a conversation."""
        row = await self._lone(owner).fetchrow(_GET, conversation)
        return _conversation(row, conversation)

    async def newest(self, owner: Owner, limit: int, after: Place | None) -> list[Conversation]:
        """List conversations by their newest question, newest first."""
        time, last = (after.updated_at, after.id) if after is not None else (None, None)
        rows = await self._lone(owner).fetch(_NEWEST, limit, time, last)
        return [_conversation(row, row["id"]) for row in rows]

    async def rename(self, owner: Owner, conversation: UUID, title: str) -> Conversation:
        """Give a conversation another title."""
        row = await self._lone(owner).fetchrow(_RENAME, conversation, title)
        return _conversation(row, conversation)

    async def messages(
        self, owner: Owner, conversation: UUID, limit: int, before: int | None
    ) -> list[Message]:
        """List messages, newest first, those with a lower number than `before`."""
        rows = await self._lone(owner).fetch(_MESSAGES, conversation, limit, before)
        if not rows:
            _no_conversation(conversation)
        return [_message(row) for row in rows if row["id"] is not None]

    async def post(self, owner: Owner, posting: Posting) -> Posted | None:
        """Write a question and its run in one transaction, under the conversation's lock."""
        async with self.database.hot(owner.tenant, owner.user) as connection:
            turns = await connection.fetchval(_HOLD, posting.conversation)
            if turns is None:
                _no_conversation(posting.conversation)
            key = posting.submission.idempotency_key
            (state,) = await connection.fetch(_STATE, posting.conversation, turns, key)
            if state["run"] is not None:
                return await _replayed(connection, posting, state)
            if turns and not state["answered"]:
                raise ConversationBusy
            if turns != posting.turns:
                return None
            return await _ask(connection, owner, posting)

    async def delete(self, owner: Owner, conversation: UUID) -> list[UUID]:
        """Cancel what still works on a conversation, and remove it, in one transaction."""
        for _ in range(TRIES):
            try:
                async with self.database.hot(owner.tenant, owner.user) as connection:
                    return await _remove(connection, conversation)
            except _AskedMeanwhile:
                continue
        raise ConversationBusy("Questions come faster than their runs are cancelled.")

    def _lone(self, owner: Owner) -> Lone:
        return self.database.lone(owner.tenant, owner.user)


async def ask_again_on(
    connection: Connection, user: UUID, conversation: UUID, retry: Retry
) -> UUID | None:
    """Write a run that retries a question of a conversation, as the conversation's next question.

    Gives the run; where its idempotency key was used before, that of then; None where the
    conversation is not there any more.

    Raises:
        ConversationBusy: the question before has no answer yet.
        IdempotencyMismatch: the key was used with another request.
    """
    submission = retry.submission
    turns = await connection.fetchval(_HOLD, conversation)
    if turns is None:
        return None
    (state,) = await connection.fetch(_STATE, conversation, turns, submission.idempotency_key)
    if state["run"] is None and not state["answered"]:
        raise ConversationBusy
    run, written_at = await submit_on(connection, submission)
    if written_at is not None:
        asked = Posting(conversation, retry.message, turns, submission.run.goal, None, submission)
        await _write_question(connection, Owner(submission.run.tenant, user), asked)
    return run


async def _ask(connection: Connection, owner: Owner, posting: Posting) -> Posted:
    # Had its key been used for something else meanwhile, this would refuse it.
    run, _ = await submit_on(connection, posting.submission)
    return Posted(await _write_question(connection, owner, posting), run)


async def _write_question(connection: Connection, owner: Owner, posting: Posting) -> Message:
    run = posting.submission.run
    (row,) = await connection.fetch(
        _ASK,
        run.id,
        owner.tenant,
        posting.conversation,
        owner.user,
        2 * posting.turns + 1,
        posting.title,
        posting.message,
        posting.text,
        run.input.get("context"),
    )
    return _message(row)


async def _replayed(connection: Connection, posting: Posting, state: Record) -> Posted:
    asked = await connection.fetchrow(_ASKED, state["run"])
    if state["request_hash"] != posting.submission.request_hash or asked is None:
        raise IdempotencyMismatch(field="Idempotency-Key")
    return Posted(_message(asked), state["run"], replayed=True)


async def _remove(connection: Connection, conversation: UUID) -> list[UUID]:
    cancelled = []
    for run in await _unfinished(connection, conversation):
        if await cancel_on(connection, run, REMOVED):
            cancelled.append(run)
    if await connection.fetchval(_HOLD_TO_REMOVE, conversation) is None:
        _no_conversation(conversation)
    if await _unfinished(connection, conversation):
        raise _AskedMeanwhile
    await connection.execute(_DELETE, conversation)
    return cancelled


async def _unfinished(connection: Connection, conversation: UUID) -> Sequence[UUID]:
    return [row["id"] for row in await connection.fetch(_UNFINISHED, conversation)]


def _no_conversation(conversation: UUID) -> None:
    raise NotFound(f"there is no conversation {conversation}")


def _conversation(row: Record | None, conversation: UUID) -> Conversation:
    if row is None:
        raise NotFound(f"there is no conversation {conversation}")
    return Conversation(**dict(row))


def _message(row: Record) -> Message:
    columns = dict(row)
    columns["conversation"] = columns.pop("conversation_id")
    columns["run"] = columns.pop("run_id")
    if columns["status"] is not None:
        columns["status"] = RunStatus(columns["status"])
    return Message(**columns)
