"""Processor time to gather the evidence of one patch on a synthetic repository of 100,000 recorded tests, step by step.

Texts are in memory and read once before, as in a process that keeps a library; reading them for the first time is shown
beside its floor, ``ast.parse`` of the same texts. Run: ``python benchmarks/evidence.py``.
"""

import ast
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import numpy as np

from maestro.impact.knowledge.coverage import Coverage
from maestro.impact.knowledge.diffs import parse_patch
from maestro.impact.knowledge.edits import edits_of
from maestro.impact.knowledge.evidence import evidence_of
from maestro.impact.knowledge.lexical import lexical_of
from maestro.impact.knowledge.listing import listing_of
from maestro.impact.knowledge.patch import apply_patch
from maestro.impact.knowledge.recording import Recording
from maestro.impact.knowledge.traces import traces_of
from maestro.impact.knowledge.units import Library
from maestro.impact.knowledge.users import Followed

Answer = TypeVar("Answer")

MODULES = 1_000
FUNCTIONS = 20
TEST_FILES = 2_000
TESTS_PER_FILE = 50
ROUNDS = 3
_FUNCTION = '''
def compute_{topic}_{number}(values, factor={number}):
    """Multiply what is positive."""
    total = 0
    for value in values:
        if value > 0 and factor != 3:
            total += value * factor
    return total
'''
_FUNCTION_LINES = _FUNCTION.count("\n")
_TEST = """
def test_{topic}_{number}_is_computed(samples):
    expected_{topic} = [1, 2, {number}]
    result = compute_{topic}_{number}(expected_{topic}, factor=2)
    assert result == sum(expected_{topic}) * 2
"""
_TOPICS = [
    first + second for first in ("price", "cart", "tax", "stock", "route") for second in ("", "rule", "book", "set")
]


def texts() -> dict[str, str]:
    """Modules of functions, and test files that call some of them."""
    chance = random.Random(7)
    found = {
        f"src/shop/module{module}.py": "".join(
            _FUNCTION.format(topic=_TOPICS[module % len(_TOPICS)], number=number) for number in range(FUNCTIONS)
        )
        for module in range(MODULES)
    }
    for file in range(TEST_FILES):
        module = chance.randrange(MODULES)
        topic = _TOPICS[module % len(_TOPICS)]
        tests = [_TEST.format(topic=topic, number=number) for number in range(TESTS_PER_FILE)]
        found[f"tests/test_{file}.py"] = "".join([f"from shop.module{module} import *\n", *tests])
    return found


def listed(found: dict[str, str]) -> list[str]:
    """The ids of all tests."""
    return [
        f"{path}::{line[4:].partition('(')[0]}"
        for path, text in found.items()
        if path.startswith("tests/")
        for line in text.splitlines()
        if line.startswith("def test_")
    ]


def record(found: dict[str, str], tests: list[str]) -> Recording:
    """Every test executes one function each of twenty modules, and every hundredth all of one."""
    chance = random.Random(11)
    modules = [path for path in found if path.startswith("src/")]
    bodies = [
        sum(1 << line for line in range(_FUNCTION_LINES * number + 4, _FUNCTION_LINES * (number + 1) + 1))
        for number in range(FUNCTIONS)
    ]
    rows: list[dict[int, int]] = [{} for _ in modules]
    for test in range(len(tests)):
        for module in chance.sample(range(len(modules)), 20):
            rows[module][test] = bodies[test % FUNCTIONS] if test % 100 else sum(bodies)
    return Recording(
        revision="0" * 40,
        recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
        python="3.13",
        granularity="line",
        tests=tuple(tests),
        seconds=np.full(len(tests), 0.01, np.float32),
        verdicts=np.zeros(len(tests), np.uint8),
        flags=np.zeros(len(tests), np.uint8),
        files=tuple(modules),
        blobs=("",) * len(modules),
        coverage=tuple(Coverage.of(row, outside=2) for row in rows),
        openings={},
    )


def timed(what: str, work: Callable[[], Answer]) -> Answer:
    """Print the best of some rounds in milliseconds."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        answer = work()
        best = min(best, time.process_time() - started)
    print(f"{what:44s} {best * 1000:9.1f} ms")
    return answer


def main() -> None:
    found = texts()
    tests = listed(found)
    recording = record(found, tests)
    path = "src/shop/module7.py"
    changed = found[path].replace("value > 0", "value >= 0", 3).replace("factor=9", "factor=8")
    patch = parse_patch(_diff(path, found[path], changed))
    after = found | apply_patch(patch, found.get)
    print(f"{len(tests)} tests, {len(found)} files, {sum(map(len, found.values())) / 1e6:.1f} MB of Python")

    started = time.process_time()
    for text in found.values():
        ast.parse(text)
    print(f"{'floor: ast.parse of all files, once':44s} {(time.process_time() - started) * 1000:9.1f} ms")
    library = Library()
    started = time.process_time()
    for text in found.values():
        library.units(text)
    print(f"{'read all files for the first time':44s} {(time.process_time() - started) * 1000:9.1f} ms")

    started = time.process_time()
    int(recording.line_counts.sum())
    print(f"{'lines per test of the recording, once':44s} {(time.process_time() - started) * 1000:9.1f} ms")
    edits = timed("edits of the patch", lambda: edits_of(patch, found.get, after.get))
    listing = timed("find the source of each test", lambda: listing_of(tests, after.get, library))
    followed = Followed(recording.files, found.get, library)
    trails = timed("follow names", lambda: {place: followed.trail(edit) for place, edit in enumerate(edits)})
    names = {place: trail.names for place, trail in trails.items()}
    timed("what was executed", lambda: traces_of(edits, trails, recording, ()))
    timed("what the tests say", lambda: lexical_of(edits, names, listing))
    evidence = timed(
        "the whole evidence",
        lambda: evidence_of(patch, old=found.get, new=after.get, tests=tests, recording=recording, library=library),
    )
    print(f"{int(evidence.column('line_executed').sum())} tests executed changed lines; {evidence.reason(0)[1]}")


def _diff(path: str, old: str, new: str) -> str:
    rows = [f"-{line}" for line in old.splitlines()] + [f"+{line}" for line in new.splitlines()]
    counts = len(old.splitlines()), len(new.splitlines())
    return f"--- a/{path}\n+++ b/{path}\n@@ -1,{counts[0]} +1,{counts[1]} @@\n" + "\n".join(rows) + "\n"


if __name__ == "__main__":
    main()
