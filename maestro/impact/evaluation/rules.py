"""Fixed rules that need no model and no τ: what simpler selections would have run on the same evidence."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maestro.impact.evaluation.judging import marked
from maestro.impact.knowledge.evidence import Evidence

Flags = NDArray[np.bool_]

RANDOM_ORDERS: Final = 400
"""Enough for the chance of a catch to be within about 2 points."""


def _having(*columns: str) -> Callable[[Evidence], Flags]:
    def run(evidence: Evidence) -> Flags:
        found = marked(evidence.tests, evidence.forced)
        for column in columns:
            found |= evidence.column(column) > 0
        return found

    return run


RULES: Final[Mapping[str, Callable[[Evidence], Flags]]] = {
    "file coverage": _having("file_executed"),
    "function coverage": _having("symbol_entered"),
    "function coverage or named symbol": _having("symbol_entered", "names_symbol"),
}
"""New and changed tests run in each of them, and nothing makes them run everything."""


def random_starts(seconds: NDArray[np.float32], failing: Flags, *, seed: int) -> NDArray[np.float64]:
    """For many random orders of the tests, the share of the seconds after which the first failing test has ended."""
    random = np.random.default_rng(seed)
    durations = seconds.astype(np.float64)
    total = durations.sum() or 1.0
    found = np.empty(RANDOM_ORDERS)
    for number in range(RANDOM_ORDERS):
        order = random.permutation(durations.size)
        first = int(np.argmax(failing[order]))
        found[number] = durations[order[: first + 1]].sum() / total
    return found
