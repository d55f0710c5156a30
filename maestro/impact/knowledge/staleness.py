"""How far a recording can still be trusted: by its age, and by the files that have changed since."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from maestro.impact.knowledge.recording import LOST, Recording

NAMED = 3
"""Files named in a sentence."""


@dataclass(frozen=True, eq=False)
class Doubt:
    """``files`` are not what they were when recorded; ``tests`` (indices into the recording) executed them.

    ``expired`` says that the recording is older than its limit: then every test is in doubt. ``reason`` is a
    sentence, empty where nothing is in doubt.
    """

    files: tuple[str, ...]
    tests: NDArray[np.int32]
    expired: bool
    reason: str


def stale(recording: Recording, blobs_now: Mapping[str, str], *, limit_days: float, now: datetime) -> Doubt:
    """What is in doubt about ``recording`` where files now have these hexadecimal SHA-256 digests.

    ``blobs_now`` are those of the tree that a pull request starts from, so that its own changes cause no doubt; a file
    that is missing there counts as changed. A test in whose run the recorder was lost is always in doubt.
    """
    if reason := expired(recording, limit_days=limit_days, now=now):
        tests = np.arange(len(recording.tests), dtype=np.int32)
        return Doubt(recording.files, tests, expired=True, reason=reason)
    changed = [
        file for file, blob in zip(recording.files, recording.blobs, strict=True) if blobs_now.get(file, "") != blob
    ]
    doubtful = np.zeros(len(recording.tests), np.bool_)
    doubtful[np.flatnonzero(recording.flags & LOST)] = True
    for file, coverage in zip(recording.files, recording.coverage, strict=True):
        doubtful[coverage.tests if file in set(changed) else coverage.tests[coverage.doubtful]] = True
    tests = np.flatnonzero(doubtful).astype(np.int32)
    return Doubt(tuple(changed), tests, expired=False, reason=_reason(changed, tests.size))


def expired(recording: Recording, *, limit_days: float, now: datetime) -> str:
    """Why the recording is too old to be trusted at all, as a sentence; empty where it is not."""
    days = (now - recording.recorded_at).total_seconds() / 86_400.0
    if days <= limit_days:
        return ""
    return f"the recording is {days:.0f} days old, more than the {limit_days:g} that it is trusted for"


def _reason(changed: list[str], tests: int) -> str:
    if not tests and not changed:
        return ""
    if not changed:
        return f"{tests} tests were recorded with older files, or took the recorder away"
    more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
    return f"{', '.join(changed[:NAMED])}{more} changed since the recording, which {tests} tests executed"
