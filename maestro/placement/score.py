"""What running somewhere costs, in dollars: compute + carbon + waiting, each with its arithmetic in words."""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import NamedTuple

from maestro.config.topology import Prices
from maestro.model.region import CostTerm, Region, RegionHealth
from maestro.words import count, dollars, duration, grams

_HOUR = Decimal(3_600)
_GRAMS_PER_TONNE = Decimal(1_000_000)

_CENT_FRACTION = Decimal("1e-9")
"""Rounding of every amount: a second of a small worker emits carbon worth some 1e-8 dollars."""

_WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)
"""Precision enough that no price and duration that a float can hold in practice overflows the rounding."""


class Score(NamedTuple):
    """A region's cost: the terms, their sum in dollars, the emission in grams of CO2 equivalent."""

    terms: tuple[CostTerm, ...]
    total_usd: Decimal
    carbon_g: float


def score(
    region: Region, health: RegionHealth | None, *, prices: Prices, expected_seconds: float, task_seconds: float
) -> Score:
    """The cost of ``expected_seconds`` of one slot. ``task_seconds`` is how long a queued task takes, on average."""
    carbon_g = region.power_kw * expected_seconds / 3_600 * region.carbon_g_per_kwh
    terms = (
        _compute(region, expected_seconds),
        _carbon(region, expected_seconds, carbon_g, prices),
        _waiting(region, health, prices, task_seconds),
    )
    return Score(terms, sum((term.amount_usd for term in terms), Decimal(0)), carbon_g)


def compute_usd(region: Region, seconds: float) -> Decimal:
    """The price of ``seconds`` of one slot of the region."""
    return _rounded(_WIDE.multiply(region.price_usd_per_hour, _exact(seconds)) / _HOUR)


def waiting_usd(seconds: float, prices: Prices) -> Decimal:
    """What ``seconds`` of waiting cost."""
    return _rounded(_WIDE.multiply(prices.waiting_usd_per_hour, _exact(seconds)) / _HOUR)


def expected_wait_seconds(region: Region, health: RegionHealth | None, *, task_seconds: float) -> tuple[float, str]:
    """How long a task waits for a slot, and how that is known: the worse of recent starts and of the queue ahead."""
    if health is None:
        return 0.0, "nothing was measured"
    slots = region.slots * max(1, health.workers)
    queue = health.backlog * task_seconds / slots
    recent = health.start_latency_p95_seconds
    if recent is not None and recent >= queue:
        return recent, "p95 of recent starts"
    if not health.backlog:
        return 0.0, "nothing waits"
    return queue, f"{count(health.backlog, 'task')} of {duration(task_seconds)} ahead, {count(slots, 'slot')}"


def _compute(region: Region, expected_seconds: float) -> CostTerm:
    how = f"{duration(expected_seconds)} at {dollars(region.price_usd_per_hour)}/h"
    return CostTerm(name="compute", amount_usd=compute_usd(region, expected_seconds), how=how)


def _carbon(region: Region, expected_seconds: float, carbon_g: float, prices: Prices) -> CostTerm:
    amount = _rounded(_WIDE.multiply(_exact(carbon_g), prices.carbon_usd_per_tonne) / _GRAMS_PER_TONNE)
    energy = region.power_kw * expected_seconds / 3_600
    how = (
        f"{energy:.3g} kWh x {region.carbon_g_per_kwh:g} g/kWh = {grams(carbon_g)} CO2e, "
        f"at {dollars(prices.carbon_usd_per_tonne)}/t"
    )
    return CostTerm(name="carbon", amount_usd=amount, how=how)


def _waiting(region: Region, health: RegionHealth | None, prices: Prices, task_seconds: float) -> CostTerm:
    wait, known_by = expected_wait_seconds(region, health, task_seconds=task_seconds)
    how = f"{duration(wait)} expected ({known_by}) at {dollars(prices.waiting_usd_per_hour)}/h"
    return CostTerm(name="waiting", amount_usd=waiting_usd(wait, prices), how=how)


def _exact(number: float) -> Decimal:
    """The number as it is written, not its binary neighbour."""
    return Decimal(repr(float(number)))


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT_FRACTION, context=_WIDE)
