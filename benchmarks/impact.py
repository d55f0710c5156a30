"""Processor time to read the import graph of a synthetic repository and to select its tests, against a floor.

The floor is ``ast.parse`` of the same files and nothing else. Run: ``python benchmarks/impact.py``.
"""

import ast
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from maestro.impact.changes import Change, ChangeKind
from maestro.impact.graph.imports import ImportGraph
from maestro.impact.selection import select

MODULES = 2_000
TEST_FILES = 500
TESTS_PER_FILE = 20
ROUNDS = 3
_BODY = '''
def work_{number}(values: list[int], *, factor: int = {number}) -> int:
    """Multiply what is positive, and say so."""
    total = 0
    for value in values:
        if value > 0 and factor != 3:
            total += value * factor
    return total
'''


def build(top: Path) -> list[str]:
    """Write packages of 20 modules that import earlier ones, and tests that import some; returns the test ids."""
    chance = random.Random(7)
    for number in range(MODULES):
        folder = top / "src" / "shop" / f"part{number // 20}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").touch()
        imports = [f"from shop.part{other // 20} import module{other}" for other in _earlier(chance, number)]
        body = "".join(_BODY.format(number=part) for part in range(20))
        (folder / f"module{number}.py").write_text("import json\nimport os\n" + "\n".join(imports) + body)
    (top / "src" / "shop" / "__init__.py").touch()
    (top / "tests").mkdir()
    (top / "tests" / "conftest.py").write_text("import pytest\n")
    for number in range(TEST_FILES):
        used = chance.sample(range(MODULES), 3)
        imports = [f"from shop.part{module // 20}.module{module} import work_1" for module in used]
        tests = [f"def test_{case}():\n    assert work_1([1]) == 1\n" for case in range(TESTS_PER_FILE)]
        (top / "tests" / f"test_{number}.py").write_text("\n".join([*imports, *tests]))
    return [f"tests/test_{file}.py::test_{case}" for file in range(TEST_FILES) for case in range(TESTS_PER_FILE)]


def _earlier(chance: random.Random, number: int) -> list[int]:
    return chance.sample(range(number), min(number, 2)) if number % 3 else []


def parse_only(top: Path) -> None:
    for file in top.rglob("*.py"):
        ast.parse(file.read_bytes())


def fastest(*works: Callable[[], object]) -> list[float]:
    """The processor seconds of each, in turns; the fastest round is the one that others disturbed least."""
    rounds = [[_timed(work) for work in works] for _ in range(ROUNDS)]
    return [min(times) for times in zip(*rounds, strict=True)]


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        tests = build(top)
        changes = [Change("src/shop/part3/module61.py", ChangeKind.MODIFIED)]
        graph = ImportGraph.of(top)
        floor, reading, selecting = fastest(
            lambda: parse_only(top), lambda: ImportGraph.of(top), lambda: select(tests, changes, graph)
        )
        chosen = len(select(tests, changes, graph).body.selected)
    print(f"{MODULES} modules, {TEST_FILES} test files, {len(tests)} tests, {chosen} selected")
    print(f"floor (ast.parse only)  {floor:6.2f} s")
    print(f"import graph            {reading:6.2f} s   {reading / floor:.2f} x floor")
    print(f"selection and shards    {selecting:6.2f} s   {selecting / floor:.2f} x floor")
    print(f"together                {reading + selecting:6.2f} s   {(reading + selecting) / floor:.2f} x floor")


if __name__ == "__main__":
    main()
