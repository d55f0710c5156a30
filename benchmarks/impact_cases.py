"""Is the selection safe on real code? Counts the tests that flip and were left out.

``python benchmarks/impact_cases.py REPOSITORY PYTHON [history|mutants] [COUNT]``: REPOSITORY is a git repository (or,
for mutants, a folder of sources), PYTHON an interpreter that has its test dependencies. ``history`` puts the source
files of a recent small commit back to their parent and keeps its tests; ``mutants`` changes one operator, number,
comparison or return of one source line. A test flips when it passes twice without the fault and fails twice with it.
"""

import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from maestro.impact.changes import Change, ChangeKind, changed_files
from maestro.impact.graph.imports import ImportGraph
from maestro.impact.selection import select
from maestro.model.tests import SelectionMode

COMMITS_SEEN = 600
SOURCES_AT_MOST = 5
RUN_LIMIT_SECONDS = 600
SEED = 11
_PROBE = """
import json, os
seen = {}
def pytest_collection_modifyitems(items):
    seen.update((item.nodeid, "missing") for item in items)
def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        seen[report.nodeid] = report.outcome
def pytest_sessionfinish():
    with open(os.environ["PROBE_FILE"], "w") as stream:
        json.dump(seen, stream)
"""


@dataclass(frozen=True)
class Case:
    """One fault, and how the two wider and narrower selections did on it."""

    name: str
    tests: int
    flipped: int
    standard_share: float
    standard_missed: tuple[str, ...]
    direct_share: float
    direct_catches: bool
    everything: bool


def outcomes(tree: Path, python: str) -> dict[str, str]:
    """Run the whole suite; outcome by test id, empty when nothing could be collected."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "impact_probe.py").write_text(_PROBE)
        found = Path(folder) / "outcomes.json"
        environment = {
            "HOME": folder,
            "PATH": os.environ["PATH"],
            "PROBE_FILE": str(found),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": os.pathsep.join([str(tree / "src"), str(tree), folder]),
        }
        command = [python, "-m", "pytest", "-q", "-p", "impact_probe"]
        command += ["-p", "no:cacheprovider", "-p", "no:randomly", "--continue-on-collection-errors"]
        try:
            done = subprocess.run(
                command, cwd=tree, env=environment, capture_output=True, timeout=RUN_LIMIT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            print(f"the suite hangs: no answer in {RUN_LIMIT_SECONDS} s", file=sys.stderr)
            return {}
        if not found.exists():
            print(f"the suite cannot start: {done.stderr.decode(errors='replace').strip()[-200:]!r}", file=sys.stderr)
            return {}
        return dict(json.loads(found.read_text()))


def steady(tree: Path, python: str) -> dict[str, str]:
    """The tests with the same id and outcome twice in a row."""
    first, second = outcomes(tree, python), outcomes(tree, python)
    return {test: outcome for test, outcome in first.items() if second.get(test) == outcome}


def judge(name: str, tree: Path, python: str, good: dict[str, str], changes: list[Change]) -> Case | None:
    """Run the faulty tree and compare; None when no test flips, or when nothing can be told apart because
    the faulty suite hangs or does not start.
    """
    bad = outcomes(tree, python)
    flipped = _flipped(good, bad)
    if flipped:
        again = outcomes(tree, python)
        flipped &= _flipped(good, again)
    if not flipped:
        return None
    graph = ImportGraph.of(tree)
    standard = select(list(good), changes, graph).body
    direct = select(list(good), changes, graph, mode=SelectionMode.DIRECT).body
    kinds = {test.kind.value for test in standard.selected}
    return Case(
        name=name,
        tests=len(good),
        flipped=len(flipped),
        standard_share=len(standard.selected) / len(good),
        standard_missed=tuple(sorted(flipped - {test.id for test in standard.selected})),
        direct_share=len(direct.selected) / len(good),
        direct_catches=bool(flipped & {test.id for test in direct.selected}),
        everything="cannot_judge" in kinds,
    )


def _flipped(good: dict[str, str], bad: dict[str, str]) -> set[str]:
    """The tests that pass without the fault and not with it; none when the faulty suite gave no answer at all."""
    return {test for test, outcome in good.items() if bad and outcome == "passed" and bad.get(test) != "passed"}


def history(repository: Path, python: str, count: int) -> Iterator[Case]:
    """Reverted fixes: source files of a commit put back, its tests kept."""
    found = 0
    log = _git(repository, "log", "--no-merges", f"-{COMMITS_SEEN}", "--format=%H %P", "HEAD")
    for sha, *parents in (line.split() for line in log.splitlines()):
        if found >= count or len(parents) != 1:
            continue
        sources = _sources(changed_files(repository, parents[0], sha))
        if not sources:
            continue
        with tempfile.TemporaryDirectory() as folder:
            tree = Path(folder)
            _unpack(repository, sha, tree)
            good = steady(tree, python)
            for source in sources:
                (tree / source).write_text(_git(repository, "show", f"{parents[0]}:{source}"))
            case = judge(sha[:10], tree, python, good, [Change(source, ChangeKind.MODIFIED) for source in sources])
        if case:
            found += 1
            yield case


def _sources(changes: tuple[Change, ...]) -> list[str]:
    """The modified source files of a small commit that also touches tests; empty for any other commit."""
    modified = [change.path for change in changes if change.kind is ChangeKind.MODIFIED and change.path.endswith(".py")]
    tests = [path for path in modified if _is_test(path)]
    sources = [path for path in modified if not _is_test(path) and not path.startswith(("docs/", "setup.py"))]
    return sources if tests and len(sources) <= SOURCES_AT_MOST else []


def mutants(repository: Path, python: str, count: int) -> Iterator[Case]:
    """Single changed expressions, chosen with a fixed seed from all source files."""
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(repository, tree, ignore=shutil.ignore_patterns(".git"))
        good = steady(tree, python)
        files = sorted(path for path in tree.rglob("*.py") if not _is_test(str(path.relative_to(tree))))
        files = [path for path in files if path.relative_to(tree).parts[0] not in {"docs", "examples", "setup.py"}]
        for _ in range(count):
            file = chance.choice(files)
            original = file.read_text()
            mutated = _mutate(original, chance)
            if mutated is None:
                continue
            file.write_text(mutated)
            change = Change(file.relative_to(tree).as_posix(), ChangeKind.MODIFIED)
            case = judge(change.path, tree, python, good, [change])
            file.write_text(original)
            if case:
                yield case


def _mutate(source: str, chance: random.Random) -> str | None:
    tree = ast.parse(source)
    places = [node for node in ast.walk(tree) if isinstance(node, ast.Compare | ast.BinOp | ast.Return | ast.Constant)]
    chance.shuffle(places)
    for node in places:
        match node:
            case ast.Compare(ops=[op, *_]):
                node.ops[0] = ast.NotEq() if isinstance(op, ast.Eq) else ast.Eq()
            case ast.BinOp(op=op):
                node.op = ast.Sub() if isinstance(op, ast.Add) else ast.Add()
            case ast.Return(value=ast.expr()):
                node.value = ast.Constant(None)
            case ast.Constant(value=int(number)):
                node.value = int(number) + 1
            case _:
                continue
        return ast.unparse(tree)
    return None


def _is_test(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return name.startswith("test_") or name == "conftest.py" or "tests/" in path or path.startswith("test/")


def _git(repository: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(repository), *arguments], check=True, capture_output=True, text=True).stdout


def _unpack(repository: Path, sha: str, tree: Path) -> None:
    archive = subprocess.run(["git", "-C", str(repository), "archive", sha], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(tree)], input=archive, check=True)


def main() -> None:
    repository, python = Path(sys.argv[1]).resolve(), sys.argv[2]
    kind = sys.argv[3] if len(sys.argv) > 3 else "history"
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 20
    cases = []
    for case in (mutants if kind == "mutants" else history)(repository, python, count):
        cases.append(case)
        print(
            f"{case.name:40} {case.flipped:5} of {case.tests} flip, selected {case.standard_share:4.0%}"
            f"{' (everything)' if case.everything else ''}, direct {case.direct_share:4.0%}"
            f"{'' if case.direct_catches else ' MISSES ALL'}, left out and flipping: {len(case.standard_missed)}"
            f" {', '.join(case.standard_missed[:3])}",
            flush=True,
        )
    if not cases:
        print("no case: nothing flipped, or nothing could be run")
        return
    print(
        f"{len(cases)} cases; safe in {sum(not case.standard_missed for case in cases)};"
        f" standard runs {sum(case.standard_share for case in cases) / len(cases):.0%} of the tests,"
        f" everything in {sum(case.everything for case in cases)};"
        f" direct runs {sum(case.direct_share for case in cases) / len(cases):.0%}"
        f" and catches {sum(case.direct_catches for case in cases)}"
    )


if __name__ == "__main__":
    main()
