"""The way to predict that this release calibrates: Bayesian logistic regression, cut by conformal control."""

from collections.abc import Sequence

from maestro.impact.calibration.calibrate import TAUS, Method
from maestro.impact.calibration.modelfile import Threshold
from maestro.impact.calibration.walked import Walked
from maestro.impact.evaluation.walk import walk
from maestro.impact.history.builds import History
from maestro.impact.risk.learner import Learner
from maestro.impact.risk.model import SelectionModel
from maestro.impact.risk.prior import prior_for
from maestro.impact.risk.ranking import Failures


class _HistoryMethod:
    """Judged by new failures: what was red before is no news to a pull request."""

    name = "history-1"
    model = SelectionModel

    def fit(self, history: History) -> SelectionModel:
        return fitted(history, failures=Failures.NEW)

    def walk(self, history: History, *, taus: Sequence[float], model: SelectionModel | None = None) -> Walked:
        return walk(history, taus=taus, model=model).walked

    def thresholds(self, model: SelectionModel, *, taus: Sequence[float]) -> tuple[Threshold, ...]:
        cuts = ((tau, model.cut(tau)) for tau in taus)
        return tuple(Threshold(tau=tau, value=cut.limit, withdrawn=cut.withdrawn) for tau, cut in cuts if cut)


def fitted(history: History, *, failures: Failures) -> SelectionModel:
    """The model after all of ``history``."""
    dense = history.dense()
    learner = Learner(dense.names, failures=failures, prior=prior_for(failures), test_files=dense.test_files, taus=TAUS)
    for build in dense.builds:
        learner.learn(build, learner.propose(build.tests, build.files))
    learner.refit()
    return SelectionModel.of(learner)


METHOD: Method[SelectionModel] = _HistoryMethod()
