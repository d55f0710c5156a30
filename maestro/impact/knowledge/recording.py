"""What was recorded while tests ran: the lines each one executed, the data files it opened, and how far that is sure.

A value: it is made from the recorder's files (``recorded.py``), kept as bytes (``archive.py``), and asked for rows.
Lines count from 1, files are POSIX paths from the repository's top, tests are indices into ``tests``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from maestro.impact.knowledge.coverage import Coverage

Granularity = Literal["line", "block"]
"""``block``: a line counts as executed when the block of statements that it is in was entered."""

LOST: Final = 1
"""The test took the recorder away: it may have executed more than is known."""

SPAWNED: Final = 2
"""The test started other processes, whose lines are not known."""

_NOTHING = np.empty(0, np.int32)


@dataclass(frozen=True, eq=False)
class Recording:
    """What tests did at ``revision``. ``seconds``, ``verdicts`` and ``flags`` have one entry for each of ``tests``.

    ``verdicts`` are codes of ``maestro.impact.history.builds.VERDICTS``, ``flags`` sums of ``LOST`` and ``SPAWNED``.
    ``blobs`` has the hexadecimal SHA-256 of each of ``files`` when it was recorded. ``unseen`` are files that had been
    imported before recording began, so that nothing is known of what they did then.
    """

    revision: str
    recorded_at: datetime
    python: str
    granularity: Granularity
    tests: tuple[str, ...]
    seconds: NDArray[np.float32]
    verdicts: NDArray[np.uint8]
    flags: NDArray[np.uint8]
    files: tuple[str, ...]
    blobs: tuple[str, ...]
    coverage: tuple[Coverage, ...] = field(repr=False)
    openings: Mapping[str, NDArray[np.int32]] = field(repr=False)
    opened_at_import: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()

    def index(self, test: str) -> int | None:
        """Where the test stands in ``tests``; None where it was not recorded."""
        return self._test_index.get(test)

    def lines_of(self, file: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Pairs (line, test): this test executed this line of the file. Empty where nothing is known of the file."""
        coverage = self.coverage_of(file)
        return (_NOTHING, _NOTHING) if coverage is None else coverage.pairs()

    def at_import(self, file: str) -> NDArray[np.int32]:
        """The lines of the file that run outside every test: when it is imported, or while tests are collected."""
        coverage = self.coverage_of(file)
        return _NOTHING if coverage is None else coverage.outside_lines()

    def tests_of(self, file: str) -> NDArray[np.int32]:
        """The tests that executed any line of the file, without what ran at import."""
        coverage = self.coverage_of(file)
        return _NOTHING if coverage is None else coverage.tests

    def opened_by(self, path: str) -> NDArray[np.int32]:
        """The tests that opened this file of the repository, or listed the folder that ``path`` names with a ``/``."""
        return self.openings.get(path, _NOTHING)

    def coverage_of(self, file: str) -> Coverage | None:
        """All that is known of one file; None where no test and no import touched it."""
        place = self._file_index.get(file)
        return None if place is None else self.coverage[place]

    def blob_of(self, file: str) -> str:
        """The hexadecimal SHA-256 of the file when it was recorded, or nothing."""
        place = self._file_index.get(file)
        return "" if place is None else self.blobs[place]

    @cached_property
    def line_counts(self) -> NDArray[np.int32]:
        """For each test, how many lines it executed, over all files."""
        counts = np.zeros(len(self.tests), np.int32)
        for coverage in self.coverage:
            counts[coverage.tests] += coverage.line_counts()
        return counts

    @cached_property
    def _test_index(self) -> dict[str, int]:
        return {test: number for number, test in enumerate(self.tests)}

    @cached_property
    def _file_index(self) -> dict[str, int]:
        return {file: number for number, file in enumerate(self.files)}

    def dump(self) -> bytes:
        """The recording as bytes: versioned, compressed, with their own digest."""
        from maestro.impact.knowledge.archive import dump  # noqa: PLC0415 - the archive is made of this class

        return dump(self)

    @classmethod
    def load(cls, data: bytes) -> Self:
        """The recording of these bytes. Raises BadInput where they are damaged or of another version."""
        from maestro.impact.knowledge.archive import load  # noqa: PLC0415 - as above

        return load(cls, data)

    @classmethod
    def merge(cls, older: "Recording", newer: "Recording") -> "Recording":
        """Both, where the newer one's tests replace their rows in the older one.

        What the older one knows of a file whose bytes have changed since stays, and is marked doubtful.
        """
        from maestro.impact.knowledge.merging import merge  # noqa: PLC0415 - merging is made of this class

        return merge(older, newer)
