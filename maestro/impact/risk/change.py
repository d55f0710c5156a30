"""Which tests a change breaks, from what is known of the change: the model that needs no past of the repository.

Its weights and its cuts come from faults of public projects, each project's depths by weights fitted on the others. So
its promise is for faults like those; a repository's own red builds take over as soon as they are enough.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from maestro.impact.knowledge.evidence import Evidence
from maestro.impact.knowledge.features import COLUMN
from maestro.impact.risk.logistic import Gaussian, Posterior
from maestro.impact.risk.ranking import Depth, Flags, Floats, Ranking, ranked_by
from maestro.model.base import Config

RELATIVE: Final = (
    "line_share",
    "line_rarity",
    "symbol_rarity",
    "use_rarity",
    "name_rarity",
    "word_share",
    "id_word_share",
    "path_similarity",
)
"""Columns that are also compared with the greatest value that any test has for the same change."""

NOTHING_SPENT: Final = 2e-4
"""Share of the seconds that is added before logarithms: which of the very first tests fails makes no difference."""

LONE: Final = 2
"""Tests that are few enough to be the only ones for a statement."""

NOTHING_LEFT: Final = 1e-6
"""Expected failures that are added before logarithms."""

DIFFICULTY: Final = (
    "intercept",
    "half",
    "most",
    "no line",
    "no symbol",
    "failures",
    "tests",
    "longest",
)
"""What tells an easy change from a hard one: 1; the logarithms of the shares of the seconds that hold 50 % and 80 % of
the probability; whether no test executed a changed statement, or entered a changed symbol; the logarithms of the
expected failures, of the number of tests, and of the longest test's share.
"""

WITHOUT_LINES: Final = (
    "use_executed",
    "use_rarity",
    "symbol_entered",
    "symbol_rarity",
    "uses_module",
    "module_rarity",
    "id_word_share",
    "word_share",
    "file_executed",
    "import_nearness",
    "file_rarity",
    "import_time",
)
"""Columns that weigh otherwise where no test executed a changed statement: values made at import, defaults, bodies of
classes. There the rarity of the file of what runs at import tells most.
"""

INPUTS: Final = (
    "intercept",
    *COLUMN,
    *(f"{name} of the greatest" for name in RELATIVE),
    *(f"{name} without lines" for name in WITHOUT_LINES),
    "import_time and file_rarity",
    "import_time and file_rarity without lines",
)
"""What the model reads, in order; part of every file of it."""


class ChangeCut(Config):
    """How deep to go for one τ; ``limit`` is None where the cases are too few to certify it. ``deeper`` of the cases
    would have escaped.
    """

    tau: float = Field(gt=0, lt=1)
    limit: float | None
    deeper: int = Field(default=0, ge=0)


class ChangeModel(Config):
    """Weights and cuts with the number of public cases and projects that they rest on. ``difficulty`` goes with
    ``DIFFICULTY``: what a change like this one is expected to need.
    """

    weights: Gaussian
    difficulty: tuple[float, ...]
    cuts: tuple[ChangeCut, ...]
    cases: int = Field(ge=0)
    projects: int = Field(ge=0)

    def cut(self, tau: float) -> ChangeCut | None:
        """The cut of the greatest τ that is not above ``tau``, if that can be certified."""
        within = [cut for cut in self.cuts if cut.tau <= tau and cut.limit is not None]
        return max(within, key=lambda cut: cut.tau) if within else None


@dataclass(frozen=True, eq=False)
class ChangeSelection:
    """``run`` says for each test of the evidence whether it runs, ``p`` its probability to fail, ``depth`` where it
    stands. ``everything`` is the sentence on why all run, empty where not; ``certified`` is whether the cut for τ rests
    on enough cases.
    """

    run: Flags
    p: Floats
    depth: Floats
    everything: str
    certified: bool


@cache
def shipped_change_model() -> ChangeModel:
    """The model of this release; ``change-model.json`` beside this file says what it was fitted on."""
    text = files("maestro.impact.risk").joinpath("change-model.json").read_text(encoding="utf-8")
    model = ChangeModel.model_validate(json.loads(text)["model"])
    model.weights.check(INPUTS)
    return model


def inputs_of(evidence: NDArray[np.float32]) -> Floats:
    """The model's inputs, a row for each row of the features of one change's evidence."""
    features = evidence.astype(np.float64)
    relative = features[:, [COLUMN[name] for name in RELATIVE]]
    greatest = relative.max(axis=0, initial=0.0)
    relative = np.divide(relative, greatest, out=np.zeros_like(relative), where=greatest > 0)
    at_import = features[:, COLUMN["import_time"], None] * features[:, COLUMN["file_rarity"], None]
    without = 0.0 if features[:, COLUMN["line_executed"]].any() else 1.0
    unlined = without * features[:, [COLUMN[name] for name in WITHOUT_LINES]]
    ones = np.ones((features.shape[0], 1))
    return np.hstack((ones, features, relative, unlined, at_import, without * at_import))


@dataclass(frozen=True, eq=False)
class ChangeRanking:
    """``p`` of each test given that the change breaks something; ``order`` to run them in. In that order, ``needed`` is
    the logarithm of the share of the seconds spent after each test, against the failures that are still expected then:
    cheap steps and likely failures stand less deep. ``hardness`` goes with ``DIFFICULTY``.
    """

    p: Floats
    order: NDArray[np.intp]
    needed: Floats
    must: Flags
    hardness: Floats

    def ranking(self, difficulty: Floats) -> Ranking:
        """Depths that compare between changes: by how much more is needed than expected, as a logarithm.

        Scores that are divided by an estimate of their size make conformal cuts adapt: Lei, G'Sell, Rinaldo,
        Tibshirani and Wasserman, "Distribution-Free Predictive Inference for Regression" (2018), section 5.2.
        """
        depth = self.needed - float(self.hardness @ difficulty)
        return Ranking(self.order, np.where(self.must[self.order], -np.inf, depth))


def lone(features: NDArray[np.float32]) -> Flags:
    """Tests that executed a changed statement which at most ``LONE`` tests did. They run whatever they take: without
    them nobody would have tried that statement.
    """
    executors = np.exp(-features[:, COLUMN["line_rarity"]]) * features.shape[0]
    found: Flags = (features[:, COLUMN["line_executed"]] > 0) & (executors < LONE + 0.5)
    return found


def rank_change(features: NDArray[np.float32], *, seconds: Floats, must: Flags, weights: Gaussian) -> ChangeRanking:
    """Rank the tests of one change by probability per second; tests that ``must`` run come first."""
    p, _ = Posterior(weights).predict(inputs_of(features))
    order = ranked_by(p, seconds=seconds, must=must, depth=Depth.SHARE).order
    share = np.cumsum(seconds[order]) / seconds.sum()
    left = np.cumsum(p[order][::-1])[::-1]
    needed = np.log(share + NOTHING_SPENT) - np.log(left + NOTHING_LEFT)
    return ChangeRanking(p, order, needed, must, _hardness(features, p[order], share))


def _hardness(features: NDArray[np.float32], p: Floats, share: Floats) -> Floats:
    """``p`` and ``share`` are in the order of running."""
    mass = np.cumsum(p)
    half, most = (share[min(p.size - 1, int(np.searchsorted(mass, part * mass[-1])))] for part in (0.5, 0.8))
    return np.array(
        [
            1.0,
            np.log(half + NOTHING_SPENT),
            np.log(most + NOTHING_SPENT),
            not features[:, COLUMN["line_executed"]].any(),
            not features[:, COLUMN["symbol_entered"]].any(),
            np.log(mass[-1]),
            np.log(p.size),
            np.log(np.diff(share, prepend=0.0).max()),
        ]
    )


def select_change(evidence: Evidence, *, tau: float, model: ChangeModel) -> ChangeSelection:
    """The tests to run for one change so that at most a share ``tau`` of faults like the public ones escapes."""
    tests = len(evidence.tests)
    if not tests:
        return ChangeSelection(np.ones(0, np.bool_), np.ones(0), np.ones(0), "", certified=True)
    must = np.fromiter((test in evidence.forced for test in evidence.tests), np.bool_, count=tests)
    must |= lone(evidence.features)
    seconds = np.maximum(evidence.seconds.astype(np.float64), float(evidence.seconds.mean()) / 100)
    seconds = seconds if seconds.any() else np.ones(tests)
    ranked = rank_change(evidence.features, seconds=seconds, must=must, weights=model.weights)
    ranking, p = ranked.ranking(np.array(model.difficulty)), ranked.p
    depth = np.empty(tests)
    depth[ranking.order] = ranking.depth
    cut = model.cut(tau)
    if evidence.unjudged:
        return ChangeSelection(np.ones(tests, np.bool_), p, depth, evidence.unjudged[0], certified=True)
    if cut is None or cut.limit is None:
        why = f"{model.cases} public cases cannot certify a τ of {tau:g}"
        return ChangeSelection(np.ones(tests, np.bool_), p, depth, why, certified=False)
    return ChangeSelection(depth <= cut.limit, p, depth, "", certified=True)
