"""The services over opened ports: the same in both profiles."""

from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from loguru import logger

import sutazai
from sutazai.adapters.embeddings.ahead import AheadEmbeddings
from sutazai.adapters.embeddings.cached import CachedEmbeddings
from sutazai.adapters.graph.sql import SqlGraph
from sutazai.bootstrap.metrics import PlatformMetrics, Reading
from sutazai.bootstrap.models import wire_models
from sutazai.bootstrap.people import wire_login, wire_people
from sutazai.core.agents.port import Registry
from sutazai.core.cache.port import Cache
from sutazai.core.conversations.context import Contexts
from sutazai.core.conversations.counting import TokenCounting
from sutazai.core.conversations.service import Conversations
from sutazai.core.graph.joining import JoinedChunks
from sutazai.core.graph.port import Graph, Projection
from sutazai.core.graph.projected import ProjectedGraph
from sutazai.core.graph.projector import Projector
from sutazai.core.graph.service import GraphService
from sutazai.core.identity.audit import Audit
from sutazai.core.identity.login import Login
from sutazai.core.identity.people import People
from sutazai.core.identity.service import Identity
from sutazai.core.identity.sessions.port import Sessions
from sutazai.core.knowledge.chunk_lines import read_chunks
from sutazai.core.knowledge.service import Knowledge
from sutazai.core.knowledge.sweeper import Sweeper
from sutazai.core.limits.port import Limits
from sutazai.core.limits.requests import RequestLimit
from sutazai.core.models.answers import KeptAnswers
from sutazai.core.models.service import Models
from sutazai.core.moving.service import Moving
from sutazai.core.runs.feed import EventFeed
from sutazai.core.runs.model import NewWakeUp
from sutazai.core.runs.retrying import Retries
from sutazai.core.runs.service import Runs
from sutazai.core.tasks.outcomes import OutcomeConsumer
from sutazai.core.tasks.reaper import Reaper
from sutazai.core.tasks.relay import Relay
from sutazai.core.tasks.service import Tasks
from sutazai.records.cited import SqlCitedChunks
from sutazai.records.collection_ids import SqlCollectionIds
from sutazai.records.conversations import SqlConversations
from sutazai.records.database import Database
from sutazai.records.exports import SqlMoving
from sutazai.records.fact_reading import SqlFacts
from sutazai.records.identity import SqlIdentity
from sutazai.records.knowledge import SqlKnowledge
from sutazai.records.ledger import SqlLedger
from sutazai.records.leftovers import SqlLeftovers
from sutazai.records.retries import SqlRetries
from sutazai.records.runs import SqlRuns
from sutazai.records.saying import SqlSayingPassages
from sutazai.settings import Settings
from sutazai_contracts.errors import Unavailable
from sutazai_contracts.tasks import Claim
from sutazai_contracts.workflows import Workflow
from sutazai_kit.bus.port import Bus
from sutazai_kit.embeddings.port import Embeddings
from sutazai_kit.files.port import Files
from sutazai_kit.live.port import Live
from sutazai_kit.model.estimate import estimate_tokens
from sutazai_kit.vectors.port import Vectors

# The collection that every tenant has.
DEFAULT = "default"


@dataclass(frozen=True)
class Ports:
    """What a profile opened.

    projected: the graph in another store than its facts are in, and how it is told; None: in none.
    """

    database: Database
    bus: Bus
    files: Files
    vectors: Vectors
    embeddings: Embeddings
    registry: Registry
    live: Live
    sessions: Sessions
    limits: Limits
    cache: Cache
    projected: tuple[Graph, Projection] | None = None


@dataclass(frozen=True)
class Services:
    """Everything of core, wired."""

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
    feed: EventFeed
    ahead: AheadEmbeddings
    relay: Relay
    reaper: Reaper
    outcomes: OutcomeConsumer
    sweeper: Sweeper
    models: Models
    moving: Moving
    metrics: PlatformMetrics

    @property
    def joined(self) -> JoinedChunks:
        """Give what tells agents what is joined to their chunks, as a search is told."""
        return JoinedChunks(self.knowledge.graph, self.graph.collections)

    def loops(self, *, relay: bool = True) -> dict[str, Coroutine[Any, Any, None]]:
        """Give what runs for the life of the platform, by name; `relay`: whether that does here."""
        return {
            **({"relay": self.relay.run()} if relay else {}),
            "reaper": self.reaper.run(),
            "outcomes": self.outcomes.run(),
            "feed": self.feed.run(),
            "ahead": self.ahead.run(),
            "sweeper": self.sweeper.run(),
            "runtimes": self.models.runtimes.run(),
            "lines": self.models.lines.run(),
            "metering": self.models.metering.run(),
            **({"projector": graph.projector.run()} if (graph := self.graph.projection) else {}),
        }


@dataclass(frozen=True)
class Apart:
    """What differs where the relay and the agents are processes of their own.

    on_wake_ups: tells the relay of wake-ups; None: it runs here.
    admit: adds to a claim what its holder gets in by.
    workers_live_on: whether agents work on while core is away.
    """

    on_wake_ups: Callable[[Collection[NewWakeUp]], None] | None = None
    admit: Callable[[Claim], Claim] = lambda claim: claim
    workers_live_on: bool = False


def wire(
    settings: Settings,
    ports: Ports,
    workflows: Mapping[str, Workflow],
    *,
    owner_url: str,
    token_secret: bytes,
    apart: Apart | None = None,
) -> Services:
    """Put the services together; nothing runs yet.

    `owner_url` is the database as the owner of its schema reaches it, or empty where this process
    may not. `token_secret`, by which access tokens are signed, is the same in all processes.
    """
    apart, metrics = apart or Apart(), PlatformMetrics()
    feed = EventFeed(SqlRuns(ports.database), ports.live)
    relay = Relay(SqlLedger(ports.database), ports.bus)
    told = apart.on_wake_ups or relay.tell
    tasks = _tasks(settings, ports, apart, feed, told, metrics)
    ahead = AheadEmbeddings(ports.embeddings)
    runs = Runs(feed.records, feed, workflows, ports.registry.names, told, _seek(settings, ahead))
    sweeper = Sweeper(SqlLeftovers(ports.database), ports.vectors, ports.files)
    login = wire_login(settings, ports.database, ports.sessions, ports.limits, token_secret)
    graph = _graph(ports, runs, metrics)
    knowledge = _knowledge(settings, ports, runs, sweeper, metrics)
    outcomes = OutcomeConsumer(ports.bus, tasks)
    reaper = _reaper(settings, apart, tasks, relay, outcomes)
    metrics.watch(Reading(relay, reaper, feed))
    models = _models(settings, ports, metrics)
    return Services(
        runs=runs,
        retries=Retries(SqlRetries(ports.database), runs),
        conversations=_conversations(settings, ports, runs, models, metrics),
        tasks=tasks,
        knowledge=knowledge,
        graph=graph,
        identity=Identity(SqlIdentity(ports.database, owner_url)),
        login=login,
        people=wire_people(login, ports.database, _furnishing(knowledge)),
        requests=RequestLimit(ports.limits, settings.api.rate),
        feed=feed,
        ahead=ahead,
        relay=relay,
        reaper=reaper,
        outcomes=outcomes,
        sweeper=sweeper,
        models=models,
        moving=_moving(ports, knowledge, login.audit),
        metrics=metrics,
    )


def _seek(settings: Settings, ahead: AheadEmbeddings) -> Callable[[str], None]:
    # A service of somebody else's is asked for what a step needs, and for no run that is refused.
    return ahead.seek if settings.embeddings.provider == "local" else lambda question: None


def _furnishing(knowledge: Knowledge) -> Callable[[UUID], Awaitable[None]]:
    async def furnish(tenant: UUID) -> None:
        try:
            await knowledge.ensure_collection(tenant, DEFAULT)
        except Unavailable as exc:
            # Whatever looks after those of all tenants makes it later.
            logger.warning("The default collection of a new tenant waits: {}", exc)

    return furnish


def _tasks(
    settings: Settings,
    ports: Ports,
    apart: Apart,
    feed: EventFeed,
    told: Callable[[Collection[NewWakeUp]], None],
    metrics: PlatformMetrics,
) -> Tasks:
    return Tasks(
        SqlLedger(ports.database),
        read_chunks(ports.files),
        lease_s=settings.ledger.lease_s,
        on_events=feed.hand,
        on_wake_ups=told,
        on_outcome=metrics.applied,
        admit=apart.admit,
    )


def _reaper(
    settings: Settings, apart: Apart, tasks: Tasks, relay: Relay, outcomes: OutcomeConsumer
) -> Reaper:
    # Workers that live on get a lease to say so.
    wait_s = settings.ledger.lease_s if apart.workers_live_on else 0.0
    return Reaper(tasks, relay, settings.ledger.reap_every_s, wait_s, catch_up=outcomes.catch_up)


def _graph(ports: Ports, runs: Runs, metrics: PlatformMetrics) -> GraphService:
    records, chunks = SqlCollectionIds(ports.database), SqlCitedChunks(ports.database)
    passages, facts = SqlSayingPassages(ports.database), SqlGraph(ports.database)
    if ports.projected is None:
        return GraphService(facts, records, runs, chunks, passages)
    graph, projection = ports.projected
    projector = Projector(SqlFacts(ports.database), projection)
    projected = ProjectedGraph(facts, graph, projector, metrics.graph_asked)
    return GraphService(projected, records, runs, chunks, passages, projected)


def _knowledge(
    settings: Settings,
    ports: Ports,
    runs: Runs,
    sweeper: Sweeper,
    metrics: PlatformMetrics,
) -> Knowledge:
    return Knowledge(
        records=SqlKnowledge(ports.database),
        runs=runs,
        cancel_run=runs.cancel,
        files=ports.files,
        vectors=ports.vectors,
        embeddings=CachedEmbeddings(ports.embeddings, ports.cache, metrics.question_looked_up),
        on_leftovers=sweeper.nudge,
        max_collections=settings.knowledge.max_collections,
        # What a search or an agent waits for is asked of the facts themselves (docs/adr/0021).
        graph=SqlGraph(ports.database),
    )


def _moving(ports: Ports, knowledge: Knowledge, audit: Audit) -> Moving:
    return Moving(
        records=SqlMoving(ports.database),
        files=ports.files,
        audit=audit,
        embed_anew=knowledge.embed_anew,
        on_leftovers=knowledge.on_leftovers,
        product=sutazai.__version__,
    )


def _models(settings: Settings, ports: Ports, metrics: PlatformMetrics) -> Models:
    kept_s = settings.runtime.answers_kept_s
    answers = KeptAnswers(ports.cache, kept_s, metrics.answer_looked_up)
    return wire_models(settings, ports.database, metrics.models, answers)


def _conversations(
    settings: Settings, ports: Ports, runs: Runs, models: Models, metrics: PlatformMetrics
) -> Conversations:
    records = SqlConversations(ports.database)
    contexts = Contexts(
        records=records,
        counter=TokenCounting(models, ports.embeddings, estimate_tokens),
        cache=ports.cache,
        budget=settings.conversations.context_tokens,
        on_lookup=metrics.context_looked_up,
    )
    return Conversations(records, contexts, runs)
