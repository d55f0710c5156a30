"""How far a cluster lags behind the others, from its own Prometheus metrics.

A scrape of a server is megabytes, so it is read rarely and searched whole for the lines that count. The histograms
are cumulative since the server's start; what counts is what came between two scrapes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

import httpx

from maestro.model.base import Model

LATENCY = "replication_latency_milliseconds_bucket"
BACKLOG = "replication_tasks_recv_backlog_ratio_bucket"
ERRORS = ("replication_stream_error_total", "replication_stream_stuck_total", "replication_dlq_enqueue_failed_total")

QUANTILE = 0.99
TIMEOUT_SECONDS = 3.0

_LINE = re.compile(r"^(?P<name>[a-z_]+)\{(?P<labels>[^}]*)\} (?P<value>[0-9.eE+-]+)$")
_LE = re.compile(r'le="([^"]+)"')

Buckets = dict[float, float]


class Scrape(Model):
    """Totals since the server's start: counts by upper bound (milliseconds, tasks), and errors of the stream."""

    latency: Buckets
    backlog: Buckets
    errors: float


class Lag(Model):
    """Between two scrapes: ``stuck`` where the stream reported errors, else the 99th percentiles."""

    stuck: bool
    seconds: float
    tasks: int


async def scrape(client: httpx.AsyncClient, address: str) -> Scrape:
    """The totals now. Raises ``httpx.HTTPError`` where the endpoint does not answer."""
    response = await client.get(f"http://{address}/metrics", timeout=TIMEOUT_SECONDS)
    response.raise_for_status()
    return parse(response.content)


def parse(content: bytes) -> Scrape:
    """The totals in the text format; lines of other metrics are passed over."""
    latency: Buckets = {}
    backlog: Buckets = {}
    errors = 0.0
    for line in _lines(content, (LATENCY, BACKLOG, *ERRORS)):
        found = _LINE.match(line)
        if found is None:
            continue
        name, value = found["name"], float(found["value"])
        if name in ERRORS:
            errors += value
        elif (bound := _LE.search(found["labels"])) is not None:
            buckets = latency if name == LATENCY else backlog
            buckets[float(bound[1])] = buckets.get(float(bound[1]), 0.0) + value
    return Scrape(latency=latency, backlog=backlog, errors=errors)


def _lines(content: bytes, names: Iterable[str]) -> Iterator[str]:
    """The lines of these metrics, by searching for each name: a tenth of what splitting the megabytes would cost."""
    for name in names:
        start = content.find(f"\n{name}{{".encode())
        while start >= 0:
            end = content.find(b"\n", start + 1)
            yield content[start + 1 : end if end >= 0 else None].decode(errors="replace")
            start = content.find(f"\n{name}{{".encode(), start + 1)


def lag(before: Scrape, after: Scrape) -> Lag:
    """What came between. Nothing to replicate is no lag; a server that was started again counts from nothing."""
    return Lag(
        stuck=after.errors > before.errors,
        seconds=_quantile(_between(before.latency, after.latency)) / 1_000,
        tasks=int(_quantile(_between(before.backlog, after.backlog))),
    )


def _between(before: Mapping[float, float], after: Mapping[float, float]) -> Buckets:
    found = {bound: count - before.get(bound, 0.0) for bound, count in after.items()}
    return dict(after) if any(count < 0 for count in found.values()) else found


def _quantile(buckets: Mapping[float, float]) -> float:
    """The smallest finite upper bound that covers the quantile; 0 without observations."""
    total = max(buckets.values(), default=0.0)
    finite = sorted(bound for bound in buckets if bound != float("inf"))
    for bound in finite:
        if total and buckets[bound] >= QUANTILE * total:
            return bound
    return finite[-1] if total and finite else 0.0
