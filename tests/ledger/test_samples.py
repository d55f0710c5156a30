"""Samples: the 95th percentile of a window, and no growth for ever."""

import itertools

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maestro.errors import BadInput
from maestro.ledger import Ledger
from maestro.ledger.samples import KEEP_SECONDS
from maestro.ledger.schema import samples


def test_without_samples_there_is_no_percentile(ledger: Ledger) -> None:
    assert ledger.samples.p95("eu-north", "start_latency", window_seconds=60) is None


def test_regions_and_kinds_are_told_apart(ledger: Ledger) -> None:
    ledger.samples.add("eu-north", "start_latency", 1.0)
    ledger.samples.add("eu-west", "start_latency", 2.0)
    ledger.samples.add("eu-north", "queue", 3.0)
    assert ledger.samples.p95("eu-north", "start_latency", window_seconds=60) == 1.0


def test_samples_outside_the_window_do_not_count(ledger: Ledger) -> None:
    ledger.samples.add("eu-north", "start_latency", 9.0)
    age(ledger, 120)
    ledger.samples.add("eu-north", "start_latency", 1.0)
    assert ledger.samples.p95("eu-north", "start_latency", window_seconds=60) == 1.0
    assert ledger.samples.p95("eu-north", "start_latency", window_seconds=600) == 9.0


def test_samples_older_than_a_day_are_removed(ledger: Ledger) -> None:
    ledger.samples.add("eu-north", "start_latency", 9.0)
    age(ledger, KEEP_SECONDS + 1)
    ledger.samples.add("eu-north", "start_latency", 1.0)
    with ledger._database.read() as connection:
        assert connection.execute(sa.select(samples.c.value)).scalars().all() == [1.0]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_was_not_measured_is_bad_input(ledger: Ledger, value: float) -> None:
    with pytest.raises(BadInput, match="start_latency"):
        ledger.samples.add("eu-north", "start_latency", value)


_numbers = itertools.count()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.integers(0, 10), min_size=1, max_size=45))
def test_for_all_samples_95_percent_do_not_exceed_it_and_no_smaller_one_will_do(
    ledger: Ledger, values: list[int]
) -> None:
    region = f"region-{next(_numbers)}"
    with ledger._database.write() as connection:
        rows = [{"region": region, "kind": "k", "value": float(value), "at": 9e9} for value in values]
        connection.execute(sa.insert(samples), rows)
    found = ledger.samples.p95(region, "k", window_seconds=60)
    assert found is not None
    assert 100 * sum(value <= found for value in values) >= 95 * len(values)
    assert 100 * sum(value < found for value in values) < 95 * len(values)


def age(ledger: Ledger, seconds: float) -> None:
    with ledger._database.write() as connection:
        connection.execute(sa.update(samples).values(at=samples.c.at - seconds))
