"""What core's API answers, as far as the dashboard shows it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sutazai_contracts.knowledge import Citation, DocumentRef
from sutazai_contracts.models import Capabilities

OVER = frozenset({"succeeded", "failed", "cancelled"})


class Given(BaseModel):
    """An answer of the API; what the dashboard does not show is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class User(Given):
    """Who is logged in, and in which tenant; `must_change_password`: before anything else."""

    id: UUID | None = None
    email: str
    role: str
    tenant: UUID | None = None
    tenant_name: str
    must_change_password: bool = False


class Access(Given):
    """An access token, and for how many seconds it holds."""

    access_token: str
    expires_in: int
    user: User


class Collection(Given):
    """A collection."""

    name: str
    documents: int
    chunks: int


class Document(Given):
    """A document, and how far it is indexed."""

    id: UUID
    name: str
    status: str
    size: int = 0
    version: int = 1
    media_type: str | None = None
    title: str | None = None
    characters: int | None = None
    chunks: int | None = None
    error: str | None = None
    run: UUID
    created_at: datetime | None = None


class TextPart(Given):
    """A part of a document's text, from `start` to `end` of `characters`."""

    document: DocumentRef
    start: int
    end: int
    characters: int
    text: str


class Hit(Given):
    """A passage that was found."""

    document: DocumentRef
    heading_path: tuple[str, ...] = ()
    start: int
    end: int
    text: str
    similarity: float


class Step(Given):
    """A step of a run."""

    id: str
    agent: str
    needs: tuple[str, ...] = ()
    status: str
    attempts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
    input: dict[str, Any] | None = None
    output: dict[str, Any] | None = None
    usage: dict[str, float] = Field(default_factory=dict)
    kept: bool = False


class Result(Given):
    """What a run of the workflow `answer` came to."""

    answer: str
    kind: str
    grounded: bool
    confidence: int


class Run(Given):
    """A run; lists leave its steps out."""

    id: UUID
    status: str
    workflow: str = ""
    goal: str
    collection: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result: dict[str, Any] | None = None
    citations: tuple[Citation, ...] = ()
    error: str | None = None
    steps: tuple[Step, ...] = ()
    usage: dict[str, float] = Field(default_factory=dict)
    retry_of: UUID | None = None
    graph: bool = False

    @property
    def without_graph(self) -> str:
        """Say why the graph was not asked, where it was to be; empty: it was, or was not to be."""
        told = ((step.output or {}).get("without_graph") for step in self.steps)
        return next((why for why in told if isinstance(why, str) and why), "")

    @property
    def over(self) -> bool:
        """Tell whether nothing more happens to it."""
        return self.status in OVER

    @property
    def again(self) -> bool:
        """Tell whether it can be run again: others the platform starts, each for its reason."""
        return self.over and self.workflow not in ("index", "rebuild")

    @property
    def retriable(self) -> bool:
        """Tell whether what did not succeed of it can be worked again."""
        return self.again and self.status != "succeeded"

    @property
    def answered(self) -> Result | None:
        """Give the answer; None where it has none, or is of another kind."""
        try:
            return Result.model_validate(self.result)
        except ValidationError:
            return None


class Agent(Given):
    """An agent: what it can do, and how it does."""

    name: str
    version: str
    description: str
    capabilities: tuple[str, ...] = ()
    status: str
    workers: int
    slots: int
    busy: int
    done: int
    failed: int
    last_work_at: datetime | None = None


class Runtime(Given):
    """Where language models run."""

    provider: str
    version: str | None = None
    place: str
    hosted: bool


class Line(Given):
    """The line for a model; `yours`: the places of this tenant's calls."""

    parallel: int
    busy: int
    waiting: int
    typical_s: float
    yours: tuple[int, ...] = ()


class Model(Given):
    """A language model."""

    name: str
    capabilities: Capabilities
    size_bytes: int | None = None
    parameters: str | None = None
    quantization: str | None = None
    roles: tuple[str, ...] = ()
    line: Line | None = None


class Use(Given):
    """What this tenant used of one model in the last day."""

    model: str
    calls: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    cost: float | None = None


class ModelsState(Given):
    """The language models that are there."""

    state: str
    runtime: Runtime | None = None
    advice: str = ""
    models: tuple[Model, ...] = ()
    roles: dict[str, str | None] = Field(default_factory=dict)
    used_last_day: tuple[Use, ...] = ()


class Part(Given):
    """How one part of the platform does."""

    name: str
    ok: bool
    needed: bool = True
    detail: str = ""
    remedy: str = ""


class Health(Given):
    """Whether the platform can work, part by part."""

    ready: bool
    profile: str = ""
    parts: tuple[Part, ...] = ()


class Context(Given):
    """The earlier messages a question was asked with, and those that did not fit any more."""

    used: int = 0
    dropped: int = 0
    tokens: int = 0
    budget: int = 0


class Conversation(Given):
    """A conversation."""

    id: UUID
    title: str | None = None
    collection: str
    messages: int = 0
    busy: bool = False
    updated_at: datetime | None = None


class Message(Given):
    """What was said in a conversation; the answers have what a run came to."""

    id: UUID
    number: int
    role: str
    text: str
    run: UUID | None = None
    status: str | None = None
    kind: str | None = None
    grounded: bool | None = None
    confidence: int | None = None
    citations: tuple[Citation, ...] = ()
    error: str | None = None
    context: Context | None = None


class Said(Given):
    """A question that was taken, and the run that answers it."""

    message: Message
    run: Run


class Member(Given):
    """Someone of the tenant."""

    id: UUID
    email: str
    role: str
    disabled: bool = False
    one_time_password: bool = False
    created_at: datetime | None = None
    last_login_on: date | None = None


class Invited(Given):
    """Someone of the tenant, and a password that is shown this once."""

    user: Member
    password: str | None = None


class Key(Given):
    """An API key, without its secret."""

    id: UUID
    name: str
    prefix: str
    scopes: tuple[str, ...] = ()
    email: str = ""
    created_at: datetime | None = None
    expires_at: datetime | None = None
    last_used_on: date | None = None


class NewKey(Given):
    """An API key, and its secret, which is shown this once."""

    key: Key
    secret: str


class Tenant(Given):
    """A tenant that this person is in."""

    id: UUID
    name: str
    role: str
    current: bool = False


class AuditEntry(Given):
    """Something that bears on security, as it is kept."""

    seq: int
    at: datetime
    event: str
    actor: UUID | None = None
    subject: str | None = None
    address: str | None = None
    details: dict[str, Any] = Field(default_factory=dict)


class Verified(Given):
    """Whether the audit log is whole."""

    ok: bool
    entries: int
    broken_at: int | None = None
    reason: str | None = None
