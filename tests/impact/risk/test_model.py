"""The fitted model of a repository: what it carries from its learner, and what it refuses to be."""

import numpy as np
import pytest

from maestro.errors import BadInput
from maestro.impact.calibration.calibrate import TAUS
from maestro.impact.calibration.method import METHOD
from maestro.impact.risk.logistic import Gaussian
from maestro.impact.risk.model import SelectionModel
from maestro.impact.risk.portfolio import Portfolio
from maestro.impact.risk.prior import prior_for, weak_prior
from maestro.impact.risk.ranking import Failures
from tests.impact.risk.histories import exchangeable, history_of, shifting


@pytest.fixture(scope="module")
def fitted() -> SelectionModel:
    return METHOD.fit(exchangeable(1, builds=90, tests=12))


def test_a_model_survives_being_written_and_read(fitted: SelectionModel) -> None:
    assert SelectionModel.model_validate(fitted.model_dump(mode="json")) == fitted
    assert SelectionModel.model_validate_json(fitted.model_dump_json()) == fitted


def test_what_the_past_cannot_certify_has_no_limit(fitted: SelectionModel) -> None:
    limits = {cut.tau: cut.limit for cut in fitted.cuts}
    assert list(limits) == list(TAUS)
    assert limits[0.01] is None
    assert limits[0.1] is not None


def test_a_tau_between_two_cuts_is_served_by_the_stricter_one(fitted: SelectionModel) -> None:
    between, below = fitted.cut(0.07), fitted.cut(0.001)
    assert between is not None
    assert between.tau == 0.05
    assert below is None


def test_a_model_of_other_features_is_refused(fitted: SelectionModel) -> None:
    plain = fitted.model_dump(mode="json")
    plain["weights"]["features"][3] = "moon phase"
    with pytest.raises(BadInput) as refused:
        SelectionModel.model_validate(plain)
    assert refused.value.field == "features"


def test_a_history_without_red_builds_promises_nothing_and_runs_everything() -> None:
    model = METHOD.fit(history_of([()] * 30, tests=5))
    assert [cut.limit for cut in model.cuts] == [None] * len(TAUS)
    assert model.red_rate == 0


def test_drift_at_the_end_of_a_history_is_in_the_model_that_it_gives() -> None:
    model = METHOD.fit(shifting(3, builds=330, tests=40, shift_at=300))
    withdrawn = {cut.tau: cut.withdrawn for cut in model.cuts if cut.withdrawn}
    assert withdrawn
    assert all("red builds would have escaped" in said for said in withdrawn.values())


@pytest.mark.parametrize("failures", Failures)
def test_the_shipped_priors_are_of_the_features_that_are_computed(failures: Failures) -> None:
    prior = prior_for(failures)
    prior.check(weak_prior().features)
    assert np.all(np.diag(np.array(prior.covariance)) > 0)
    assert isinstance(prior, Gaussian)


def test_a_model_watches_each_tau_once() -> None:
    assert Portfolio((0.1, 0.01, 0.1)).taus == (0.01, 0.1)
