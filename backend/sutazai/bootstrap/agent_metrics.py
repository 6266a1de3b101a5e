"""Metrics of the agents of a process: what they claimed, and how long they worked."""

from prometheus_client import CollectorRegistry, Counter, ProcessCollector, Summary

from sutazai_kit.observer import RunnerObserver


class AgentMetrics(RunnerObserver):
    """Count the agents' work; `registry` has it, and what the process takes."""

    def __init__(self) -> None:
        """Make the registry and the counters of one process."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._claimed = Counter(
            "sutazai_agent_claims",
            "Tasks claimed, by agent.",
            labelnames=("agent",),
            registry=self.registry,
        )
        # The clock is the event loop's: work of less than a millisecond may count as no time.
        self._seconds = Summary(
            "sutazai_agent_work_seconds",
            "Tasks that agents ended, and the time they took, by agent and what became of them.",
            labelnames=("agent", "kind"),
            registry=self.registry,
        )

    def claimed(self, agent: str, count: int) -> None:
        """Count claims of an agent."""
        self._claimed.labels(agent).inc(count)

    def finished(self, agent: str, kind: str, seconds: float) -> None:
        """Count a task that an agent ended, and the time it took."""
        self._seconds.labels(agent, kind).observe(seconds)
