"""The fitted model of one repository: its weights, and for each τ the way to rank and the depth to go to."""

from typing import Self

from pydantic import Field, model_validator

from maestro.impact.risk.learner import Learner
from maestro.impact.risk.logistic import Gaussian
from maestro.impact.risk.ranking import Depth, Failures, Scorer, Way
from maestro.impact.risk.track import FEATURE_NAMES
from maestro.model.base import Config


class Cut(Config):
    """How far to go for one τ. ``limit`` is None where everything runs: ``red_builds`` are too few, or ``withdrawn``
    says what broke the promise. ``deeper`` of the red builds would have escaped.
    """

    tau: float = Field(gt=0, lt=1)
    scorer: Scorer
    depth: Depth
    limit: float | None
    red_builds: int = Field(ge=0)
    deeper: int = Field(default=0, ge=0)
    withdrawn: str = ""

    @property
    def way(self) -> Way:
        return Way(self.scorer, self.depth)


class SelectionModel(Config):
    """What ``maestro tests calibrate`` fits. ``red_rate`` is the share of red builds among those that it saw.

    Raises BadInput where the weights are of other features than this release computes.
    """

    failures: Failures
    weights: Gaussian
    cuts: tuple[Cut, ...]
    red_rate: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _readable(self) -> Self:
        self.weights.check(FEATURE_NAMES)
        return self

    @classmethod
    def of(cls, learner: Learner) -> Self:
        """What ``learner`` knows now, with a cut for each τ that it watches."""
        return cls(
            failures=learner.failures,
            weights=learner.weights,
            cuts=tuple(_cut(learner, tau) for tau in learner.portfolio.taus),
            red_rate=learner.red_rate,
        )

    def cut(self, tau: float) -> Cut | None:
        """The cut of the greatest τ that is not above ``tau``; None where even the smallest one is, so everything
        runs.
        """
        within = [cut for cut in self.cuts if cut.tau <= tau]
        return max(within, key=lambda cut: cut.tau) if within else None


def _cut(learner: Learner, tau: float) -> Cut:
    choice = learner.portfolio.choose(tau)
    return Cut(
        tau=tau,
        scorer=choice.way.scorer,
        depth=choice.way.depth,
        limit=choice.threshold if choice.certified else None,
        red_builds=choice.red_builds,
        deeper=choice.deeper,
        withdrawn=choice.withdrawn,
    )
