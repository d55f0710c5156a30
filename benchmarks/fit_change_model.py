"""Fit the shipped change model: ``python -m benchmarks.fit_change_model FILE.npz... --out FILE.json``.

Each file has the evidence on the cases of one project (``benchmarks.case_features``). Every project's depths come from
weights and a difficulty that were fitted on the other projects, so that the cuts hold for a project that was never
seen; the shipped ones are of all. ``--check FILE.npz...`` are projects that take no part in anything: what the model
does on them.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maestro.impact.risk.change import (
    DIFFICULTY,
    INPUTS,
    ChangeCut,
    ChangeModel,
    ChangeRanking,
    inputs_of,
    lone,
    rank_change,
)
from maestro.impact.risk.conformal import EVERYTHING, threshold
from maestro.impact.risk.logistic import Gaussian, fit
from maestro.impact.risk.ranking import Flags, Floats, Ranking

TAUS = (0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.10, 0.15, 0.20)
PRIOR_VARIANCE = 0.5
RIDGE = 30.0
UNKNOWN = ("spawned", "unrecorded", "doubt")
"""Inputs that say that less is known of a test: they speak for running it, whatever a few cases seem to say."""

SURE = 0.02
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

    def ranked(self, weights: Gaussian) -> ChangeRanking:
        return rank_change(self.features, seconds=self.seconds, must=self.must, weights=weights)

    def needed(self, ranked: ChangeRanking) -> float:
        """What it took to come to the first failing test: what a difficulty is fitted to."""
        return float(ranked.needed[np.flatnonzero(self.failing[ranked.order])[0]])

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
                must=stored[f"forced_{number}"] | lone(stored[f"features_{number}"]),
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
    mean = np.zeros(len(INPUTS))
    for name in UNKNOWN:
        mean[INPUTS.index(name)], variance[INPUTS.index(name)] = 1.0, SURE
    prior = Gaussian.of(INPUTS, mean, np.diag(variance))
    return fit(np.concatenate(rows), np.concatenate(happened), weights=np.concatenate(weights), prior=prior)


def difficulty_on(pairs: Sequence[tuple[Fault, ChangeRanking]]) -> Floats:
    """Ridge regression of what these faults needed."""
    hardness = np.array([ranked.hardness for _, ranked in pairs])
    needed = np.array([fault.needed(ranked) for fault, ranked in pairs])
    spread = hardness.std(axis=0) + 1e-9
    penalty = RIDGE * spread**2
    penalty[0] = 1e-6
    solved: Floats = np.linalg.solve(hardness.T @ hardness + np.diag(penalty), hardness.T @ needed)
    return solved


def across(faults: Sequence[Fault]) -> tuple[list[tuple[Fault, Ranking]], Floats]:
    """Every fault ranked by weights and a difficulty of the other projects, and the difficulty of all."""
    pairs = []
    for project in sorted({fault.project for fault in faults}):
        weights = fit_on([fault for fault in faults if fault.project != project])
        pairs += [(fault, fault.ranked(weights)) for fault in faults if fault.project == project]
    found = []
    for project in sorted({fault.project for fault in faults}):
        difficulty = difficulty_on([pair for pair in pairs if pair[0].project != project])
        found += [(fault, ranked.ranking(difficulty)) for fault, ranked in pairs if fault.project == project]
    return found, difficulty_on(pairs)


def figures(ranked: Sequence[tuple[Fault, Ranking]], limit: float) -> tuple[float, float, float]:
    """Share of cases caught, mean and median share of the seconds."""
    caught = [fault.depth(ranking) <= limit for fault, ranking in ranked]
    run = [fault.run(ranking, limit) for fault, ranking in ranked]
    return float(np.mean(caught)), float(np.mean(run)), float(np.median(run))


def _held_out(ranked: Sequence[tuple[Fault, Ranking]], project: str, tau: float) -> list[tuple[bool, float]]:
    limit = threshold([fault.depth(ranking) for fault, ranking in ranked if fault.project != project], tau)
    mine = [(fault, ranking) for fault, ranking in ranked if fault.project == project]
    return [(fault.depth(ranking) <= limit, fault.run(ranking, limit)) for fault, ranking in mine]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("projects", nargs="+", type=Path)
    parser.add_argument("--check", nargs="*", type=Path, default=[])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    faults = [fault for path in arguments.projects for fault in read(path)]
    ranked, difficulty = across(faults)
    depths = [fault.depth(ranking) for fault, ranking in ranked]
    cuts = [(tau, threshold(depths, tau)) for tau in TAUS]
    print(f"{len(faults)} cases, each by the other projects' weights and difficulty; the cut of a τ by all depths, and")
    print("(second) by the depths of the other projects alone")
    for tau, limit in cuts:
        caught, mean, median = figures(ranked, limit)
        alone = [one for project in {fault.project for fault in faults} for one in _held_out(ranked, project, tau)]
        print(
            f"  τ {tau:<5} caught {caught:.3f}, seconds {mean:.3f} (median {median:.3f}); "
            f"caught {np.mean([hit for hit, _ in alone]):.3f}, seconds {np.mean([run for _, run in alone]):.3f}"
        )
    model = ChangeModel(
        weights=fit_on(faults),
        difficulty=tuple(difficulty.tolist()),
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
        held = [(fault, fault.ranked(model.weights).ranking(difficulty)) for fault in read(path)]
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
    print("difficulty:", {name: round(value, 2) for name, value in zip(DIFFICULTY, difficulty.tolist(), strict=True)})
    print("largest weights:")
    for place in np.argsort(-np.abs(np.array(model.weights.mean)))[:25]:
        print(f"  {INPUTS[place]:32} {model.weights.mean[place]:+.3f}")


if __name__ == "__main__":
    main()
