"""What the API answers, as far as the command line needs it; other fields are kept for `--json`."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

FINAL = frozenset({"succeeded", "failed", "cancelled"})


class Shape(BaseModel):
    """A value the API gave; a newer API may say more."""

    model_config = ConfigDict(frozen=True, extra="allow")


class DocumentName(Shape):
    """A document as a citation names it."""

    id: UUID
    name: str


class Citation(Shape):
    """Where a numbered claim comes from; offsets are code points of the stored text."""

    n: int
    document: DocumentName
    heading_path: tuple[str, ...] = ()
    start: int
    end: int
    quote: str
    by_graph: bool = False


class RunResult(Shape):
    """The answer of a run; a run that does not answer a question has none of these."""

    answer: str | None = None
    kind: str | None = Field(default=None, description="`extract` or `generated`.")
    grounded: bool | None = None
    confidence: int | None = None


class StepState(Shape):
    """One step of a run and how far it is."""

    id: str
    agent: str | None = None
    status: str
    attempts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
    kept: bool = False
    output: dict[str, Any] | None = None


class Run(Shape):
    """A run as the API shows it."""

    id: UUID
    status: str
    workflow: str = ""
    goal: str = ""
    collection: str | None = None
    error: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    steps: tuple[StepState, ...] = ()
    result: RunResult | None = None
    citations: tuple[Citation, ...] = ()
    usage: dict[str, Any] = Field(default_factory=dict)
    retry_of: UUID | None = None

    @property
    def over(self) -> bool:
        """Tell whether nothing more happens to this run."""
        return self.status in FINAL

    @property
    def without_graph(self) -> str:
        """Say why the graph was not asked, where it was to be; empty: it was, or was not to be."""
        told = ((step.output or {}).get("without_graph") for step in self.steps)
        return next((why for why in told if isinstance(why, str) and why), "")

    @property
    def reason(self) -> str:
        """Say why the run did not succeed, as far as it says."""
        failed = [step for step in self.steps if step.error]
        told = self.error or next((f"{step.id}: {step.error}" for step in failed), None)
        return told or ("it was cancelled" if self.status == "cancelled" else "no reason was given")


class Collection(Shape):
    """A named set of documents."""

    name: str
    documents: int | None = None
    chunks: int | None = None
    created_at: datetime | None = None


class Document(Shape):
    """A document of a collection and whether it can be found yet."""

    id: UUID
    name: str
    status: str | None = None
    size: int | None = None
    version: int | None = None
    chunks: int | None = None
    error: str | None = None
    run: UUID | None = None
    created_at: datetime | None = None


class TextPart(Shape):
    """A part of a document's stored text; `characters` is the length of the whole."""

    start: int
    end: int
    characters: int
    text: str


class Capabilities(Shape):
    """What a language model can do."""

    context_tokens: int | None = None
    completion: bool = True
    json_schema: bool = False
    tools: bool = False
    embeddings: bool = False


class Line(Shape):
    """Calls of a model at work, and those that wait for their turn."""

    busy: int = 0
    waiting: int = 0


class Model(Shape):
    """A language model and the roles that use it."""

    name: str
    capabilities: Capabilities = Capabilities()
    size_bytes: int | None = None
    roles: tuple[str, ...] = ()
    line: Line | None = None


class Runtime(Shape):
    """Where language models run."""

    provider: str
    version: str | None = None
    place: str = ""
    hosted: bool = False


class ModelsState(Shape):
    """The language models that are there; `runtime` is None where none answers."""

    state: str
    runtime: Runtime | None = None
    advice: str = ""
    models: tuple[Model, ...] = ()


class Agent(Shape):
    """An agent: what it can do, and how busy it is."""

    name: str
    description: str = ""
    status: str = ""
    capabilities: tuple[str, ...] = ()
    workers: int = 0
    slots: int = 0
    busy: int = 0
    done: int = 0
    failed: int = 0
    last_work_at: datetime | None = None


class Hit(Shape):
    """A passage that was found."""

    document: DocumentName
    heading_path: tuple[str, ...] = ()
    start: int
    end: int
    text: str
    score: float = 0.0
    by_graph: bool = False


class Hits(Shape):
    """What was found, best first."""

    hits: tuple[Hit, ...] = ()


class PartHealth(Shape):
    """How one part of the platform does."""

    name: str
    ok: bool
    detail: str = ""


class Health(Shape):
    """Whether the platform can work, part by part."""

    ready: bool
    profile: str = ""
    parts: tuple[PartHealth, ...] = ()


class ImportResult(Shape):
    """What came of an import, and the runs that embed it."""

    objects: dict[str, int] = Field(default_factory=dict)
    files: int = 0
    rebuilds: tuple[UUID, ...] = ()


class Upload(Shape):
    """What came of an upload: the document, and the run that indexes it (none when unchanged)."""

    document: Document
    run: Run | None = None


class Conversation(Shape):
    """A conversation; its title is None until its first question names it."""

    id: UUID
    title: str | None = None
    collection: str = ""
    messages: int = 0
    busy: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Context(Shape):
    """How many earlier messages a question was asked with, and how many did not fit."""

    used: int = 0
    dropped: int = 0


class Message(Shape):
    """A question, or the answer to one."""

    id: UUID
    number: int
    role: str
    text: str = ""
    run: UUID | None = None
    status: str | None = None
    error: str | None = None
    citations: tuple[Citation, ...] = ()
    context: Context | None = None
    created_at: datetime | None = None


class Posted(Shape):
    """A question that was taken in, and the run that works on it."""

    message: Message
    run: Run


class Member(Shape):
    """A user of the tenant."""

    id: UUID
    email: str
    role: str = ""
    disabled: bool = False
    one_time_password: bool = False
    last_login_on: date | None = None


class MadeMember(Shape):
    """A user, and the password that is shown this once; None: none was made."""

    user: Member
    password: str | None = None


class ApiKey(Shape):
    """An API key without its secret."""

    id: UUID
    name: str
    prefix: str = ""
    scopes: tuple[str, ...] = ()
    email: str = ""
    expires_at: datetime | None = None
    last_used_on: date | None = None


class MadeKey(Shape):
    """A key, and its secret, which is shown this once."""

    key: ApiKey
    secret: str


class Tenant(Shape):
    """A tenant that one is a member of."""

    id: UUID
    name: str
    role: str = ""
    current: bool = False


class AuditEntry(Shape):
    """Something that happened to who may get in."""

    seq: int
    at: datetime
    event: str
    actor: UUID | None = None
    subject: str | None = None
    address: str | None = None
    hash: str = ""


class AuditVerdict(Shape):
    """Whether the audit log is as it was written."""

    ok: bool
    entries: int
    head: str
    broken_at: int | None = None
    reason: str | None = None


class Tokens(Shape):
    """What a login gives a program."""

    access_token: str
    refresh_token: str | None = None
