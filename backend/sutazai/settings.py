"""Every setting there is, one frozen model per subsystem. Nothing else reads the environment."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from sutazai.core.identity.audit import Addresses
from sutazai.core.limits.port import Rate
from sutazai_kit.model.price import Price

MEBIBYTE = 1024 * 1024
Embedder = Literal["local", "ollama", "openai_compatible"]
Runtime = Literal["auto", "ollama", "llama_cpp", "openai_compatible", "anthropic", "none"]


class ApiSettings(BaseSettings):
    """Where the API listens and how much it takes."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_API_", frozen=True)

    host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    port: int = Field(
        default=10010, ge=0, le=65535, description="Port of the API; 0 takes a free one."
    )
    upload_limit_mb: int = Field(
        default=32, ge=1, le=1024, description="Largest request body, in MiB (2^20 bytes)."
    )
    import_limit_mb: int = Field(
        default=10_240,
        ge=1,
        le=1_048_576,
        description="Largest export that is imported, in MiB; it is kept aside on the disk for "
        "temporary files while it is checked.",
    )
    rate_per_s: float = Field(
        default=200.0,
        ge=0,
        le=100_000,
        description="Requests a second that one caller (an API key, or a user who logged in) may "
        "send for long; 0: as many as they like. What is refused is answered 429.",
    )
    burst: int = Field(
        default=1000,
        ge=1,
        le=1_000_000,
        description="Requests that a caller who was idle may send at once.",
    )

    @property
    def upload_limit(self) -> int:
        """Give the largest request body in bytes."""
        return self.upload_limit_mb * MEBIBYTE

    @property
    def import_limit(self) -> int:
        """Give the largest export that is imported in bytes."""
        return self.import_limit_mb * MEBIBYTE

    @property
    def rate(self) -> Rate | None:
        """Give how often one caller may ask; None: as often as they like."""
        return Rate(self.burst, 1 / self.rate_per_s) if self.rate_per_s else None


class DatabaseSettings(BaseSettings):
    """Where the records live. Without a URL the embedded PostgreSQL is started."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_DATABASE_", frozen=True)

    url: SecretStr | None = Field(
        default=None,
        description="URL of a PostgreSQL 15+ database, by a user who may create roles there; "
        "unset: PostgreSQL is started from its wheel.",
    )
    pool_size: int = Field(
        default=8, ge=2, le=100, description="Connections per pool (there are three)."
    )


class LedgerSettings(BaseSettings):
    """How long claims hold and how often the ledger looks after them."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_LEDGER_", frozen=True)

    lease_s: float = Field(
        default=10.0, ge=1, le=3600, description="Seconds a claim holds without a heartbeat."
    )
    reap_every_s: float = Field(
        default=1.0, gt=0, le=60, description="Seconds between two looks for lost claims."
    )


class ModelSettings(BaseSettings):
    """Where models lie and how much of the machine they take."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_MODELS_", frozen=True)

    dir: Path | None = Field(
        default=None, description="Folder of prepared models; unset: `models` in the home folder."
    )
    embedder_threads: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Threads of the embedder; more is slower on 2 busy cores.",
    )


class RuntimeSettings(BaseSettings):
    """Which language models are used, and how.

    Names of models are separated by commas, best first; those that are not present are passed over.
    """

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_MODELS_", frozen=True)

    runtime: Runtime = Field(
        default="auto",
        description="Where models run: `ollama`, `llama_cpp`, `openai_compatible`, `anthropic`, "
        "`none`; `auto`: Ollama where one answers, else llama.cpp where a GGUF file is set.",
    )
    ollama_url: str = Field(default="http://127.0.0.1:11434", description="Where Ollama answers.")
    gguf: Path | None = Field(default=None, description="GGUF file that llama.cpp runs.")
    hosted_url: str | None = Field(
        default=None,
        description="Base URL of the API of `openai_compatible`, such as "
        "`http://127.0.0.1:8000/v1`, or of `anthropic`; unset: Anthropic's own.",
    )
    api_key: SecretStr | None = Field(
        default=None, description="Key for `openai_compatible` or `anthropic`."
    )
    num_ctx: int = Field(
        default=4096,
        ge=64,
        description="Tokens of question and answer; a model made for fewer gets what it was made "
        "for.",
    )
    num_thread: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Threads of a generation; unset: as Ollama thinks, 1 in llama.cpp.",
    )
    parallel: int = Field(
        default=1, ge=1, le=16, description="Calls one model works on at once; others wait."
    )
    places: int = Field(
        default=256,
        ge=2,
        le=10_000,
        description="Calls that may wait for one model, half of them of one tenant.",
    )
    answers_kept_s: float = Field(
        default=86_400.0,
        ge=0,
        le=30 * 86_400,
        description="How long an answer is given again, in seconds, to exactly the same question "
        "of the same tenant at temperature 0, by a model whose weights are known (Ollama's); 0: "
        "every question is asked of the model.",
    )
    batch_age_s: float = Field(
        default=60.0,
        ge=0,
        description="Seconds after which a batch call counts as one that a person waits for.",
    )
    default: str = Field(default="tinyllama", description="Models of every role, after its own.")
    writer: str = Field(default="", description="Models that write answers.")
    reviewer: str = Field(default="", description="Models that check answers.")
    coder: str = Field(default="codellama", description="Models that write code.")
    rewriter: str = Field(
        default="",
        description="Models that reword a question that leans on what was said before it, which "
        "takes a call more; unset: none does, and the words of earlier questions are added to it.",
    )
    large: str = Field(default="", description="Models preferred for large tasks.")
    large_from: int = Field(
        default=2000, ge=0, description="Tokens to be read from which on a task is large."
    )
    prices: dict[str, Price] = Field(
        default={},
        description="What a million tokens of question and answer cost, by model, in a currency of "
        'your choice: `{"gpt-4o-mini": {"prompt": 0.15, "completion": 0.6}}`; calls of other '
        "models have no cost.",
    )


class EmbeddingSettings(BaseSettings):
    """Which model turns texts into vectors; another one than before: `sutazai index rebuild`."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_EMBEDDINGS_", frozen=True)

    provider: Embedder = Field(
        default="local",
        description="Where texts are embedded: `local` (all-MiniLM-L6-v2, in a process of this "
        "platform), `ollama`, or `openai_compatible` (`POST …/embeddings`). Where it changes, "
        "`sutazai index rebuild` embeds what is there anew.",
    )
    model: str = Field(
        default="", description="The model's name at `ollama` or `openai_compatible`."
    )
    url: str | None = Field(
        default=None,
        description="Where the service answers; unset: `http://127.0.0.1:11434` for `ollama`. "
        "`openai_compatible` wants it with the version, such as `http://127.0.0.1:8000/v1`.",
    )
    api_key: SecretStr | None = Field(default=None, description="Key for `openai_compatible`.")
    revision: str = Field(
        default="1",
        min_length=1,
        description="Revision of the model of `openai_compatible`, which tells none: change it "
        "when the model behind the name changed.",
    )
    dimension: int | None = Field(
        default=None,
        ge=1,
        le=65_536,
        description="Numbers of a vector, for models that offer several; unset: the model's own.",
    )
    max_tokens: int | None = Field(
        default=None,
        ge=8,
        description="Tokens of the longest text that is embedded as one; unset: as Ollama tells, "
        "512 for `openai_compatible`.",
    )
    num_thread: int | None = Field(
        default=None, ge=1, le=256, description="Threads of a call of `ollama`; unset: its choice."
    )


class KnowledgeSettings(BaseSettings):
    """How much may be kept."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_KNOWLEDGE_", frozen=True)

    max_collections: int = Field(
        default=500,
        ge=1,
        le=100_000,
        description="Collections a tenant may have; each takes memory of the vector store.",
    )


class ConversationSettings(BaseSettings):
    """How much of a conversation goes with its next question."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_CONVERSATIONS_", frozen=True)

    context_tokens: int = Field(
        default=1000,
        ge=0,
        le=8000,
        description="Tokens of earlier questions and answers that go with a question, the newest "
        "first, and no more than a quarter of what the model reads. What does not fit is left out, "
        "and the answer says how much that was. 0: each question stands alone.",
    )


class EgressSettings(BaseSettings):
    """Whether anything may leave this machine."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_", frozen=True)

    allow_egress: bool = Field(
        default=False,
        description="Whether hosted models may be used; prompts with passages of documents, and "
        "texts to embed, are sent to them.",
    )


class LogSettings(BaseSettings):
    """How much is logged."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_LOG_", frozen=True)

    level: str = Field(
        default="INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="Least severe level that is logged: DEBUG, INFO, WARNING or ERROR.",
    )


class LoginSettings(BaseSettings):
    """How long a login holds, and where it leads."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_", frozen=True)

    session_idle_h: float = Field(
        default=12.0, ge=0.5, le=8760, description="Hours after which an unused login ends."
    )
    session_days: float = Field(
        default=7.0, gt=0, le=3650, description="Days after which a login ends in any case."
    )
    dashboard_url: str = Field(
        default="http://127.0.0.1:10011/",
        description="Where a login leads: the dashboard's address; several are separated by "
        "commas, home first. Unset, `sutazai run` leads to the dashboard that it started.",
    )
    canonical_host: str = Field(
        default="127.0.0.1",
        description="Host that a login at `localhost` is sent to: a cookie is of one name only.",
    )
    audit_addresses: Addresses = Field(
        default="coarse",
        description="How much of clients' addresses the audit log keeps: `coarse` (the network: "
        "/24, or /48 of IPv6), `full`, `none`.",
    )

    @property
    def idle(self) -> timedelta:
        """Give the time after which an unused login ends."""
        return timedelta(hours=self.session_idle_h)

    @property
    def longest(self) -> timedelta:
        """Give the time after which a login ends in any case."""
        return timedelta(days=self.session_days)

    @property
    def dashboards(self) -> tuple[str, ...]:
        """Give the dashboard's addresses."""
        return tuple(url.strip() for url in self.dashboard_url.split(",") if url.strip())

    def dashboards_with(self, own: str) -> tuple[str, ...]:
        """Give the dashboard's addresses where one is started at `own`."""
        named = self.dashboards if "dashboard_url" in self.model_fields_set else ()
        return tuple(dict.fromkeys((*named, own)))


class DashboardSettings(BaseSettings):
    """The dashboard that `sutazai run` starts beside the API."""

    model_config = SettingsConfigDict(env_prefix="SUTAZAI_", frozen=True)

    dashboard: bool = Field(default=True, description="Whether the dashboard is started.")
    dashboard_port: int = Field(
        default=10011,
        ge=0,
        le=65535,
        description="Port of the dashboard on 127.0.0.1; 0 takes a free one.",
    )


class Settings(BaseModel):
    """All settings of one installation; `home` is the folder that holds everything it keeps."""

    model_config = ConfigDict(frozen=True)

    home: Path
    api: ApiSettings = Field(default_factory=ApiSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    ledger: LedgerSettings = Field(default_factory=LedgerSettings)
    models: ModelSettings = Field(default_factory=ModelSettings)
    runtime: RuntimeSettings = Field(default_factory=RuntimeSettings)
    embeddings: EmbeddingSettings = Field(default_factory=EmbeddingSettings)
    knowledge: KnowledgeSettings = Field(default_factory=KnowledgeSettings)
    conversations: ConversationSettings = Field(default_factory=ConversationSettings)
    egress: EgressSettings = Field(default_factory=EgressSettings)
    login: LoginSettings = Field(default_factory=LoginSettings)
    dashboard: DashboardSettings = Field(default_factory=DashboardSettings)
    log: LogSettings = Field(default_factory=LogSettings)

    @property
    def models_dir(self) -> Path:
        """Give the folder of prepared models."""
        return self.models.dir or self.home / "models"


def resolve_home(home: Path | None = None) -> Path:
    """Find the home folder: the one given, `SUTAZAI_HOME`, `./.sutazai` if present, the user's."""
    if home is not None:
        return home.absolute()
    if named := os.environ.get("SUTAZAI_HOME"):
        return Path(named).absolute()
    here = Path(".sutazai").absolute()
    return here if here.is_dir() else Path.home() / ".local" / "share" / "sutazai"


def load_settings(home: Path | None = None) -> Settings:
    """Read all settings from the environment, for the home folder that applies."""
    return Settings(home=resolve_home(home))
