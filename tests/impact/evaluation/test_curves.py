"""What a fixed ranking would have saved: with hindsight, and with the limit set as an honest user would."""

import numpy as np
import pytest

from maestro.impact.evaluation.curves import Curves
from maestro.impact.risk.ranking import Ranking

TESTS = 100


def curves_of(*first_failing: int | None) -> Curves:
    """Builds of a hundred tests of a second each, ranked by their number; the test at this place fails."""
    curves = Curves()
    for place in first_failing:
        failing = np.zeros(TESTS, np.bool_)
        if place is not None:
            failing[place] = True
        ranking = Ranking(np.arange(TESTS), np.arange(1, TESTS + 1) / TESTS)
        curves.add(ranking, seconds=np.ones(TESTS), failing=failing)
    return curves


def test_with_hindsight_the_limit_is_just_deep_enough() -> None:
    curves = curves_of(*range(9), 79, None)
    assert curves.saved_catching(0.9) == pytest.approx(0.91, abs=0.01)
    assert curves.saved_catching(1.0) == pytest.approx(0.20, abs=0.01)


def test_without_red_builds_hindsight_has_nothing_to_say() -> None:
    assert curves_of(None, None).saved_catching(0.9) is None


def test_under_control_everything_runs_until_enough_red_builds_are_known() -> None:
    escapes, saved = curves_of(*[4] * 9).controlled(0.1, window=400)
    assert escapes == 0
    assert saved == pytest.approx(0.0, abs=0.01)
    escapes, saved = curves_of(*[4] * 18).controlled(0.1, window=400)
    assert escapes == 0
    assert saved == pytest.approx(0.95 / 2, abs=0.01)


def test_under_control_a_surprise_escapes_and_is_learned_from() -> None:
    escapes, _ = curves_of(*[4] * 9, 80, 80).controlled(0.1, window=400)
    assert escapes == 1


def test_a_build_without_tests_costs_nothing() -> None:
    curves = Curves()
    curves.add(Ranking(np.empty(0, np.intp), np.empty(0)), seconds=np.empty(0), failing=np.empty(0, np.bool_))
    assert curves.saved(0.5) == 0.0
