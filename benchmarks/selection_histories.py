"""The table of histories in docs/test-selection.md: ``python -m benchmarks.selection_histories FILE[@TESTS.json]…``.

A set that is part of the shipped prior is evaluated with a prior fitted on the other sets given here, so that no figure
rests on its own data. Set OMP_NUM_THREADS=1: more threads are slower on arrays of this size.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.fit_history_prior import SOURCES, file_and_universe, fit_one, pooled
from maestro.impact.evaluation.figures import AtTau, Evaluation, evaluate, rate
from maestro.impact.evaluation.walk import rows
from maestro.impact.history.builds import History
from maestro.impact.history.csvfile import read_csv
from maestro.impact.risk.logistic import Gaussian
from maestro.impact.risk.prior import prior_for, weak_prior
from maestro.impact.risk.ranking import Depth, Failures, Scorer, Way

TAUS = (0.01, 0.02, 0.05, 0.10)
MASKED = 1e-8
"""Prior variance of a weight that is held at zero."""

PATHS = ("name", "named", "place")
CO_FAILURE = ("co-failure",)
FIXED = "logistic regression per second"
HINDSIGHT = ("recent failures per second", FIXED)
CONTROLLED = ("random", *HINDSIGHT)


@dataclass(frozen=True, eq=False)
class Case:
    """One history with the prior that it may start from, which has not seen it."""

    name: str
    history: History
    prior: Gaussian


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("history", nargs="+", help="CSV; FILE@TESTS.json names all tests of a sparse one")
    cases = _cases(parser.parse_args().history)
    found = {case.name: _both(case) for case in cases}
    print("\n".join((*_held(found), "", *_compared(found), "", *_ablation(cases, found))))


def _cases(given: Sequence[str]) -> list[Case]:
    files = {path.name.partition(".")[0]: (path, tests) for path, tests in map(file_and_universe, given)}
    posteriors = {name: fit_one(*file)[0] for name, file in files.items() if name in SOURCES}
    return [Case(name, read_csv(path, tests=tests), _prior(name, posteriors)) for name, (path, tests) in files.items()]


def _prior(name: str, posteriors: Mapping[str, Gaussian]) -> Gaussian:
    """The shipped prior for a set that it has not seen; of the others for one that it has, where they are two."""
    if name not in SOURCES:
        return prior_for(Failures.NEW)
    others = [posterior for other, posterior in posteriors.items() if other != name]
    return pooled(others) if len(others) > 1 else weak_prior()


def _both(case: Case) -> tuple[Evaluation, ...]:
    return tuple(
        evaluate(case.history, taus=TAUS, failures=kind, prior=case.prior if kind is Failures.NEW else None)
        for kind in Failures
    )


def _held(found: Mapping[str, Sequence[Evaluation]]) -> Iterator[str]:
    yield "| set | failures | builds | τ | escapes of red | rate | 95 % interval | kept | saved | when certified |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for name, one, row in _rows(found):
        escaped = row.false_green
        yield (
            f"| {name} | {one.failures} | {one.builds} | {row.tau:g} | {escaped.count} of {escaped.of} "
            f"| {escaped.rate:.1%} | {escaped.low:.1%} to {escaped.high:.1%} | {'yes' if row.kept else '**no**'} "
            f"| {row.saved:.1%} | {_share(row.saved_when_certified)} |"
        )


def _compared(found: Mapping[str, Sequence[Evaluation]]) -> Iterator[str]:
    same = (f"{name}, same rate" for name in HINDSIGHT)
    control = (f"{name}, controlled" for name in CONTROLLED)
    yield f"| set | failures | τ | Maestro | {' | '.join((*same, *control))} |"
    yield "|---|---|---|---" + "|---" * (len(HINDSIGHT) + len(CONTROLLED)) + "|"
    for name, one, row in _rows(found):
        hindsight = (_share(row.baselines[other].saved_at_same_rate) for other in HINDSIGHT)
        controlled = (f"{row.baselines[other].saved:.1%} ({row.baselines[other].escapes})" for other in CONTROLLED)
        yield (
            f"| {name} | {one.failures} | {row.tau:g} | {row.saved:.1%} ({row.false_green.count}) "
            f"| {' | '.join((*hindsight, *controlled))} |"
        )


def _rows(found: Mapping[str, Sequence[Evaluation]]) -> Iterator[tuple[str, Evaluation, AtTau]]:
    for name, evaluations in found.items():
        for one in evaluations:
            for row in one.taus:
                yield name, one, row


def _ablation(cases: Sequence[Case], found: Mapping[str, Sequence[Evaluation]]) -> Iterator[str]:
    yield f"| set, new failures | variant | {' | '.join(f'τ = {tau:g}' for tau in TAUS)} |"
    yield "|---|---" + "|---" * len(TAUS) + "|"
    for case in cases:
        whole = next(one for one in found[case.name] if one.failures is Failures.NEW)
        variants = {
            "everything": _cells(whole),
            "no prior": _cells(_without(case, weak_prior())),
            "no names and paths": _cells(_without(case, _masking(case.prior, PATHS))),
            "no co-failure": _cells(_without(case, _masking(case.prior, CO_FAILURE))),
            "one fixed way": tuple(
                _cell(row.baselines[FIXED].escapes, whole.red_builds, row.baselines[FIXED].saved) for row in whole.taus
            ),
            "naive 1 - Π(1 - p) ≤ τ": _naive(case),
        }
        for name, cells in variants.items():
            yield f"| {case.name} | {name} | {' | '.join(cells)} |"


def _without(case: Case, prior: Gaussian) -> Evaluation:
    return evaluate(case.history, taus=TAUS, failures=Failures.NEW, prior=prior)


def _masking(prior: Gaussian, names: Sequence[str]) -> Gaussian:
    """The prior with the weights of these features held at zero."""
    masked = np.isin(prior.features, names)
    covariance = np.array(prior.covariance)
    covariance[masked] = covariance[:, masked] = 0
    covariance[masked, masked] = MASKED
    return Gaussian.of(prior.features, np.where(masked, 0, prior.mean), covariance)


def _naive(case: Case) -> tuple[str, ...]:
    """The rule that takes failures as independent: run until the product of what is left out says τ."""
    escapes, run, red, total = np.zeros(len(TAUS), np.int64), np.zeros(len(TAUS)), 0, 0.0
    for row in rows(case.history, taus=(), failures=Failures.NEW, prior=case.prior):
        order = row.proposal.ranked[Way(Scorer.MODEL, Depth.SHARE)].order
        with np.errstate(divide="ignore"):
            passes = np.log1p(-row.proposal.p[order])
        left_out = np.concatenate((np.cumsum(passes[::-1])[::-1], (0.0,)))
        deep = np.array([int(np.argmax(left_out >= np.log1p(-tau))) for tau in TAUS])
        spent = np.concatenate(((0.0,), np.cumsum(row.seconds[order])))
        first = np.flatnonzero(row.failing[order])
        run, total = run + spent[deep], total + float(spent[-1])
        if first.size:
            red += 1
            escapes += first[0] >= deep
    return tuple(_cell(int(count), red, 1 - part / total) for count, part in zip(escapes, run, strict=True))


def _cells(found: Evaluation) -> tuple[str, ...]:
    return tuple(_cell(row.false_green.count, row.false_green.of, row.saved) for row in found.taus)


def _cell(escapes: int, red: int, saved: float) -> str:
    found = rate(escapes, red)
    return f"{found.rate:.1%} / {saved:.1%}"


def _share(saved: float | None) -> str:
    return "none is" if saved is None else f"{saved:.1%}"


if __name__ == "__main__":
    main()
