"""One repository's selection as it learns: told each build after it ran, asked before the next one.

Everything that it answers rests on builds that it was told; that is what makes a walk forward honest.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maestro.impact.history.builds import ERROR, FAIL, Build
from maestro.impact.risk.logistic import Gaussian, Posterior, fit
from maestro.impact.risk.portfolio import Portfolio
from maestro.impact.risk.ranking import Failures, Flags, Floats, Ranking, Way, rankings
from maestro.impact.risk.track import FEATURE_NAMES, Track

FITTED_BUILDS: Final = 400
"""Builds that the weights are fitted on, the newest."""

KEPT_PASSES: Final = 40
"""Passing tests kept of a build, drawn by a fixed seed; each stands for all that it was drawn from."""

KEPT_FAILURES: Final = 30
BURST: Final = 3.0
"""Failures of one build count together as at most so many: they have a cause in common, and are no independent rows."""

REFIT_EVERY: Final = 15
"""Builds between two fits."""


@dataclass(frozen=True, eq=False)
class Proposal:
    """What is known before a build runs: each test's probability, and every way to rank. ``p`` goes with ``tests``."""

    tests: NDArray[np.int32]
    p: Floats
    spread: Floats
    ranked: Mapping[Way, Ranking]
    features: Floats
    failed_last: Flags


class Learner:
    """Tracks the tests, refits the weights and keeps the portfolio for ``taus``. ``weights`` fixes the weights instead.

    Raises BadInput where prior or weights are of other features than this release computes.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        failures: Failures,
        prior: Gaussian,
        test_files: Mapping[str, str] | None = None,
        weights: Gaussian | None = None,
        taus: Sequence[float] = (),
    ) -> None:
        for given in (prior, weights or prior):
            given.check(FEATURE_NAMES)
        self.portfolio = Portfolio(taus)
        self.weights = weights or prior
        self.failures: Final = failures
        self._prior, self._fixed = prior, weights is not None
        self._track = Track(names, test_files)
        self._rows: deque[tuple[Floats, Floats, Floats]] = deque(maxlen=FITTED_BUILDS)
        self._posterior = Posterior(self.weights)
        self._random = np.random.default_rng(0)
        self._builds = self._red = self._unfitted = 0

    @property
    def red_rate(self) -> float:
        """The share of the builds so far that had a failure that counts."""
        return self._red / self._builds if self._builds else 0.0

    def propose(self, tests: NDArray[np.int32], files: Sequence[str] = ()) -> Proposal:
        """Rank ``tests`` for a build that changes ``files``; nothing of the build itself is known."""
        view = self._track.view(tests, files)
        p, spread = self._posterior.predict(view.features)
        if self.failures is Failures.NEW:
            # What is red already cannot be broken by this build; whether it is mended is another question.
            p = np.where(view.failed_last, 0.0, p)
        recent = np.where(view.failed_last, 0.0, view.recent) if self.failures is Failures.NEW else view.recent
        ranked = rankings(model=p, recent=recent, seconds=view.seconds, must=view.new)
        return Proposal(tests, p, spread, ranked, view.features, view.failed_last)

    def failing(self, build: Build) -> Flags:
        """Which tests of ``build`` count as failing."""
        red: Flags = (build.verdicts == FAIL) | (build.verdicts == ERROR)
        if build.flaky.size:
            red &= ~np.isin(build.tests, build.flaky)
        if self.failures is Failures.NEW:
            red &= ~self._track.failing(build.tests)
        return red

    def learn(self, build: Build, proposal: Proposal) -> None:
        """Take in a build that ran whole, and what had been proposed for it."""
        failing = self.failing(build)
        self.portfolio.learn(proposal.ranked, seconds=seconds_of(build), failing=failing)
        self._keep(proposal, failing)
        self._track.learn(build)
        self._builds += 1
        self._red += bool(failing.any())
        self._unfitted += 1
        if self._unfitted >= REFIT_EVERY and not self._fixed:
            self.refit()

    def refit(self) -> None:
        """Fit the weights on the remembered builds now."""
        if self._rows:
            features, happened, weights = (np.concatenate(column) for column in zip(*self._rows, strict=True))
            self.weights = fit(features, happened, weights=weights, prior=self._prior, start=self.weights)
            self._posterior = Posterior(self.weights)
        self._unfitted = 0

    def _keep(self, proposal: Proposal, failing: Flags) -> None:
        candidates = ~proposal.failed_last if self.failures is Failures.NEW else np.ones(failing.size, bool)
        failed, passed = np.flatnonzero(failing & candidates), np.flatnonzero(~failing & candidates)
        kept_failed, kept_passed = self._drawn(failed, KEPT_FAILURES), self._drawn(passed, KEPT_PASSES)
        kept = np.concatenate((kept_failed, kept_passed))
        weights = np.concatenate(
            (
                np.full(kept_failed.size, min(1.0, BURST / max(1, kept_failed.size))),
                np.full(kept_passed.size, passed.size / max(1, kept_passed.size)),
            )
        )
        self._rows.append((proposal.features[kept], failing[kept].astype(np.float64), weights))

    def _drawn(self, places: NDArray[np.intp], most: int) -> NDArray[np.intp]:
        return places if places.size <= most else np.sort(self._random.choice(places, most, replace=False))


def seconds_of(build: Build) -> Floats:
    """What the tests of a build took; a build that nobody measured counts each test as one."""
    seconds = build.seconds.astype(np.float64)
    return seconds if seconds.any() else np.ones(seconds.size)
