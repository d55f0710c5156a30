"""Which tests executed which lines of one file, as bitmaps that tests with the same lines share.

Ten thousand tests that each execute a thousand lines take ten million pairs; in this form they are a few thousand
bitmaps and one small row for each test and file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Coverage:
    """Row i says: test ``tests[i]`` (rising) executed the lines of ``bitmaps[units[i]]``.

    Bit n of a bitmap, lowest first, is line n. ``outside`` is the bitmap of what runs outside every test: at import
    and collection. ``doubtful`` marks rows that were recorded with other bytes in the file than the rest.
    """

    tests: NDArray[np.int32]
    units: NDArray[np.int32]
    doubtful: NDArray[np.bool_]
    bitmaps: NDArray[np.uint8]
    outside: NDArray[np.uint8]

    @classmethod
    def of(cls, rows: Mapping[int, int], *, outside: int) -> Self:
        """From whole numbers whose bit n is line n, by test."""
        order = sorted(rows)
        numbers: dict[int, int] = {}
        units = [numbers.setdefault(rows[test], len(numbers)) for test in order]
        width = max((bits.bit_length() + 7) // 8 for bits in (outside, *numbers))
        packed = b"".join(bits.to_bytes(width, "little") for bits in numbers)
        return cls(
            tests=np.array(order, np.int32),
            units=np.array(units, np.int32),
            doubtful=np.zeros(len(order), np.bool_),
            bitmaps=np.frombuffer(packed, np.uint8).reshape(len(numbers), width),
            outside=np.frombuffer(outside.to_bytes(width, "little"), np.uint8),
        )

    def pairs(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(line, test) of every line that a test executed, in the order of tests, then lines."""
        unit, line = np.nonzero(np.unpackbits(self.bitmaps, axis=1, bitorder="little"))
        counts = np.bincount(unit, minlength=len(self.bitmaps))
        starts = np.cumsum(counts) - counts
        lengths = counts[self.units]
        first = np.repeat(starts[self.units] - (np.cumsum(lengths) - lengths), lengths)
        lines = line[first + np.arange(len(first))]
        return lines.astype(np.int32), np.repeat(self.tests, lengths)

    def outside_lines(self) -> NDArray[np.int32]:
        """The lines that run outside every test."""
        return np.flatnonzero(np.unpackbits(self.outside, bitorder="little")).astype(np.int32)

    def executed(self, lines: NDArray[np.int32]) -> NDArray[np.bool_]:
        """For each row (first axis) and each of ``lines`` (second), whether the test executed that line."""
        within = lines < self.bitmaps.shape[1] * 8
        known = np.where(within, lines, 0)
        bits = (self.bitmaps[:, known >> 3] >> (known & 7).astype(np.uint8)) & 1
        result: NDArray[np.bool_] = ((bits == 1) & within)[self.units]
        return result

    def line_counts(self) -> NDArray[np.int32]:
        """For each row, how many lines the test executed."""
        per_unit = np.unpackbits(self.bitmaps, axis=1).sum(axis=1, dtype=np.int32)
        result: NDArray[np.int32] = per_unit[self.units]
        return result
