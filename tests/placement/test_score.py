"""The score's arithmetic, checked by hand, and in words."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from maestro.config.topology import Prices
from maestro.placement.score import expected_wait_seconds, score
from tests.placement.situations import health, region

PRICES = Prices(carbon_usd_per_tonne=Decimal(100), waiting_usd_per_hour=Decimal(36))


def test_each_term_is_the_product_that_its_words_say() -> None:
    # 30 min at $0.10/h; 0.02 kW x 0.5 h x 100 g/kWh = 1 g at $100/t; 10 s at $36/h.
    result = score(region("a"), health("a", p95=10), prices=PRICES, expected_seconds=1_800, task_seconds=60)
    compute, carbon, waiting = result.terms
    assert (compute.amount_usd, carbon.amount_usd, waiting.amount_usd) == (
        Decimal("0.05"),
        Decimal("0.0001"),
        Decimal("0.1"),
    )
    assert result.total_usd == Decimal("0.1501")
    assert result.carbon_g == 1.0
    assert compute.how == "30 min at $0.10/h"
    assert carbon.how == "0.01 kWh x 100 g/kWh = 1 g CO2e, at $100.00/t"
    assert waiting.how == "10 s expected (p95 of recent starts) at $36.00/h"


def test_the_wait_is_the_worse_of_recent_starts_and_the_queue_ahead() -> None:
    place = region("a", slots=2)
    assert expected_wait_seconds(place, health("a", backlog=4, p95=1.0), task_seconds=60) == (
        120.0,
        "4 tasks of 1 min ahead, 2 slots",
    )
    assert expected_wait_seconds(place, health("a", backlog=4, p95=500.0), task_seconds=60)[0] == 500.0
    assert expected_wait_seconds(place, health("a"), task_seconds=60) == (0.0, "nothing waits")


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_longer_never_costs_less(one: float, other: float) -> None:
    short, long = sorted((one, other))
    costs = [
        score(region("a"), health("a"), prices=PRICES, expected_seconds=seconds, task_seconds=60).total_usd
        for seconds in (short, long)
    ]
    assert Decimal(0) <= costs[0] <= costs[1]
