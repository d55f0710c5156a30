"""Requests for a placement, small by hand and in every combination by hypothesis."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st
from pydantic import JsonValue

from maestro.config.topology import Prices
from maestro.model.pull_request import PullRequest
from maestro.model.region import Region, RegionHealth
from maestro.placement.router import PlacementRequest
from maestro.policy.engine import PolicyAnswer
from maestro.regions.burn import Condition, RegionState

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def pull_request(tenant: str = "default") -> PullRequest:
    return PullRequest(
        repository="/repositories/app",
        repo="app",
        pr="7",
        base_sha="a" * 40,
        head_sha="b" * 40,
        merge_base_sha="a" * 40,
        author="ada",
        tenant=tenant,
    )


def region(name: str, *, price: str = "0.10", carbon: float = 100.0, slots: int = 2) -> Region:
    return Region(id=name, price_usd_per_hour=Decimal(price), carbon_g_per_kwh=carbon, power_kw=0.02, slots=slots)


def health(name: str, *, healthy: bool = True, backlog: int = 0, p95: float | None = None) -> RegionHealth:
    return RegionHealth(
        region=name,
        healthy=healthy,
        reasons=() if healthy else ("no worker of it is known to be alive",),
        workers=1,
        backlog=backlog,
        start_latency_p95_seconds=p95,
        measured_at=NOW,
    )


def state(name: str, condition: Condition, *reasons: str) -> RegionState:
    return RegionState(region=name, condition=condition, since=0.0, at=1.0, reasons=reasons)


class FixedPolicy:
    """A policy that allows the named regions and denies the others in a sentence; None answers nothing usable."""

    digest = "sha256:" + "0" * 64

    def __init__(self, *allowed: str, silent_on: frozenset[str] = frozenset(), answers: bool = True) -> None:
        self._allowed = allowed
        self._silent_on = silent_on
        self._answers = answers

    def evaluate(self, entrypoint: str, document: Mapping[str, JsonValue]) -> PolicyAnswer:
        if not self._answers:
            return PolicyAnswer(entrypoint=entrypoint, problem="it is undefined for this input", digest=self.digest)
        regions = document["regions"]
        assert isinstance(regions, list)
        denied = [one for one in regions if one not in self._allowed and one not in self._silent_on]
        value: JsonValue = {
            "allowed": list(self._allowed),
            "denials": [{"region": one, "rule": "r", "message": f"{one} is denied by the rule r"} for one in denied],
            "residency": "by the rule r",
        }
        return PolicyAnswer(entrypoint=entrypoint, value=value, digest=self.digest)


_NAMES = ["a", "b", "c", "d"]


@st.composite
def situations(draw: st.DrawFn) -> tuple[PlacementRequest, FixedPolicy]:
    """Up to four regions, each healthy or not, measured or not, allowed, denied or passed over, excluded or not."""
    names = draw(st.lists(st.sampled_from(_NAMES), unique=True))
    prices = st.decimals(min_value=0, max_value=100, places=3)
    regions = tuple(
        region(name, price=str(draw(prices)), carbon=draw(st.floats(0, 1_000)), slots=draw(st.integers(1, 64)))
        for name in names
    )
    healths = tuple(
        health(
            name,
            healthy=draw(st.booleans()),
            backlog=draw(st.integers(0, 500)),
            p95=draw(st.none() | st.floats(0, 1e6)),
        )
        for name in names
        if draw(st.integers(0, 5))
    )
    request = PlacementRequest(
        pull_request=pull_request(),
        regions=tuple(draw(st.permutations(regions))),
        healths=healths,
        states=tuple(
            state(name, draw(st.sampled_from(Condition)), "frontend: refused") for name in names if draw(st.booleans())
        ),
        prices=Prices(carbon_usd_per_tonne=draw(prices), waiting_usd_per_hour=draw(prices)),
        expected_seconds=draw(st.floats(0, 1e9)),
        task_seconds=draw(st.floats(0, 1e6)),
        exclude=draw(st.dictionaries(st.sampled_from(_NAMES), st.just("its workers died"), max_size=2)),
        now=NOW,
    )
    allowed = draw(st.lists(st.sampled_from(_NAMES), unique=True))
    silent = frozenset(draw(st.lists(st.sampled_from(_NAMES), max_size=1)))
    return request, FixedPolicy(*allowed, silent_on=silent, answers=bool(draw(st.integers(0, 9))))
