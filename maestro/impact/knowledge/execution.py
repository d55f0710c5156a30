"""Questions about what the recorded tests executed, answered as one yes or no for each recorded test."""

import hashlib
import math
import posixpath
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from maestro.impact.knowledge.recording import Recording

Mask = NDArray[np.bool_]
"""One value for each recorded test."""


class Execution:
    """The executed lines of one recorded file, unpacked once for many questions."""

    def __init__(self, recording: Recording, file: str) -> None:
        self._coverage = recording.coverage_of(file)
        self._count = len(recording.tests)
        if self._coverage is not None:
            self._bits = np.unpackbits(self._coverage.bitmaps, axis=1, bitorder="little")
            self._outside = np.unpackbits(self._coverage.outside, bitorder="little")

    def any_of(self, lines: range) -> Mask:
        """Which tests executed one of the lines."""
        mask = np.zeros(self._count, dtype=np.bool_)
        if self._coverage is not None:
            hit: Mask = np.any(self._bits[:, lines.start : lines.stop], axis=1)
            mask[self._coverage.tests] = hit[self._coverage.units]
        return mask

    def anything(self) -> Mask:
        """Which tests executed any line of the file."""
        mask = np.zeros(self._count, dtype=np.bool_)
        if self._coverage is not None:
            mask[self._coverage.tests] = True
        return mask

    def doubtful(self) -> Mask:
        """Which tests were recorded with other bytes in the file than the rest."""
        mask = np.zeros(self._count, dtype=np.bool_)
        if self._coverage is not None:
            mask[self._coverage.tests] = self._coverage.doubtful
        return mask

    def outside_of_tests(self, lines: range) -> bool:
        """One of the lines ran while modules were imported or tests collected."""
        return self._coverage is not None and bool(self._outside[lines.start : lines.stop].any())


def rarity(mask: Mask) -> float:
    """-log of the share of tests that it holds for, in nats: 0 for all of them, the most for a single one."""
    held = int(np.count_nonzero(mask))
    return math.log(len(mask) / held) if held else 0.0


def openers(recording: Recording, path: str) -> NDArray[np.int32]:
    """The tests that opened a file of the repository, or listed the folder that it is in."""
    folder = posixpath.dirname(path)
    listed = recording.opened_by(f"{folder}/") if folder else recording.opened_by("/")
    return np.union1d(recording.opened_by(path), listed).astype(np.int32)


def rows_of(recording: Recording, tests: Sequence[str]) -> NDArray[np.int32]:
    """Each test's place in the recording, -1 for one that it does not know."""
    places = {test: place for place, test in enumerate(recording.tests)}
    return np.fromiter((places.get(test, -1) for test in tests), dtype=np.int32, count=len(tests))


def is_stale(recording: Recording, file: str, text: str | None) -> bool:
    """The recorded file is not what it was when it was recorded."""
    blob = recording.blob_of(file)
    return bool(blob) and (text is None or hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest() != blob)
