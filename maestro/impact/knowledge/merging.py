"""Puts two recordings together, as when a pull request's run has recorded only the tests that it selected."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from maestro.impact.knowledge.coverage import Coverage
from maestro.impact.knowledge.recording import Recording


def merge(older: Recording, newer: Recording) -> Recording:
    """Both; the newer one's tests replace their rows in the older one, its files their digests.

    Rows that the older one has for a file whose bytes differ in the newer one stay, marked doubtful. The older one's
    ``recorded_at`` stands, because the whole is as old as its oldest part.
    """
    tests = (*newer.tests, *(test for test in older.tests if newer.index(test) is None))
    kept = np.array([number for number, test in enumerate(older.tests) if newer.index(test) is None], np.int32)
    places = np.full(len(older.tests), -1, np.int32)
    places[kept] = np.arange(len(newer.tests), len(tests), dtype=np.int32)
    files = tuple(sorted({*older.files, *newer.files}))
    return Recording(
        revision=newer.revision,
        recorded_at=min(older.recorded_at, newer.recorded_at),
        python=newer.python,
        granularity="block" if "block" in {older.granularity, newer.granularity} else "line",
        tests=tests,
        seconds=np.concatenate([newer.seconds, older.seconds[kept]]),
        verdicts=np.concatenate([newer.verdicts, older.verdicts[kept]]),
        flags=np.concatenate([newer.flags, older.flags[kept]]),
        files=files,
        blobs=tuple(newer.blob_of(file) or older.blob_of(file) for file in files),
        coverage=tuple(_merged(file, older, newer, places) for file in files),
        openings=_openings(older.openings, newer.openings, places),
        opened_at_import=older.opened_at_import | newer.opened_at_import,
        unseen=older.unseen | newer.unseen,
    )


def _merged(file: str, older: Recording, newer: Recording, places: NDArray[np.int32]) -> Coverage:
    old, new = older.coverage_of(file), newer.coverage_of(file)
    if old is not None:
        old = _moved(old, places, doubtful=new is not None and older.blob_of(file) != newer.blob_of(file))
    if old is None or new is None:
        found = old or new
        assert found is not None  # noqa: S101 - the file is of one of them
        return found
    width = max(old.bitmaps.shape[1], new.bitmaps.shape[1])
    same = older.blob_of(file) == newer.blob_of(file)
    order = np.argsort(np.concatenate([new.tests, old.tests]), kind="stable")
    outside = _padded(new.outside[None], width)[0]
    return Coverage(
        tests=np.concatenate([new.tests, old.tests])[order],
        units=np.concatenate([new.units, old.units + np.int32(len(new.bitmaps))])[order],
        doubtful=np.concatenate([new.doubtful, old.doubtful])[order],
        bitmaps=np.concatenate([_padded(new.bitmaps, width), _padded(old.bitmaps, width)]),
        outside=outside | _padded(old.outside[None], width)[0] if same else outside,
    )


def _moved(coverage: Coverage, places: NDArray[np.int32], *, doubtful: bool) -> Coverage:
    """The rows of the tests that have a place, there, with the bitmaps that they use."""
    tests = places[coverage.tests]
    stays = tests >= 0
    used, units = np.unique(coverage.units[stays], return_inverse=True)
    return Coverage(
        tests=tests[stays],
        units=units.astype(np.int32),
        doubtful=coverage.doubtful[stays] | doubtful,
        bitmaps=coverage.bitmaps[used],
        outside=coverage.outside,
    )


def _padded(bitmaps: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    return np.pad(bitmaps, ((0, 0), (0, width - bitmaps.shape[1])))


def _openings(
    older: Mapping[str, NDArray[np.int32]], newer: Mapping[str, NDArray[np.int32]], places: NDArray[np.int32]
) -> dict[str, NDArray[np.int32]]:
    none = np.empty(0, np.int32)
    found = {}
    for path in sorted({*older, *newer}):
        moved = places[older.get(path, none)]
        found[path] = np.union1d(newer.get(path, none), moved[moved >= 0]).astype(np.int32)
    return {path: tests for path, tests in found.items() if tests.size}
