"""How probable it is that a test is flaky, by what it did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.impact.risk.flaky import PRIOR, Behaviour, Seen, behaviour_of, flakiness_of

counts = st.integers(0, 400).flatmap(lambda times: st.tuples(st.integers(0, times), st.just(times)))
behaviours = st.builds(Behaviour, reruns=counts, unexplained=counts, onsets=counts)


def runs(*told: tuple[str, bool] | tuple[str, bool, bool]) -> list[Seen]:
    return [Seen(*each) for each in told]


def test_of_a_test_that_nobody_saw_only_the_prior_is_known() -> None:
    found = flakiness_of(behaviour_of([]))
    assert found.probability == pytest.approx(PRIOR)
    assert found.evidence == ()


def test_a_test_that_flips_twice_at_its_revisions_is_flaky_almost_surely() -> None:
    found = flakiness_of(behaviour_of(runs(("a", True), ("a", False), ("b", True), ("b", False))))
    assert found.probability > 0.95
    assert found.evidence[0] == "passed 2 of 2 times when it ran again at the revision at which it had failed"


def test_a_test_that_fails_every_time_it_runs_again_is_broken_and_not_flaky() -> None:
    assert flakiness_of(behaviour_of(runs(*[("a", True)] * 6))).probability < PRIOR


def test_one_flip_alone_could_be_the_machine() -> None:
    assert flakiness_of(Behaviour(reruns=(1, 1))).probability < 0.9


def test_a_recovery_with_a_change_of_its_files_is_no_evidence() -> None:
    assert behaviour_of(runs(("a", True), ("b", False, True))).unexplained == (0, 0)


def test_a_recovery_of_which_nobody_knows_the_files_is_no_evidence() -> None:
    assert behaviour_of(runs(("a", True), ("b", False))).unexplained == (0, 0)


def test_recoveries_without_a_change_of_its_files_add_up() -> None:
    seen = runs(*[(f"{number}", number % 2 == 0, False) for number in range(10)])
    found = flakiness_of(behaviour_of(seen))
    assert found.probability > 0.9
    assert "though no file that it depends on had changed" in found.evidence[0]


@given(behaviours)
def test_it_is_a_probability_for_all_counts(behaviour: Behaviour) -> None:
    assert 0 <= flakiness_of(behaviour).probability <= 1


@given(st.integers(0, 100), st.integers(0, 100))
def test_one_more_flip_never_makes_a_test_look_sounder(flips: int, more: int) -> None:
    fewer = flakiness_of(Behaviour(reruns=(flips, flips + more)))
    again = flakiness_of(Behaviour(reruns=(flips + 1, flips + more + 1)))
    assert again.probability >= fewer.probability


@given(st.integers(0, 100), st.integers(0, 100))
def test_one_more_failure_when_run_again_never_makes_it_look_flakier(flips: int, more: int) -> None:
    fewer = flakiness_of(Behaviour(reruns=(flips, flips + more)))
    assert flakiness_of(Behaviour(reruns=(flips, flips + more + 1))).probability <= fewer.probability
