"""Makes fault cases of a real project on one base commit: past fixes taken back, and mutants that its tests kill.

``python -m benchmarks.make_cases --repo PATH --out FILE.jsonl`` writes one case a line; what gave none is counted.
The project's tests run as they are, outside any sandbox: give it only projects that you would test by hand.
"""

import argparse
import json
import math
import shlex
import signal
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile
from pathlib import Path

from benchmarks.case_making.case import Case, Drop, Fault, Tally
from benchmarks.case_making.mutants import mutants, parses
from benchmarks.case_making.reverts import reverts
from benchmarks.case_making.suite import Run, Suite, environment
from benchmarks.case_making.tree import Tree, scratch
from maestro.errors import BadInput, MaestroError

FAILING_SHARE_AT_MOST = 0.6
"""A fault that fails more of the suite than this is caught by any test, so it says nothing about a selection."""

PATIENCE_SECONDS = 20.0
PATIENCE_TIMES = 4.0
"""A patched suite that takes so much longer than the base's hangs, as a mutated loop may."""


@dataclass(frozen=True)
class Baseline:
    """The tests that pass on the base twice in a row, all tests that ran there, and the seconds of the faster run."""

    steady: frozenset[str]
    tests: int
    seconds: float


@dataclass
class Maker:
    """Judges faults of one tree by its suite. ``tally`` counts what gave no case, ``patches`` are those seen."""

    tree: Tree
    suite: Suite
    baseline: Baseline
    tally: Tally = field(default_factory=Tally)
    patches: set[str] = field(default_factory=set)

    def cases(self, faults: Iterator[Fault]) -> Iterator[Case]:
        """The faults that tests find, in their order."""
        for fault in faults:
            made = self._judged(fault)
            if isinstance(made, Drop):
                self.tally[made] += 1
            else:
                yield made

    def _judged(self, fault: Fault) -> Case | Drop:
        if fault.patch in self.patches:
            return Drop.EQUAL
        self.patches.add(fault.patch)
        if not _is_text(fault.patch):
            return Drop.NOT_TEXT
        if not self.tree.patched(fault.patch):
            return Drop.CONFLICT
        if not all(map(parses, self._sources())):
            return Drop.BROKEN
        found = self._failing(fault)
        if isinstance(found, Drop):
            return found
        return Case(
            base=self.tree.base, patch=fault.patch, failing=tuple(sorted(found)), kind=fault.kind, source=fault.source
        )

    def _sources(self) -> Iterator[bytes]:
        for path in map(self.tree.folder.joinpath, self.tree.changed()):
            if path.exists():
                yield path.read_bytes()

    def _failing(self, fault: Fault) -> frozenset[str] | Drop:
        run = self.suite.run(self.tree.folder)
        if not run.started:
            return Drop.NOT_COLLECTED
        if not run.complete:
            return Drop.STOPPED
        failing = run.failing(self.baseline.steady)
        if not failing:
            return Drop.UNNOTICED
        if len(failing) > FAILING_SHARE_AT_MOST * len(self.baseline.steady):
            return Drop.TOO_WIDE
        # Afresh, so that nothing of the first run is left, and only these, because the first run was the whole suite.
        self.tree.patched(fault.patch)
        return self.suite.run(self.tree.folder, only=failing).failing(failing) or Drop.UNSTEADY


def measure(tree: Tree, suite: Suite) -> Baseline:
    """Run the base twice; BadInput where less than half of its suite passes."""
    runs: list[Run] = []
    for _ in range(2):
        tree.reset()
        runs.append(suite.run(tree.folder))
    steady = runs[0].passing & runs[1].passing
    if not steady or not all(run.complete for run in runs) or len(steady) * 2 < len(runs[0].verdicts):
        raise BadInput(
            f"the base's suite is not well: {len(steady)} of {len(runs[0].verdicts)} tests pass twice\n{runs[1].log}",
            field="--install, --pytest",
            fix="name what the suite needs, and the arguments that it is run with",
        )
    return Baseline(steady, len(runs[0].verdicts), min(run.seconds for run in runs))


def make(options: argparse.Namespace) -> dict[str, object]:
    """Write the cases as they are found; the answer is the summary."""
    ends = time.monotonic() + 60 * options.minutes
    repository = options.repo.resolve()
    venvs = (options.venvs or options.out.parent / "venvs").resolve()
    with scratch(repository, options.base) as tree, options.out.open("w", encoding="utf-8") as out:
        python = environment(venvs / repository.name, tree.folder, options.install)
        suite = Suite(python, tuple(shlex.split(options.pytest)), options.timeout)
        baseline = measure(tree, suite)
        limit_seconds = min(options.timeout, PATIENCE_SECONDS + PATIENCE_TIMES * baseline.seconds)
        maker = Maker(tree, replace(suite, limit_seconds=limit_seconds), baseline)
        made: list[Case] = []
        for case in takewhile(lambda _: time.monotonic() < ends, _wanted(maker, options)):
            made.append(case)
            out.write(case.model_dump_json() + "\n")
            out.flush()
            print(
                f"{repository.name}: {len(case.failing)} fail, {case.kind} {case.source}", file=sys.stderr, flush=True
            )
    return {
        "project": repository.name,
        "base": tree.base,
        "tests": baseline.tests,
        "unsteady": baseline.tests - len(baseline.steady),
        "suite_seconds": round(baseline.seconds, 2),
        "reverts": sum(case.kind == "revert" for case in made),
        "mutants": sum(case.kind == "mutant" for case in made),
        "median_failing": statistics.median(len(case.failing) for case in made) if made else 0,
        "dropped": {drop.value: count for drop, count in maker.tally.most_common()},
    }


def _wanted(maker: Maker, options: argparse.Namespace) -> Iterator[Case]:
    """As many cases of each kind as are wanted, and no more tries than each is worth."""
    kinds = (
        (_mutants(maker.tree, maker.suite, options.seed), options.mutants),
        (reverts(maker.tree, maker.tally), options.limit),
    )
    for faults, wanted in kinds:
        yield from islice(maker.cases(islice(faults, options.tries * wanted)), wanted)


def _mutants(tree: Tree, suite: Suite, seed: int) -> Iterator[Fault]:
    """Asks for the executed lines only when the first mutant is wanted."""
    tree.reset()
    yield from mutants(tree, suite.executed_lines(tree.folder), seed=seed)


def _is_text(patch: str) -> bool:
    try:
        patch.encode()
    except UnicodeEncodeError:
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.make_cases", description=__doc__)
    parser.add_argument("--repo", type=Path, required=True, help="a git repository with history; it is only read")
    parser.add_argument("--out", type=Path, required=True, help="the file of cases, replaced")
    parser.add_argument("--base", default="HEAD", help="the commit that all cases are made on")
    parser.add_argument("--limit", type=int, default=40, help="reverted fixes at most")
    parser.add_argument("--mutants", type=int, default=10, help="killed mutants at most")
    parser.add_argument("--tries", type=int, default=4, help="faults tried at most for each case wanted")
    parser.add_argument("--seed", type=int, default=11, help="of the order of the mutants")
    parser.add_argument("--venvs", type=Path, help="the folder of environments; beside FILE by default")
    parser.add_argument("--install", default=". pytest", help="what uv pip installs, in the project's folder")
    parser.add_argument("--pytest", default="", help="further arguments of pytest")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds for one run of the suite")
    parser.add_argument("--minutes", type=float, default=math.inf, help="the last case is made before these are over")
    options = parser.parse_args()
    # Ends as by Ctrl-C: the running suite is stopped and the scratch tree removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        print(json.dumps(make(options)))
    except MaestroError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
