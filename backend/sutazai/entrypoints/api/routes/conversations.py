"""Conversations: made, listed, renamed, removed; questions asked in their context."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Path, Response
from pydantic import ConfigDict, Field, StringConstraints

from sutazai.core.conversations.model import Owner
from sutazai.core.conversations.service import Question
from sutazai.core.identity.rights import Need
from sutazai.core.runs.model import RunStatus
from sutazai.entrypoints.api.dependencies import (
    CallerOf,
    PageOf,
    PlatformOf,
    keyed_router,
    needs,
)
from sutazai.entrypoints.api.openapi import location, problems
from sutazai.entrypoints.api.routes.runs import IdempotencyKey, TraceParent
from sutazai.entrypoints.api.shapes import ASK_GRAPH, NAME, Given, Listing, RunShape, Taken, Words
from sutazai_contracts.conversations import ContextUse
from sutazai_contracts.knowledge import Citation

router = keyed_router("/api/v1/conversations", "conversations")
Title = Annotated[Words, StringConstraints(max_length=200)]
_BUSY = "The question before is still being worked on, or the key was used with another body."


class NewConversation(Taken):
    """A conversation to make."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"collection": "default"}]})

    title: Title | None = Field(
        default=None, description="Unset: the first question becomes its title."
    )
    collection: str = Field(
        default="default", pattern=NAME, description="Which documents its questions are put to."
    )


class NewTitle(Taken):
    """Another title."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "The lamp keeper"}]})

    title: Title


class NewMessage(Taken):
    """A question, asked in the context of what was said before."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"goal": "And how long does it hold?"}]}
    )

    goal: Annotated[Words, StringConstraints(max_length=10_000)]
    collection: str | None = Field(
        default=None, pattern=NAME, description="Unset: the conversation's own."
    )
    workflow: str = Field(default="answer", pattern=r"^[a-z][a-z0-9_-]{0,62}$")
    graph: bool = Field(default=False, description=ASK_GRAPH)


class ConversationShape(Given):
    """A conversation of whoever asks; nobody else sees it."""

    id: UUID
    title: str | None = Field(description="Null until its first question names it.")
    collection: str
    messages: int = Field(description="How many: a question and its answer are two.")
    busy: bool = Field(description="Whether its last question is still being worked on.")
    created_at: datetime
    updated_at: datetime = Field(description="When its last question was asked.")


class MessageShape(Given):
    """A question, or the answer to the one before it."""

    id: UUID
    number: int = Field(description="Its place in the conversation, from 1.")
    role: Literal["user", "assistant"]
    text: str
    run: UUID | None = Field(description="The run that works, or worked, on the question.")
    status: RunStatus | None = Field(description="Of an answer: how its run ended.")
    kind: Literal["extract", "generated"] | None
    grounded: bool | None
    confidence: int | None = Field(description="1 to 10.")
    citations: list[Citation]
    error: str | None = Field(description="Why there is no answer.")
    context: ContextUse | None = Field(
        description="How much of what was said before the question was asked with."
    )
    created_at: datetime


class PostedShape(Given):
    """A question that was taken in, and the run that works on it."""

    message: MessageShape
    run: RunShape


async def get_owner(caller: CallerOf) -> Owner:
    """Give whose conversations are meant: those of the user who asks, by whatever key."""
    return Owner(caller.tenant, caller.user)


OwnerOf = Annotated[Owner, Depends(get_owner)]
ConversationId = Annotated[UUID, Path(description="Of a conversation of whoever asks.")]


@router.post(
    "",
    dependencies=[needs(Need.WRITE)],
    status_code=201,
    summary="Make a conversation",
    responses=problems(404, 413, _404="There is no such collection.")
    | location(201, "conversation"),
    response_description="The conversation, without messages.",
)
async def create_conversation(
    body: NewConversation, platform: PlatformOf, owner: OwnerOf, response: Response
) -> ConversationShape:
    """Make a conversation, seen by the user who makes it alone."""
    await platform.knowledge.collection(owner.tenant, body.collection)
    made = await platform.conversations.create(owner, body.title, body.collection)
    response.headers["Location"] = f"/api/v1/conversations/{made.id}"
    return ConversationShape.model_validate(made)


@router.get(
    "",
    dependencies=[needs(Need.READ)],
    summary="List conversations, last asked first",
    response_description="A page of conversations.",
)
async def list_conversations(
    platform: PlatformOf, owner: OwnerOf, page: PageOf
) -> Listing[ConversationShape]:
    """List the conversations of the user who asks, those with the newest question first."""
    found = await platform.conversations.page(owner, page.limit, page.cursor)
    return Listing[ConversationShape].model_validate(found)


@router.get(
    "/{conversation}",
    dependencies=[needs(Need.READ)],
    summary="Read a conversation",
    responses=problems(404),
    response_description="The conversation.",
)
async def get_conversation(
    conversation: ConversationId, platform: PlatformOf, owner: OwnerOf
) -> ConversationShape:
    """Read a conversation without its messages."""
    return ConversationShape.model_validate(await platform.conversations.get(owner, conversation))


@router.patch(
    "/{conversation}",
    dependencies=[needs(Need.WRITE)],
    summary="Rename a conversation",
    responses=problems(404, 413),
    response_description="The conversation with its new title.",
)
async def rename_conversation(
    conversation: ConversationId, body: NewTitle, platform: PlatformOf, owner: OwnerOf
) -> ConversationShape:
    """Give a conversation another title; its place in the list stays."""
    renamed = await platform.conversations.rename(owner, conversation, body.title)
    return ConversationShape.model_validate(renamed)


@router.delete(
    "/{conversation}",
    dependencies=[needs(Need.WRITE)],
    status_code=204,
    summary="Remove a conversation",
    responses=problems(404, 409, _409="Questions come faster than their runs are cancelled."),
    response_description="It is gone.",
)
async def delete_conversation(
    conversation: ConversationId, platform: PlatformOf, owner: OwnerOf
) -> None:
    """Remove a conversation with its messages.

    Its runs stay and name no conversation any more; one that still works is cancelled.
    """
    await platform.conversations.delete(owner, conversation)


@router.get(
    "/{conversation}/messages",
    dependencies=[needs(Need.READ)],
    summary="List messages, newest first",
    responses=problems(404),
    response_description="A page of messages; `next` leads to older ones.",
)
async def list_messages(
    conversation: ConversationId, platform: PlatformOf, owner: OwnerOf, page: PageOf
) -> Listing[MessageShape]:
    """List what was asked and answered. An answer is there as soon as its run has ended."""
    found = await platform.conversations.messages(owner, conversation, page.limit, page.cursor)
    return Listing[MessageShape].model_validate(found)


@router.post(
    "/{conversation}/messages",
    dependencies=[needs(Need.WRITE)],
    status_code=202,
    summary="Ask in a conversation",
    responses={
        **problems(
            404,
            409,
            413,
            _404="There is no such conversation, or no such collection.",
            _409=_BUSY,
        ),
        **location(202, "run"),
    },
    response_description="The question and its run; where the key was used before with this body, "
    "those of then.",
)
async def post_message(
    conversation: ConversationId,
    body: NewMessage,
    platform: PlatformOf,
    owner: OwnerOf,
    response: Response,
    idempotency_key: IdempotencyKey = None,
    traceparent: TraceParent = None,
) -> PostedShape:
    """Write a question down and set agents to work on it, in the context of what was said before.

    Of that goes with it what fits the setting `SUTAZAI_CONVERSATIONS_CONTEXT_TOKENS`, the newest
    first; `context` says how much. Its run is watched like any other. The answer stands in the
    conversation in the moment in which the run has ended. One question at a time: another is
    answered 409 (`conversation_busy`) until then.
    """
    found = await platform.conversations.get(owner, conversation)
    collection = await platform.knowledge.collection(
        owner.tenant, body.collection or found.collection
    )
    question = Question(
        text=body.goal,
        collection=collection.id,
        collection_name=collection.name,
        workflow=body.workflow,
        idempotency_key=idempotency_key,
        traceparent=traceparent,
        graph=body.graph,
    )
    posted = await platform.conversations.post(owner, found, question)
    run = await platform.runs.get(owner.tenant, posted.run)
    response.headers["Location"] = f"/api/v1/runs/{posted.run}"
    return PostedShape(
        message=MessageShape.model_validate(posted.message), run=RunShape.model_validate(run)
    )
