"""Where a repository without a past starts: weights fitted on public histories, shipped with their data card."""

import json
from functools import cache
from importlib.resources import files

import numpy as np

from maestro.impact.risk.logistic import Gaussian
from maestro.impact.risk.ranking import Failures
from maestro.impact.risk.track import FEATURE_NAMES


def weak_prior() -> Gaussian:
    """Every weight near 0, the intercept free: what public histories themselves are fitted with."""
    variance = np.full(len(FEATURE_NAMES), 0.3)
    variance[0] = 100.0
    return Gaussian.of(FEATURE_NAMES, np.zeros(len(FEATURE_NAMES)), np.diag(variance))


def prior_for(failures: Failures) -> Gaussian:
    """The shipped prior for new failures; for all failures, where repositories have little in common, a weak one."""
    return _shipped() if failures is Failures.NEW else weak_prior()


@cache
def _shipped() -> Gaussian:
    """The prior of this release; ``history-prior.json`` beside this file says what it was fitted on."""
    text = files("maestro.impact.risk").joinpath("history-prior.json").read_text(encoding="utf-8")
    prior = Gaussian.model_validate(json.loads(text)["prior"])
    prior.check(FEATURE_NAMES)
    return prior
