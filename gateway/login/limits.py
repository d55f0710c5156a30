"""How often somebody may ask: a bucket of tokens for each, in the memory of this one gateway.

Any number of gateways admit that many times as much. Memory is bounded: whoever was not seen for longest is forgotten.
"""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from starlette.requests import Request

from gateway.web.problems import Problem
from maestro.access.principals import Principal
from maestro.config.gateway import GatewayConfig

REMEMBERED = 10_000
"""Principals, and as many addresses: some megabytes."""

_PREFIX_BITS = 64
"""Of an IPv6 address: whoever has one has at least all of these."""

_log = structlog.get_logger("gateway.access")


@dataclass
class _Bucket:
    tokens: float
    at: float


class Buckets:
    """Buckets that hold and refill ``per_minute`` tokens. ``clock`` gives seconds and only rises."""

    def __init__(
        self, per_minute: int, *, remembered: int = REMEMBERED, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_minute = per_minute
        self._remembered = remembered
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str) -> float:
        """0 where a token was taken, else the seconds until there is one."""
        now = self._clock()
        bucket = self._buckets.pop(key, None) or _Bucket(float(self._per_minute), now)
        a_second = self._per_minute / 60
        bucket.tokens = min(float(self._per_minute), bucket.tokens + (now - bucket.at) * a_second)
        bucket.at = now
        self._buckets[key] = bucket
        if len(self._buckets) > self._remembered:
            self._buckets.popitem(last=False)
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / a_second
        bucket.tokens -= 1
        return 0.0

    def __len__(self) -> int:
        return len(self._buckets)


class Limits:
    """The limits of one gateway; to be used by one thread."""

    def __init__(self, config: GatewayConfig, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._requests = Buckets(config.requests_per_minute, clock=clock)
        self._actions = Buckets(config.actions_per_minute, clock=clock)
        # Apart, so that no flood from many addresses makes us forget those whom we know.
        self._strangers = Buckets(config.requests_per_minute, clock=clock)

    def request(self, principal: Principal, request: Request) -> None:
        """Count a request of somebody who is known. Raises ``Problem`` 429."""
        _require(self._requests, _name(principal), request)

    def action(self, principal: Principal, request: Request) -> None:
        """Count an action, beside its request. Raises ``Problem`` 429."""
        _require(self._actions, _name(principal), request)

    def stranger(self, request: Request) -> None:
        """Count a request of nobody who is known, by the address that it came from. Raises ``Problem`` 429."""
        _require(self._strangers, network(request), request)


def network(request: Request) -> str:
    """The address that a request came from; of IPv6 what one customer has."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    mapped = address.ipv4_mapped
    return str(mapped or ipaddress.ip_network((address.packed, _PREFIX_BITS), strict=False))


def _name(principal: Principal) -> str:
    return f"{principal.issuer}\n{principal.subject}"


def _require(buckets: Buckets, key: str, request: Request) -> None:
    seconds = buckets.take(key)
    if seconds > 0:
        _log.warning("limited", who=key.replace("\n", " "), path=request.url.path)
        raise Problem(
            429,
            "",
            "Too many requests of one caller. Ask again a little later.",
            headers={"Retry-After": str(math.ceil(seconds))},
        )
