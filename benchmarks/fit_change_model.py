"""Fit the shipped change model: ``python -m benchmarks.fit_change_model FILE.npz... --out FILE.json``.

Each file has the evidence on the cases of one project (``benchmarks.case_features``). Every project's depths come from
weights that were fitted on the other projects, so that the cuts hold for a project that was never seen; the shipped
weights are of all. ``--check FILE.npz...`` are projects that take no part in anything: what the model does on them.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maestro.impact.risk.change import INPUTS, ChangeCut, ChangeModel, inputs_of, rank_change
from maestro.impact.risk.conformal import EVERYTHING, threshold
from maestro.impact.risk.logistic import Gaussian, fit
from maestro.impact.risk.ranking import Depth, Flags, Floats, Ranking

TAUS = (0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.10, 0.15, 0.20)
PRIOR_VARIANCE = 0.5
KEPT_PASSES = 150
FAILURES_OF_A_CASE = 3.0
"""What the failing tests of one case weigh together, at most: they fail for one reason."""


@dataclass(frozen=True, eq=False)
class Fault:
    """One case: its evidence, and which tests it is known to break."""

    project: str
    features: "np.ndarray[tuple[int, int], np.dtype[np.float32]]"
    seconds: Floats
    failing: Flags
    must: Flags
    unjudged: bool

    def ranked(self, weights: Gaussian, depth: Depth) -> Ranking:
        return rank_change(self.features, seconds=self.seconds, must=self.must, weights=weights, depth=depth)[1]

    def run(self, ranking: Ranking, limit: float) -> float:
        """The share of the suite's seconds down to ``limit``."""
        if self.unjudged:
            return 1.0
        return float(self.seconds[ranking.running(limit)].sum() / self.seconds.sum())

    def depth(self, ranking: Ranking) -> float:
        """Where the first failing test stands; a case in which everything runs anyway is caught at any depth."""
        return -np.inf if self.unjudged else ranking.first(self.failing)


def read(path: Path) -> list[Fault]:
    """The faults of one project."""
    stored = np.load(path, allow_pickle=False)
    found = []
    for number in range(stored["lines"].size):
        seconds = stored[f"seconds_{number}"].astype(np.float64)
        found.append(
            Fault(
                project=path.stem,
                features=stored[f"features_{number}"],
                seconds=np.maximum(seconds, seconds.mean() / 100),
                failing=stored[f"failing_{number}"],
                must=stored[f"forced_{number}"],
                unjudged=bool(str(stored["unjudged"][number])),
            )
        )
    return found


def fit_on(faults: Sequence[Fault]) -> Gaussian:
    """The weights of these faults, every project weighing the same in the end of the day as its cases do."""
    random = np.random.default_rng(0)
    rows, happened, weights = [], [], []
    for fault in faults:
        inputs = inputs_of(fault.features)
        failed, passed = np.flatnonzero(fault.failing), np.flatnonzero(~fault.failing)
        kept = passed if passed.size <= KEPT_PASSES else random.choice(passed, KEPT_PASSES, replace=False)
        rows += [inputs[failed], inputs[kept]]
        happened += [np.ones(failed.size), np.zeros(kept.size)]
        weights += [
            np.full(failed.size, min(1.0, FAILURES_OF_A_CASE / max(1, failed.size))),
            np.full(kept.size, passed.size / max(1, kept.size)),
        ]
    variance = np.full(len(INPUTS), PRIOR_VARIANCE)
    variance[0] = 100.0
    prior = Gaussian.of(INPUTS, np.zeros(len(INPUTS)), np.diag(variance))
    return fit(np.concatenate(rows), np.concatenate(happened), weights=np.concatenate(weights), prior=prior)


def across(faults: Sequence[Fault], depth: Depth) -> list[tuple[Fault, Ranking]]:
    """Every fault ranked by weights of the other projects."""
    found = []
    for project in sorted({fault.project for fault in faults}):
        weights = fit_on([fault for fault in faults if fault.project != project])
        found += [(fault, fault.ranked(weights, depth)) for fault in faults if fault.project == project]
    return found


def figures(ranked: Sequence[tuple[Fault, Ranking]], limit: float) -> tuple[float, float, float]:
    """Share of cases caught, mean and median share of the seconds."""
    caught = [fault.depth(ranking) <= limit for fault, ranking in ranked]
    run = [fault.run(ranking, limit) for fault, ranking in ranked]
    return float(np.mean(caught)), float(np.mean(run)), float(np.median(run))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("projects", nargs="+", type=Path)
    parser.add_argument("--check", nargs="*", type=Path, default=[])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    faults = [fault for path in arguments.projects for fault in read(path)]
    best: tuple[float, Depth] | None = None
    for depth in Depth:
        ranked = across(faults, depth)
        depths = [fault.depth(ranking) for fault, ranking in ranked]
        print(f"{depth}: {len(faults)} cases, each by weights of the other projects")
        for tau in TAUS:
            caught, mean, median = figures(ranked, threshold(depths, tau))
            print(f"  τ {tau:<5} caught {caught:.3f}, seconds {mean:.3f} (median {median:.3f})")
        mean = figures(ranked, threshold(depths, 0.02 if len(faults) > 60 else 0.05))[1]
        best = min(best or (mean, depth), (mean, depth))
    assert best is not None
    depth = best[1]
    ranked = across(faults, depth)
    depths = [fault.depth(ranking) for fault, ranking in ranked]
    cuts = [(tau, threshold(depths, tau)) for tau in TAUS]
    model = ChangeModel(
        weights=fit_on(faults),
        depth=depth,
        cuts=tuple(
            ChangeCut(
                tau=tau,
                limit=None if limit == EVERYTHING else limit,
                deeper=sum(deep > limit for deep in depths),
            )
            for tau, limit in cuts
        ),
        cases=len(faults),
        projects=len({fault.project for fault in faults}),
    )
    for path in arguments.check:
        held = [(fault, fault.ranked(model.weights, depth)) for fault in read(path)]
        for tau, limit in cuts:
            caught, mean, median = figures(held, limit)
            print(
                f"{path.stem} τ {tau:<5} caught {caught:.3f} of {len(held)}, seconds {mean:.3f} (median {median:.3f})"
            )
    if arguments.out:
        card = {
            "purpose": "which tests a change breaks, in a repository without enough red builds of its own",
            "cases": "past fixes taken back and mutants that tests kill, by benchmarks.make_cases",
            "method": "logistic regression; each project's depths by weights of the other projects; conformal cuts",
            "command": "python -m benchmarks.fit_change_model",
            "projects": {path.stem: sum(fault.project == path.stem for fault in faults) for path in arguments.projects},
        }
        text = json.dumps({"data_card": card, "model": model.model_dump(mode="json")}, indent=1)
        arguments.out.write_text(text + "\n", encoding="utf-8")
    print("largest weights:")
    for place in np.argsort(-np.abs(np.array(model.weights.mean)))[:25]:
        print(f"  {INPUTS[place]:32} {model.weights.mean[place]:+.3f}")


if __name__ == "__main__":
    main()
