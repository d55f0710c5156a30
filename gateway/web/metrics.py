"""Figures of one gateway process in Prometheus' form."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counters of one app; a registry of its own, so that two apps of one process do not meet."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "maestro_gateway_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "maestro_gateway_request_seconds", "Time to the end of an answer.", ["route"], registry=self._registry
        )
        self._actions = Counter(
            "maestro_gateway_actions",
            "Reviewer actions by how they ended.",
            ["kind", "result"],
            registry=self._registry,
        )
        self._webhooks = Counter(
            "maestro_gateway_webhooks", "Deliveries by what they meant.", ["forge", "meaning"], registry=self._registry
        )
        self._live = Gauge("maestro_gateway_live_cards", "Cards that are open and live.", registry=self._registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered. ``route`` is the pattern, never the path, so that the number of series is bounded."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def action(self, kind: str, result: str) -> None:
        """An action was taken, refused, or could not be asked for."""
        self._actions.labels(kind, result).inc()

    def webhook(self, forge: str, meaning: str) -> None:
        """A delivery came. ``forge`` is a configured name, or ``unknown``."""
        self._webhooks.labels(forge, meaning).inc()

    def live(self, change: int) -> None:
        """A live card was opened (1) or closed (-1)."""
        self._live.inc(change)

    def exposition(self) -> bytes:
        """All figures as Prometheus reads them."""
        return generate_latest(self._registry)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Others are whatever somebody sends."""
