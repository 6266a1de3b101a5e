"""Metrics of the HTTP API, and the page that gives them all."""

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0, generate_latest

BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)
# Others are told apart by nobody: a client makes up as many as it likes.
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


class HttpMetrics:
    """Count and time requests by route, never by path: a path may hold ids."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Add the API's metrics to a registry."""
        self._seconds = Histogram(
            "sutazai_http_request_duration_seconds",
            "Time from a request's first byte to its answer's last.",
            labelnames=("method", "route", "status"),
            buckets=BUCKETS,
            registry=registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; status 0 is one that got no answer."""
        known = method if method in METHODS else "other"
        self._seconds.labels(known, route, str(status)).observe(seconds)


def exposition(registry: CollectorRegistry) -> tuple[bytes, str]:
    """Give all metrics in Prometheus' text format, and its media type."""
    return generate_latest(registry), CONTENT_TYPE_PLAIN_1_0_0
