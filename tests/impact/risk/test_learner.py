"""A learner is asked before each build and told after it: nothing of a build may show in what was said of it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.errors import BadInput
from maestro.impact.history.builds import ERROR, FAIL, PASS, SKIP, History
from maestro.impact.risk.learner import Learner, Proposal
from maestro.impact.risk.logistic import Gaussian
from maestro.impact.risk.prior import prior_for, weak_prior
from maestro.impact.risk.ranking import Failures
from maestro.impact.risk.track import FEATURES
from tests.impact.risk.histories import build_of, exchangeable, history_of

COLUMN = {name: place for place, (name, _) in enumerate(FEATURES)}


def learner_of(history: History, *, failures: Failures = Failures.NEW, prior: Gaussian | None = None) -> Learner:
    return Learner(history.names, failures=failures, prior=prior or prior_for(failures), taus=(0.1,))


def proposals(history: History, *, failures: Failures = Failures.NEW) -> list[Proposal]:
    learner = learner_of(history, failures=failures)
    found = []
    for build in history.builds:
        found.append(learner.propose(build.tests, build.files))
        learner.learn(build, found[-1])
    return found


def same(one: Proposal, other: Proposal) -> bool:
    return (
        np.array_equal(one.p, other.p)
        and np.array_equal(one.features, other.features)
        and all(np.array_equal(one.ranked[way].depth, other.ranked[way].depth) for way in one.ranked)
        and all(np.array_equal(one.ranked[way].order, other.ranked[way].order) for way in one.ranked)
    )


HISTORY = exchangeable(4, builds=70, tests=8)
TOLD = {failures: proposals(HISTORY, failures=failures) for failures in Failures}


@settings(max_examples=15)
@given(st.integers(0, 69), st.sampled_from(Failures), st.lists(st.sampled_from((PASS, FAIL, ERROR, SKIP)), min_size=8))
def test_what_a_build_did_changes_nothing_that_was_said_of_it_or_before(
    at: int, failures: Failures, verdicts: list[int]
) -> None:
    changed = replace(
        HISTORY.builds[at],
        verdicts=np.array(verdicts[:8], np.uint8),
        seconds=np.arange(8, 0, -1).astype(np.float32),
        flaky=np.array([2], np.int32),
    )
    builds = (*HISTORY.builds[:at], changed, *HISTORY.builds[at + 1 :])
    otherwise = proposals(replace(HISTORY, builds=builds), failures=failures)
    assert all(map(same, TOLD[failures][: at + 1], otherwise[: at + 1]))


def test_the_same_history_is_always_answered_the_same() -> None:
    assert all(map(same, TOLD[Failures.NEW], proposals(HISTORY)))


def test_a_failure_is_remembered_in_the_next_build() -> None:
    history = history_of([(), (), (5,), ()], tests=8)
    before, after = (one.features[5] for one in proposals(history, failures=Failures.ALL)[2:])
    assert (before[COLUMN["failed last"]], after[COLUMN["failed last"]]) == (0, 1)
    assert after[COLUMN["rate"]] > before[COLUMN["rate"]]
    assert after[COLUMN["since failure"]] > before[COLUMN["since failure"]]


def test_a_test_that_never_ran_always_runs() -> None:
    history = history_of([()] * 5, tests=8)
    whole = history.builds[0]
    first = replace(whole, tests=whole.tests[:7], verdicts=whole.verdicts[:7], seconds=whole.seconds[:7])
    learner = learner_of(history)
    learner.learn(first, learner.propose(first.tests))
    proposal = learner.propose(whole.tests)
    assert all(ranking.running(-1e9).tolist() == [7] for ranking in proposal.ranked.values())


def test_what_was_red_before_is_no_news_and_is_left_to_the_end() -> None:
    history = history_of([(), (3,), ()], tests=8)
    learner = learner_of(history)
    for build in history.builds[:2]:
        learner.learn(build, learner.propose(build.tests))
    still_red = build_of(2, tests=8, failing=(3,))
    assert not learner.failing(still_red).any()
    assert learner.failing(build_of(2, tests=8, failing=(3, 4))).nonzero()[0].tolist() == [4]
    assert learner.propose(still_red.tests).p[3] == 0
    assert learner_of(history, failures=Failures.ALL).failing(still_red).any()


def test_a_flaky_failure_is_neither_counted_nor_remembered() -> None:
    history = history_of([(), (), ()], tests=8)
    learner, quiet = learner_of(history), learner_of(history)
    flaky = replace(build_of(0, tests=8, failing=(3,)), flaky=np.array([3], np.int32))
    assert not learner.failing(flaky).any()
    learner.learn(flaky, learner.propose(flaky.tests))
    green = replace(build_of(0, tests=8), flaky=np.array([3], np.int32))
    quiet.learn(green, quiet.propose(green.tests))
    assert same(learner.propose(flaky.tests), quiet.propose(flaky.tests))
    assert learner.red_rate == 0


def test_tests_that_nobody_timed_count_alike() -> None:
    history = history_of([()] * 3, tests=8)
    builds = tuple(replace(build, seconds=np.zeros(8, np.float32)) for build in history.builds)
    for proposal in proposals(replace(history, builds=builds)):
        assert np.isfinite(proposal.p).all()
        depths = next(iter(proposal.ranked.values())).depth
        assert np.isneginf(depths).all() or depths[-1] == pytest.approx(1.0)


def test_weights_of_other_features_are_refused() -> None:
    prior = weak_prior()
    other = Gaussian.of(prior.features[1:], np.zeros(len(FEATURES) - 1), np.eye(len(FEATURES) - 1))
    with pytest.raises(BadInput) as refused:
        learner_of(HISTORY, prior=other)
    assert refused.value.field == "features"
    assert "calibrate" in refused.value.fix


def test_a_repository_without_a_past_is_predicted_by_the_shipped_prior() -> None:
    learner = learner_of(HISTORY)
    learner.refit()
    assert learner.weights == prior_for(Failures.NEW)
    assert learner.red_rate == 0
