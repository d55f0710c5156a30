"""What the night runs to learn something, within its budget."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from maestro.impact.exploration import explore

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
TESTS = [f"t{number}" for number in range(8)]


def picked(
    *,
    days: dict[str, float],
    uncertainty: dict[str, float] | None = None,
    seconds: dict[str, float] | None = None,
    budget: float = 100.0,
    now: datetime = NOW,
) -> list[tuple[str, str]]:
    picks = explore(
        TESTS,
        last_run={test: now - timedelta(days=ago) for test, ago in days.items()},
        uncertainty=uncertainty,
        seconds=dict.fromkeys(TESTS, 1.0) | (seconds or {}),
        budget_seconds=budget,
        now=now,
    )
    return [(pick.test, pick.reason) for pick in picks]


def test_what_has_never_run_comes_before_what_ran_long_ago() -> None:
    days = dict.fromkeys(TESTS, 0.1) | {"t3": 60.0}
    del days["t5"]
    assert picked(days=days) == [("t5", "it has never run"), ("t3", "it has not run for 60 days")]


def test_a_test_that_ran_today_is_worth_a_run_only_where_its_verdict_is_unsure() -> None:
    assert picked(days=dict.fromkeys(TESTS, 0.1), uncertainty={"t2": 0.4}) == [
        ("t2", "its probability to fail is known to 0.40 only")
    ]


def test_what_costs_less_is_learnt_first() -> None:
    days = dict.fromkeys(TESTS, 0.1) | {"t1": 20.0, "t2": 20.0}
    assert [test for test, _ in picked(days=days, seconds={"t1": 5.0})] == ["t2", "t1"]


def test_equal_tests_take_turns_by_the_date() -> None:
    orders = {
        tuple(test for test, _ in picked(days={}, budget=3.0, now=NOW + timedelta(days=night))) for night in range(20)
    }
    assert len({test for order in orders for test in order}) == len(TESTS)


@given(
    st.dictionaries(st.sampled_from(TESTS), st.floats(0, 400)),
    st.dictionaries(st.sampled_from(TESTS), st.floats(0, 0.5)),
    st.dictionaries(st.sampled_from(TESTS), st.floats(0, 50)),
    st.floats(0, 100),
)
def test_the_budget_is_kept_and_the_same_night_gives_the_same_picks(
    days: dict[str, float], uncertainty: dict[str, float], seconds: dict[str, float], budget: float
) -> None:
    found = picked(days=days, uncertainty=uncertainty, seconds=seconds, budget=budget)
    assert found == picked(days=days, uncertainty=uncertainty, seconds=seconds, budget=budget)
    assert sum(seconds.get(test, 1.0) for test, _ in found) <= budget
    assert len({test for test, _ in found}) == len(found)
