"""Walking a history forward: the promise is kept on builds drawn alike, and kept or given up where they change."""

import numpy as np
import pytest

from maestro.impact.calibration.method import METHOD
from maestro.impact.evaluation.metrics import interval
from maestro.impact.evaluation.walk import Walk, rows, walk
from maestro.impact.history.builds import SKIP, Build, History
from maestro.impact.risk.ranking import Failures
from tests.impact.risk.histories import build_of, exchangeable, history_of, shifting

TAUS = (0.05, 0.1, 0.2)


@pytest.fixture(scope="module", params=list(Failures))
def walks(request: pytest.FixtureRequest) -> list[Walk]:
    """Eight small histories; the same on every machine, so what holds for them once holds always."""
    return [walk(exchangeable(seed, builds=110, tests=15), taus=TAUS, failures=request.param) for seed in range(8)]


@pytest.mark.parametrize("column", range(len(TAUS)), ids=[f"tau {tau:g}" for tau in TAUS])
def test_the_realised_rate_of_false_greens_is_what_was_promised(walks: list[Walk], column: int) -> None:
    red = sum(int(found.walked.red.sum()) for found in walks)
    escapes = sum(int(found.walked.escaped[:, column].sum()) for found in walks)
    assert red > 300
    assert interval(escapes, red)[0] <= TAUS[column]


def test_a_looser_promise_saves_more_over_many_histories(walks: list[Walk]) -> None:
    saved = [1 - sum(found.walked.seconds_run[:, column].sum() for found in walks) for column in range(len(TAUS))]
    assert saved[0] < saved[1] < saved[2]


def test_only_a_red_build_can_escape_and_only_what_missed_something_escapes(walks: list[Walk]) -> None:
    for found in walks:
        red = found.walked.red[:, None]
        assert not (found.walked.escaped & ~red).any()
        assert not (found.missed & ~red).any()
        assert not (found.walked.escaped & ~found.missed).any()


def test_what_ran_whole_cost_everything_and_let_nothing_escape(walks: list[Walk]) -> None:
    for found in walks:
        whole = found.everything
        assert whole[:5].all()
        assert not found.walked.escaped[whole].any()
        every = np.broadcast_to(found.walked.seconds[:, None], whole.shape)
        assert np.allclose(found.walked.seconds_run[whole], every[whole])
        assert (found.walked.seconds_run <= every + 1e-6).all()


def test_new_tests_run_in_their_first_build_whatever_was_chosen() -> None:
    """The last build has a test that the others did not have, and which alone fails."""
    early = exchangeable(5, builds=90, tests=10, red_share=0.8)
    late = build_of(90, tests=11, failing=(10,))
    history = History(names=(*early.names, "shop/brand_new"), builds=(*early.builds, late))
    last = list(rows(history, taus=(0.5,)))[-1]
    assert last.run[0][10]
    assert not last.everything[0]


def test_after_a_change_of_pattern_the_newest_builds_keep_the_promise_again() -> None:
    found = walk(shifting(1, builds=300, tests=20, shift_at=150), taus=(0.1, 0.2)).walked
    settled = found.newest(red_builds=60).figures()
    assert [row.broken for row in settled.taus] == [False, False]
    assert found.part(150, 165).escaped.any()


@pytest.mark.parametrize(
    "history",
    [
        pytest.param(history_of([()], tests=3), id="one green build"),
        pytest.param(history_of([(1,)], tests=3), id="one red build"),
        pytest.param(history_of([()] * 40, tests=3), id="all green"),
        pytest.param(history_of([(0, 1, 2)] * 40, tests=3), id="all red"),
        pytest.param(history_of([(0,), ()] * 20, tests=1), id="one test"),
        pytest.param(
            History(names=("t1", "t2"), builds=tuple(build_of(number, tests=0) for number in range(20))),
            id="builds without tests",
        ),
        pytest.param(History(), id="no build at all"),
    ],
)
@pytest.mark.parametrize("failures", Failures)
def test_a_history_that_teaches_nothing_lets_nothing_escape(history: History, failures: Failures) -> None:
    found = walk(history, taus=(0.01, 0.1), failures=failures)
    assert not found.walked.escaped.any()
    figures = found.walked.figures()
    assert figures.builds == len(history.builds)


def test_skipped_tests_neither_fail_nor_teach() -> None:
    skipped = tuple(
        Build(
            id=build.id,
            time=build.time,
            tests=build.tests,
            verdicts=np.full(3, SKIP, np.uint8),
            seconds=np.zeros(3, np.float32),
        )
        for build in history_of([()] * 12, tests=3).builds
    )
    found = list(rows(History(names=("a", "b", "c"), builds=skipped), taus=(0.1,)))
    assert all(row.run[0].all() and not row.failing.any() for row in found)


def test_a_fixed_model_decides_by_its_own_cuts_only() -> None:
    history = exchangeable(2, builds=60, tests=10)
    model = METHOD.fit(history)
    assert walk(history, taus=(0.1,), model=model.model_copy(update={"cuts": ()})).everything.all()
    (cut,) = (cut for cut in model.cuts if cut.tau == 0.1)
    nothing = cut.model_copy(update={"limit": -1e6})
    least = walk(history, taus=(0.1,), model=model.model_copy(update={"cuts": (nothing,)}))
    assert not least.everything.any()
    assert least.walked.seconds_run[0] == least.walked.seconds[0]
    assert not least.walked.seconds_run[1:].any()
