"""The change model on evidence written by hand: what it runs, and when it does not dare to leave anything out."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from maestro.errors import BadInput
from maestro.impact.knowledge.evidence import Evidence
from maestro.impact.knowledge.features import COLUMN, FEATURES
from maestro.impact.risk.change import INPUTS, inputs_of, select_change, shipped_change_model
from maestro.model.tests import ReasonKind

TESTS = 200
MODEL = shipped_change_model()
LINE: Mapping[str, float] = {
    "line_executed": 1,
    "line_share": 1,
    "line_rarity": 5,
    "symbol_entered": 1,
    "symbol_share": 1,
    "symbol_rarity": 5,
    "file_executed": 1,
    "file_rarity": 3,
}
"""What the evidence says of the only test that executed the changed statement."""


def evidence_of(
    said: Mapping[int, Mapping[str, float]],
    *,
    seconds: NDArray[np.float32] | None = None,
    forced: tuple[int, ...] = (),
    unjudged: tuple[str, ...] = (),
) -> Evidence:
    features = np.zeros((TESTS, len(FEATURES)), np.float32)
    for test, columns in said.items():
        for name, value in columns.items():
            features[test, COLUMN[name]] = value
    names = tuple(f"tests/test_{number}.py::test_it" for number in range(TESTS))
    return Evidence(
        tests=names,
        seconds=np.ones(TESTS, np.float32) if seconds is None else seconds,
        features=features,
        forced={names[test]: (ReasonKind.NEW, "it is new") for test in forced},
        unjudged=unjudged,
        notes=(),
        edits=(),
        causes=np.full(TESTS, -1, np.int32),
        statements=1,
        executed=np.zeros(TESTS, np.float32),
        recorded=True,
    )


def test_the_only_test_that_executed_the_change_runs_and_most_others_do_not() -> None:
    chosen = select_change(evidence_of({17: LINE}), tau=0.02, model=MODEL)
    assert chosen.run[17]
    assert chosen.certified
    assert chosen.run.mean() < 0.5
    assert chosen.p[17] == chosen.p.max()


def test_the_only_test_that_executed_the_change_runs_although_it_takes_long() -> None:
    seconds = np.full(TESTS, 0.01, np.float32)
    seconds[17] = 1.0
    assert select_change(evidence_of({17: LINE}, seconds=seconds), tau=0.05, model=MODEL).run[17]


def test_forced_tests_run_whatever_the_model_says() -> None:
    chosen = select_change(evidence_of({17: LINE}, forced=(3, 199)), tau=0.10, model=MODEL)
    assert chosen.run[[3, 199]].all()


def test_what_nobody_can_judge_runs_everything_and_says_why() -> None:
    chosen = select_change(
        evidence_of({17: LINE}, unjudged=("poetry.lock decides what is installed",)), tau=0.1, model=MODEL
    )
    assert chosen.run.all()
    assert chosen.everything == "poetry.lock decides what is installed"


def test_a_tau_that_the_cases_cannot_show_runs_everything_and_certifies_nothing() -> None:
    chosen = select_change(evidence_of({17: LINE}), tau=1e-4, model=MODEL)
    assert chosen.run.all()
    assert not chosen.certified
    assert str(MODEL.cases) in chosen.everything


def test_a_test_of_which_less_is_known_is_never_less_likely_for_it() -> None:
    known = select_change(evidence_of({17: LINE}), tau=0.05, model=MODEL).p[17]
    for unknown in ("spawned", "unrecorded", "doubt"):
        said = {**LINE, unknown: 1.0}
        assert select_change(evidence_of({17: said}), tau=0.05, model=MODEL).p[17] > known, unknown


def test_the_shipped_model_leaves_at_least_as_many_public_faults_alone_as_it_says() -> None:
    for cut in MODEL.cuts:
        assert cut.limit is None or (cut.deeper + 1) / (MODEL.cases + 1) <= cut.tau + 1e-12


def test_a_model_of_other_inputs_is_refused() -> None:
    with pytest.raises(BadInput, match="other features"):
        MODEL.weights.model_copy(update={"features": (*INPUTS[:-1], "mood")}).check(INPUTS)


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 0.3), st.floats(0.01, 0.3))
def test_a_smaller_tau_never_runs_less(seed: int, one: float, other: float) -> None:
    random = np.random.default_rng(seed)
    said = {
        int(test): {name: float(random.random() < 0.5) for name in ("line_executed", "names_symbol", "use_executed")}
        for test in random.choice(TESTS, 20, replace=False)
    }
    evidence = evidence_of(said, seconds=random.gamma(1.0, 1.0, TESTS).astype(np.float32))
    less, more = (select_change(evidence, tau=tau, model=MODEL).run for tau in sorted((one, other)))
    assert (less >= more).all()


def test_every_input_has_its_column_and_is_finite() -> None:
    inputs = inputs_of(evidence_of({17: LINE}).features)
    assert inputs.shape == (TESTS, len(INPUTS))
    assert np.isfinite(inputs).all()


def test_a_change_of_a_project_without_tests_is_no_error() -> None:
    empty = evidence_of({})
    chosen = select_change(
        Evidence(
            tests=(), seconds=empty.seconds[:0], features=empty.features[:0], forced={}, unjudged=(), notes=(),
            edits=(), causes=empty.causes[:0], statements=0, executed=empty.executed[:0],
        ),
        tau=0.05,
        model=MODEL,
    )  # fmt: skip
    assert chosen.run.size == 0
