"""What asking the controls costs: ``python -m benchmarks.controls [--rounds 30]``.

41, 410 and 4,100 controls over one pull request, in turn, against the floor: the same conditions given to the CEL
library with facts that are laid out for it already. Loading compiles each of them once, and is measured apart.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cel_expr_python import cel

from maestro.assurance import Catalogue, QueryKind, evaluate, load
from maestro.assurance.facts import FactType
from maestro.assurance.vocabulary import types, words
from maestro.model.evidence import FindingState
from maestro.resources import resource_dir
from tests.assurance.sound import EVIDENCE, SOUND

SIZES = (41, 410, 4_100)
CEL_TYPES: dict[FactType, cel.Type] = {
    bool: cel.Type.BOOL,
    int: cel.Type.INT,
    float: cel.Type.DOUBLE,
    str: cel.Type.STRING,
    tuple: cel.Type.List(cel.Type.STRING),
}


def catalogue_of(size: int, folder: Path) -> Catalogue:
    """Controls with the queries of the shipped ones, each condition made different so that nothing is asked twice."""
    shipped = load(resource_dir("controls")).controls
    folder.mkdir()
    lines = []
    for number in range(size):
        queries = shipped[number % len(shipped)].query
        asked = ", ".join(f'{{kind: {q.kind}, where: "({q.where}) && {number} >= 0"}}' for q in queries)
        lines.append(f"- {{id: B-{number:05}, query: [{asked}]}}")
    for start in range(0, size, 1_000):
        (folder / f"{start:05}.yaml").write_text("\n".join(lines[start : start + 1_000]))
    return load(folder)


def floor_of(catalogue: Catalogue) -> Callable[[], None]:
    """The bare evaluations: conditions compiled and facts laid out before."""
    asked = []
    for kind in QueryKind:
        env = cel.NewEnv(variables={name: CEL_TYPES[known] for name, known in types(kind).items()})
        known = {name: value for of in QueryKind for name, value in SOUND.known(of).items()}
        laid: dict[str, object] = {
            name: list(value) if isinstance(value := known[fact], tuple) else value
            for name, fact in words(kind).items()
            if fact in known
        }
        wheres = (query.where for control in catalogue.controls for query in control.query if query.kind is kind)
        for where in wheres:
            data = {name: value for name, value in laid.items() if name in where}
            asked.append((env.compile(where), data | {"pass": "pass", "verified": "verified", "missing": "missing"}))

    def run() -> None:
        for expression, data in asked:
            if not expression.eval(data=data).value():
                raise AssertionError("a sound pull request holds")

    return run


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30, help="evaluations of each size")
    rounds = parser.parse_args().rounds
    print(f"{'controls':>8} {'load':>9} {'evaluate':>10} {'p95':>9} {'each':>8} {'floor':>9} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            started = time.perf_counter()
            catalogue = catalogue_of(size, Path(folder) / str(size))
            loading = time.perf_counter() - started
            floor = floor_of(catalogue)

            def ask(catalogue: Catalogue = catalogue) -> None:
                findings = evaluate(catalogue, SOUND, EVIDENCE)
                if {finding.state for finding in findings} != {FindingState.PASS}:
                    raise AssertionError("a sound pull request passes")

            pairs = [(seconds(ask), seconds(floor)) for _ in range(rounds)]
            asked = [pair[0] for pair in pairs]
            middle = statistics.median(asked)
            p95 = statistics.quantiles(asked, n=20, method="inclusive")[-1]
            bare = statistics.median(pair[1] for pair in pairs)
            each = f"{middle / size * 1e6:>5.1f} µs {bare * 1e3:>6.2f} ms {middle / bare:>5.2f}x"
            print(f"{size:>8} {loading:>7.2f} s {middle * 1e3:>7.2f} ms {p95 * 1e3:>6.1f} ms {each}")


if __name__ == "__main__":
    main()
