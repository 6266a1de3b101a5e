"""What the API takes and answers; the OpenAPI document is made of these."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from sutazai.core.identity.rights import Role, Scope
from sutazai.core.knowledge.model import IndexingStatus
from sutazai.core.runs.model import RunStatus
from sutazai_contracts.conversations import ContextUse
from sutazai_contracts.knowledge import BY_GRAPH, Citation, DocumentRef, EmbeddingModel

NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"
WORKFLOW = r"^[a-z][a-z0-9_-]{0,62}$"
ASK_GRAPH = (
    "Whether passages that are joined to the best ones, by what both name, are among those that "
    "the question is answered from; 422 where the workflow can't ask the graph."
)
Item = TypeVar("Item")


class Taken(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Given(BaseModel):
    """An answer, read from what core gives."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must hold more than white space")
    if "\x00" in text:
        raise ValueError("must hold no NUL character")
    return text


Words = Annotated[str, StringConstraints(min_length=1), AfterValidator(_not_blank)]


class Listing(Given, Generic[Item]):
    """A page of a list; `next` is the cursor of the page that follows, or null."""

    items: list[Item]
    next: str | None = None


class NewCollection(Taken):
    """A collection to make."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "handbook"}]})

    name: str = Field(pattern=NAME, description="Lower-case letters, digits, `_` and `-`; ≤ 63.")


class CollectionShape(Given):
    """A named set of documents that is searched as one."""

    id: UUID
    name: str
    model: EmbeddingModel
    documents: int
    chunks: int
    created_at: datetime


class DocumentShape(Given):
    """A document with its newest version and how far it is indexed."""

    id: UUID
    name: str
    collection: str
    version: int
    status: IndexingStatus
    size: int = Field(description="Bytes.")
    sha256: str
    media_type: str | None
    title: str | None
    characters: int | None = Field(description="Code points of the stored text.")
    chunks: int | None
    error: str | None
    run: UUID = Field(description="The run that indexes, or indexed, this version.")
    created_at: datetime
    indexed_at: datetime | None


class TextShape(Given):
    """A part of a document's stored text; offsets in code points."""

    document: DocumentRef
    start: int
    end: int
    characters: int = Field(description="Length of the whole text.")
    text: str


class Question(Taken):
    """A question to a collection."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"query": "How long does a lease hold?", "limit": 5}]}
    )

    query: Annotated[Words, StringConstraints(max_length=2000)]
    collection: str = Field(default="default", pattern=NAME)
    limit: int = Field(default=10, ge=1, le=100)
    graph: bool = Field(
        default=False,
        description="Whether passages that are joined to the best ones, by what both name, take "
        "every other place from the third on.",
    )


class HitShape(Given):
    """A passage that was found."""

    document: DocumentRef
    chunk: UUID
    heading_path: tuple[str, ...]
    start: int
    end: int
    text: str
    score: float = Field(description="Fused; orders the hits of one search, no more.")
    similarity: float = Field(description="Cosine of query and passage.")
    by_graph: bool = Field(default=False, description=BY_GRAPH)


class Hits(Given):
    """What was found, best first."""

    hits: list[HitShape]


class NewRunBody(Taken):
    """A goal to work on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"goal": "What does the reaper do?", "collection": "default"}]
        }
    )

    goal: Annotated[Words, StringConstraints(max_length=10_000)]
    collection: str = Field(default="default", pattern=NAME)
    workflow: str = Field(default="answer", pattern=WORKFLOW)
    graph: bool = Field(default=False, description=ASK_GRAPH)


class StepShape(Given):
    """A step of a run."""

    id: str
    agent: str
    needs: tuple[str, ...]
    status: Literal["waiting", "ready", "claimed", "succeeded", "failed", "cancelled", "dead"]
    attempts: int
    task: UUID | None
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None
    input: dict[str, Any] | None = Field(description="Null until what it needs is done.")
    output: dict[str, Any] | None
    usage: dict[str, float]
    kept: bool = Field(
        description="Whether it succeeded in the run that this one retries, and was not worked "
        "again; it then has no attempts."
    )


class RunSummary(Given):
    """A run as lists show it."""

    id: UUID
    status: RunStatus
    workflow: str
    goal: str
    collection: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: dict[str, Any] | None = Field(
        description="Of the workflow `answer`: answer, kind (extract | generated), grounded, "
        "confidence (1 to 10)."
    )
    citations: list[Citation]
    error: str | None
    retry_of: UUID | None = Field(description="The run that this one retries.")
    graph: bool = Field(description="Whether it was to ask the graph too.")


class RunShape(RunSummary):
    """A run with its steps; `usage` sums up what they counted."""

    steps: tuple[StepShape, ...]
    usage: dict[str, float]
    conversation: UUID | None = Field(
        description="The conversation that asked, which its user alone can open."
    )
    context: ContextUse | None = Field(
        description="How much of what was said before the question was asked with."
    )


class UploadShape(Given):
    """What an upload came to; no run where the same bytes are there under the same name."""

    document: DocumentShape
    run: RunShape | None


class UserShape(Given):
    """Who asks, and what they may do."""

    id: UUID
    email: str
    role: Role
    tenant: UUID
    tenant_name: str
    scopes: tuple[Scope, ...] = Field(description="What role and key allow.")
    must_change_password: bool = Field(
        description="Whether the password is a one-time one, which opens nothing but its change."
    )


class AccessShape(Given):
    """An access token, to be sent as `Authorization: Bearer …`."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in: int = Field(description="Seconds.")
    refresh_token: str | None = Field(
        default=None, description="Gives the next tokens, once; null for a browser's login."
    )
    user: UserShape


class AgentShape(Given):
    """An agent: what it can do, and how it does."""

    name: str
    version: str
    description: str
    capabilities: tuple[str, ...]
    status: Literal["idle", "busy", "down"]
    workers: int
    slots: int
    busy: int
    done: int
    failed: int
    last_work_at: datetime | None


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(examples=["urn:sutazai:problem:invalid_input"])
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldError] = []


class PartShape(BaseModel):
    """How one part does."""

    name: str
    ok: bool
    needed: bool = Field(default=True, description="Whether nothing works without it.")
    detail: str = Field(default="", description="Why it is not ok.")
    remedy: str = Field(default="", description="What to do where it is not ok.")


class Readiness(BaseModel):
    """Whether the platform can work, part by part; without a part not `needed` it does less."""

    ready: bool
    profile: str
    parts: list[PartShape]
