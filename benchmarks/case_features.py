"""The evidence on each case of a file, as numbers for fitting the change model: nothing is selected here.

``python -m benchmarks.case_features --repo PATH --python EXE --cases FILE.jsonl --out FILE.npz``. The suite runs once,
recorded, outside any sandbox. Arrays of case ``i``: ``features_i`` (tests x columns), ``seconds_i``, ``failing_i``,
``forced_i``, ``tests_i``; ``columns``, and one entry a case of ``lines`` (in the file), ``unjudged``, ``patches``.
"""

import argparse
import asyncio
import shlex
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maestro.config.project import ProjectConfig
from maestro.errors import BadInput, MaestroError
from maestro.execution.settings import ExecutionSettings
from maestro.impact.evaluation.casefile import Case, read_cases
from maestro.impact.evaluation.judging import Judge, Judged, marked
from maestro.impact.evaluation.opening import Ground, by_commit, open_base
from maestro.impact.knowledge.features import FEATURES

SETTLED = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "COLUMNS": "80"}
"""What the maker of the cases settles as well, so that the same tests pass."""


async def gather(ground: Ground, path: Path) -> list[Judged]:
    """All cases of the file that can be judged; the others are said."""
    file = read_cases(path)
    commits, lost = by_commit(ground.repository, file.cases)
    for remark in file.left_out:
        _say(str(remark))
    for case in lost:
        _say(f"line {case.line}: base: the repository has no commit {case.base}")
    found: list[Judged] = []
    for sha, cases in commits.items():
        async with open_base(ground, sha) as judge:
            run = judge.base.run
            _say(
                f"{sha[:12]}: {len(run.tests)} tests, {len(run.red)} red, {len(run.silent)} silent, "
                f"{'kept' if judge.base.reused else f'recorded in {run.seconds:.1f} s'}"
            )
            for case in cases:
                found += await _judged(judge, case)
    return found


async def _judged(judge: Judge, case: Case) -> list[Judged]:
    began = time.monotonic()
    try:
        judged = await judge.judged(case)
    except BadInput as error:
        _say(f"line {case.line}: {error}")
        return []
    for what, tests in (("fail on the base as well", judged.red_before), ("are not listed", judged.unknown)):
        if tests:
            _say(f"line {case.line}: {len(tests)} of its failing tests {what}, for example {tests[0]}")
    why = f", everything: {judged.evidence.unjudged[0]}" if judged.evidence.unjudged else ""
    _say(f"line {case.line}: {int(judged.failing.sum())} failing, {time.monotonic() - began:.2f} s{why}")
    return [judged]


def arrays(judged: list[Judged]) -> dict[str, NDArray[np.generic]]:
    """Everything that is written, by name."""
    found: dict[str, NDArray[np.generic]] = {
        "columns": np.array([feature.name for feature in FEATURES]),
        "lines": np.array([each.case.line for each in judged], np.int32),
        "unjudged": np.array(["; ".join(each.evidence.unjudged) for each in judged]),
        "patches": np.array([each.case.text for each in judged]),
    }
    for number, each in enumerate(judged):
        evidence = each.evidence
        found[f"features_{number}"] = evidence.features
        found[f"seconds_{number}"] = evidence.seconds
        found[f"failing_{number}"] = each.failing
        found[f"forced_{number}"] = marked(evidence.tests, evidence.forced)
        found[f"tests_{number}"] = np.array(evidence.tests)
    return found


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Write the file that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.case_features", description=__doc__)
    parser.add_argument("--repo", type=Path, required=True, help="the git repository of the cases")
    parser.add_argument("--python", type=Path, required=True, help="an interpreter with what its tests need")
    parser.add_argument("--cases", type=Path, required=True, help="the file of cases")
    parser.add_argument("--out", type=Path, required=True, help="the .npz file, replaced")
    parser.add_argument("--home", type=Path, required=True, help="the folder that keeps mirrors and recordings")
    parser.add_argument("--pytest", default="", help="further arguments of pytest")
    asked = parser.parse_args()
    project = ProjectConfig.model_validate(
        {"tests": {"arguments": shlex.split(asked.pytest)}, "environment": {"variables": SETTLED}}
    )
    ground = Ground(
        repository=asked.repo,
        home=asked.home,
        settings=ExecutionSettings(isolation="none"),
        project=project,
        python=asked.python,
    )
    try:
        judged = asyncio.run(gather(ground, asked.cases))
    except MaestroError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    np.savez_compressed(asked.out, allow_pickle=False, **arrays(judged))


if __name__ == "__main__":
    main()
