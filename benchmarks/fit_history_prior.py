"""Fit the shipped prior on public histories: ``python -m benchmarks.fit_history_prior FILE... --out FILE.json``.

Each history is fitted alone, from a prior that knows nothing. The shipped prior has the mean of their weights, and a
variance of how much they differ plus how unsure each of them is: where histories disagree it says little.
"""

import argparse
import gzip
import hashlib
import json
from pathlib import Path

import numpy as np

from maestro.impact.history.csvfile import read_csv
from maestro.impact.risk.learner import Learner
from maestro.impact.risk.logistic import Gaussian
from maestro.impact.risk.prior import weak_prior
from maestro.impact.risk.ranking import Failures
from maestro.impact.risk.track import FEATURE_NAMES

LEAST_VARIANCE = 0.05
"""Three histories that agree by chance must not bind a fourth."""

SOURCES = {
    "druid": "jacksonpradolima/coleman4hcs, MIT, (c) 2021 Jackson Antonio do Prado Lima",
    "dune": "jacksonpradolima/coleman4hcs, MIT, (c) 2021 Jackson Antonio do Prado Lima",
    "spark": "maropu/predictive-testing, Apache-2.0",
}
"""Where the histories of the shipped prior come from, for its data card."""


def file_and_universe(given: str) -> tuple[Path, Path | None]:
    """The two parts of ``FILE@TESTS.json``; the second names all tests of a sparse history."""
    path, _, universe = given.partition("@")
    return Path(path), Path(universe) if universe else None


def fit_one(path: Path, universe: Path | None) -> tuple[Gaussian, dict[str, object]]:
    """The posterior of one history and its line of the data card."""
    history = read_csv(path, tests=universe).dense()
    learner = Learner(history.names, failures=Failures.NEW, prior=weak_prior(), test_files=history.test_files)
    red = 0
    for build in history.builds:
        red += bool(learner.failing(build).any())
        learner.learn(build, learner.propose(build.tests, build.files))
    learner.refit()
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    name = path.name.partition(".")[0]
    return learner.weights, {
        "name": name,
        "source": SOURCES.get(name, "not public"),
        "sha256": digest,
        "builds": len(history.builds),
        "builds_with_new_failures": red,
        "outcomes": history.outcomes,
    }


def pooled(posteriors: list[Gaussian]) -> Gaussian:
    """One prior of several posteriors."""
    means = np.array([posterior.mean for posterior in posteriors])
    unsure = np.array([np.diag(np.array(posterior.covariance)) for posterior in posteriors])
    variance = np.maximum(means.var(axis=0, ddof=1) + unsure.mean(axis=0), LEAST_VARIANCE)
    return Gaussian.of(FEATURE_NAMES, means.mean(axis=0), np.diag(variance))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("history", nargs="+", help="CSV; FILE@TESTS.json names all tests of a sparse one")
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    fitted = [fit_one(*file_and_universe(given)) for given in arguments.history]
    card = {
        "purpose": "where a repository without a past starts; every repository's own builds take over",
        "failures": "new: the test passed the time before",
        "method": "mean of the histories' own weights; variance between them plus their mean posterior variance",
        "command": "python -m benchmarks.fit_history_prior",
        "histories": [line for _, line in fitted],
    }
    prior = pooled([posterior for posterior, _ in fitted]).model_dump(mode="json")
    arguments.out.write_text(json.dumps({"data_card": card, "prior": prior}, indent=1) + "\n", encoding="utf-8")
    for place, name in enumerate(FEATURE_NAMES):
        print(f"{name:20} {prior['mean'][place]:+.3f} ± {prior['covariance'][place][place] ** 0.5:.3f}")


if __name__ == "__main__":
    main()
