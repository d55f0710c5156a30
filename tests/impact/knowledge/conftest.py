"""Patches as two trees, and recordings as what each test executed, written for one test."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

import numpy as np
import pytest

from maestro.impact.knowledge.coverage import Coverage
from maestro.impact.knowledge.edits import Edit, edits_of
from maestro.impact.knowledge.evidence import Evidence, evidence_of
from maestro.impact.knowledge.patch import FilePatch, Patch
from maestro.impact.knowledge.recording import Recording

Texts = Mapping[str, str]
EditsOf = Callable[[Texts, Texts], tuple[Edit, ...]]
Gather = Callable[..., Evidence]
Record = Callable[..., Recording]


def patch_of(before: Texts, after: Texts) -> Patch:
    """The patch between two trees, without hunks: whoever reads the texts needs none."""
    files = sorted(before.keys() | after.keys())
    return Patch(
        tuple(
            FilePatch(file if file in before else "", file if file in after else "")
            for file in files
            if before.get(file) != after.get(file)
        )
    )


def bits(lines: Iterable[int]) -> int:
    return sum(1 << line for line in set(lines))


@pytest.fixture
def edits() -> EditsOf:
    """The edits between two trees."""
    return lambda before, after: edits_of(patch_of(before, after), before.get, after.get)


@pytest.fixture
def record() -> Record:
    """A recording of ``executed`` (test, file, lines) in the tree ``texts``; ``outside`` is what ran at import."""

    def build(
        texts: Texts,
        executed: Mapping[str, Mapping[str, Iterable[int]]],
        *,
        outside: Mapping[str, Iterable[int]] | None = None,
        opened: Mapping[str, Iterable[str]] | None = None,
        opened_at_import: Iterable[str] = (),
        flags: Mapping[str, int] | None = None,
    ) -> Recording:
        tests = tuple(executed)
        files = [file for file in texts if file.endswith(".py")]
        rows: dict[str, dict[int, int]] = {file: {} for file in files}
        for place, found in enumerate(executed.values()):
            for file, lines in found.items():
                rows[file][place] = bits(lines)
        return Recording(
            revision="0" * 40,
            recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
            python="3.13",
            granularity="line",
            tests=tests,
            seconds=np.ones(len(tests), np.float32),
            verdicts=np.zeros(len(tests), np.uint8),
            flags=np.array([(flags or {}).get(test, 0) for test in tests], np.uint8),
            files=tuple(files),
            blobs=tuple(hashlib.sha256(texts[file].encode()).hexdigest() for file in files),
            coverage=tuple(Coverage.of(rows[file], outside=bits((outside or {}).get(file, ()))) for file in files),
            openings={
                path: np.array([tests.index(test) for test in by], np.int32) for path, by in (opened or {}).items()
            },
            opened_at_import=frozenset(opened_at_import),
        )

    return build


@pytest.fixture
def gather() -> Gather:
    """The evidence of the patch between two trees."""

    def build(before: Texts, after: Texts, tests: Iterable[str], recording: Recording | None = None) -> Evidence:
        patch = patch_of(before, after)
        return evidence_of(patch, old=before.get, new=after.get, tests=tuple(tests), recording=recording)

    return build
