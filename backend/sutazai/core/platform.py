"""The platform: everything that an entry point may call, put together once by bootstrap."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from sutazai.core.agents.port import Registry
from sutazai.core.conversations.service import Conversations
from sutazai.core.graph.service import GraphService
from sutazai.core.identity.login import Login
from sutazai.core.identity.people import People
from sutazai.core.identity.service import Identity
from sutazai.core.knowledge.service import Knowledge
from sutazai.core.limits.requests import RequestLimit
from sutazai.core.models.service import Models
from sutazai.core.moving.service import Moving
from sutazai.core.runs.retrying import Retries
from sutazai.core.runs.service import Runs
from sutazai.core.tasks.service import Tasks


@dataclass(frozen=True, slots=True)
class PartHealth:
    """How a part does: `detail` says in words what is wrong."""

    name: str
    ok: bool
    detail: str = ""


Check = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Platform:
    """The frozen bundle of services.

    `checks` raise a `SutazaiError` for a part without which nothing works, those of `degraded` for
    one without which less does.
    """

    runs: Runs
    retries: Retries
    conversations: Conversations
    tasks: Tasks
    knowledge: Knowledge
    graph: GraphService
    identity: Identity
    login: Login
    people: People
    requests: RequestLimit
    registry: Registry
    models: Models
    moving: Moving
    checks: Mapping[str, Check]
    metrics: CollectorRegistry
    profile: str = "embedded"
    degraded: Mapping[str, Check] = field(default_factory=dict)
