"""Metrics of the platform: what was counted as it happened, and what is read when asked."""

from collections.abc import Iterator

from prometheus_client import Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sutazai.bootstrap.agent_metrics import AgentMetrics
from sutazai.bootstrap.model_metrics import ModelMetrics
from sutazai.core.runs.feed import EventFeed
from sutazai.core.tasks.reaper import Reaper
from sutazai.core.tasks.relay import Relay
from sutazai_contracts.tasks import Outcome


class PlatformMetrics(AgentMetrics):
    """Count outcomes, the agents' work and look-ups in caches; `models` counts those of models."""

    def __init__(self) -> None:
        """Make the registry and the counters of one platform."""
        super().__init__()
        self.models = ModelMetrics(self.registry)
        self._outcomes = Counter(
            "sutazai_outcomes",
            "Outcomes applied to the ledger, by what became of the attempt.",
            labelnames=("kind",),
            registry=self.registry,
        )
        self._lookups = Counter(
            "sutazai_cache_lookups",
            "Look-ups in caches, by how they ended: `hit` or `miss`. `questions`: the vectors of "
            "what was searched for; `answers`: what models answered; `contexts`: what was said "
            "before a question.",
            labelnames=("cache", "outcome"),
            registry=self.registry,
        )

        self._asked = Counter(
            "sutazai_graph_questions",
            "Questions about the graph, by who answered: `projection`, or `facts` where that was "
            "not whole or away.",
            labelnames=("answered_by",),
            registry=self.registry,
        )

    def graph_asked(self, projected: bool) -> None:
        """Count a question about the graph that the projection answered, or the facts did."""
        self._asked.labels("projection" if projected else "facts").inc()

    def applied(self, outcome: Outcome) -> None:
        """Count an outcome that the ledger applied."""
        self._outcomes.labels(outcome.result.kind).inc()

    def question_looked_up(self, found: bool) -> None:
        """Count a question whose vector was looked for in the cache."""
        self._lookups.labels("questions", "hit" if found else "miss").inc()

    def answer_looked_up(self, found: bool) -> None:
        """Count a call of a model whose answer was looked for in the cache."""
        self._lookups.labels("answers", "hit" if found else "miss").inc()

    def context_looked_up(self, found: bool) -> None:
        """Count a question in a conversation whose context was looked for in the cache."""
        self._lookups.labels("contexts", "hit" if found else "miss").inc()

    def watch(self, reading: "Reading") -> None:
        """Add what is read when the metrics are asked for."""
        self.registry.register(reading)


class Reading(Collector):
    """Read the state of the loops and the agents when asked."""

    def __init__(self, relay: Relay, reaper: Reaper, feed: EventFeed) -> None:
        """Take what is read."""
        self._relay, self._reaper, self._feed = relay, reaper, feed

    def collect(self) -> Iterator[Metric]:
        """Give the present values."""
        yield CounterMetricFamily(
            "sutazai_wake_ups_sent", "Wake-ups that left the outbox.", value=self._relay.sent
        )
        yield CounterMetricFamily(
            "sutazai_claims_taken_back",
            "Claims taken back from workers that were gone.",
            value=self._reaper.taken_back,
        )
        yield GaugeMetricFamily(
            "sutazai_run_watchers", "Open streams of run events.", value=self._feed.watchers
        )
