"""How near a test's file is to the changed ones: by name, by folder, and by imports."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maestro.impact.graph.imports import ImportGraph, folders_above
from maestro.impact.graph.reach import reach
from maestro.impact.knowledge.words import parts_of

Floats = NDArray[np.float32]
_SAYS_NOTHING = frozenset({"init", "lib", "python", "src", "test", "tests"})


@dataclass(frozen=True, eq=False, slots=True)
class Nearness:
    """One value for each test file. ``similarity`` and ``folder`` are the best over the changed files, in [0, 1].

    ``imports`` is 1 / (1 + distance in the import graph), 0 where there is no way or no graph.
    """

    similarity: Floats
    folder: Floats
    imports: Floats


def nearness_of(test_files: Sequence[str], changed: Sequence[str], graph: ImportGraph | None) -> Nearness:
    """Compare each test file with all changed files."""
    words = [_words(path) for path in changed]
    folders = [frozenset(folders_above(path)[:-1]) for path in changed]
    similarity = np.zeros(len(test_files), dtype=np.float32)
    folder = np.zeros(len(test_files), dtype=np.float32)
    imports = np.zeros(len(test_files), dtype=np.float32)
    way = reach(graph, changed) if graph is not None else None
    for index, file in enumerate(test_files):
        own_words, own_folders = _words(file), frozenset(folders_above(file)[:-1])
        similarity[index] = max((_overlap(own_words, other) for other in words), default=0.0)
        folder[index] = max((len(own_folders & other) / max(len(other), 1) for other in folders), default=0.0)
        step = way.of_test(file) if way is not None else None
        imports[index] = 1 / (1 + step.distance) if step is not None else 0.0
    return Nearness(similarity, folder, imports)


def _words(path: str) -> frozenset[str]:
    stem = posixpath.splitext(path)[0]
    found = parts_of(posixpath.basename(stem)) or parts_of(posixpath.basename(posixpath.dirname(stem)))
    return found - _SAYS_NOTHING or parts_of(posixpath.basename(posixpath.dirname(stem))) - _SAYS_NOTHING


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one & other else 0.0
