"""Metrics of models: their lines as they stand, and their calls as they end, by model."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sutazai.core.models.model import CallRecord, LineState

_OF = ("provider", "model")
# From a prompt that the runtime remembers to a long one that it reads on two cores.
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class _Lines(Protocol):
    """What tells how the lines stand."""

    def states(self) -> Sequence[LineState]:
        """Tell it, line by line."""


class ModelMetrics:
    """Count calls of models; labelled by runtime and model, of which an installation has few."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Make the metrics in a registry."""
        self._registry = registry
        self._calls = Counter(
            "sutazai_model_calls",
            "Calls of models that had their turn, by how they ended.",
            labelnames=(*_OF, "ending"),
            registry=registry,
        )
        self._tokens = Counter(
            "sutazai_model_tokens",
            "Tokens of calls, by kind: `prompt` or `completion`.",
            labelnames=(*_OF, "kind"),
            registry=registry,
        )
        self._seconds = Counter(
            "sutazai_model_call_seconds",
            "Time calls took once they had their turn.",
            labelnames=_OF,
            registry=registry,
        )
        self._cost = Counter(
            "sutazai_model_cost",
            "What calls cost, in the currency of the prices that are set.",
            labelnames=_OF,
            registry=registry,
        )
        self._waited = self._histogram(
            "sutazai_model_wait_seconds", "Time calls waited for their turn."
        )
        self._first = self._histogram(
            "sutazai_model_first_token_seconds",
            "Time from a call's turn to its first token, of calls that came to one.",
        )

    def ended(self, call: CallRecord) -> None:
        """Count a call that had its turn."""
        of, usage = (call.request.provider, call.request.model), call.report.usage
        self._calls.labels(*of, call.report.ending).inc()
        self._tokens.labels(*of, "prompt").inc(usage.prompt_tokens)
        self._tokens.labels(*of, "completion").inc(usage.completion_tokens)
        self._seconds.labels(*of).inc(usage.total_s)
        self._waited.labels(*of).observe(call.waited_s)
        if usage.first_token_s is not None:
            self._first.labels(*of).observe(usage.first_token_s)
        if usage.cost is not None:
            self._cost.labels(*of).inc(usage.cost)

    def watch(self, lines: _Lines) -> None:
        """Read the lines whenever the metrics are asked for."""
        self._registry.register(_Reading(lines))

    def _histogram(self, name: str, what: str) -> Histogram:
        return Histogram(name, what, labelnames=_OF, buckets=_SECONDS, registry=self._registry)


class _Reading(Collector):
    """Read the lines when asked."""

    def __init__(self, lines: _Lines) -> None:
        self._lines = lines

    def collect(self) -> Iterator[Metric]:
        """Give the present values."""
        waiting = GaugeMetricFamily(
            "sutazai_model_waiting", "Calls in line for a model.", labels=_OF
        )
        busy = GaugeMetricFamily(
            "sutazai_model_busy", "Calls that a model works on now.", labels=_OF
        )
        for state in self._lines.states():
            waiting.add_metric((state.provider, state.model), state.waiting)
            busy.add_metric((state.provider, state.model), state.busy)
        yield waiting
        yield busy
