"""Which builds a model was fitted on: enough to tell later whether a build was seen, and whether data changed since."""

import hashlib
import json

import numpy as np
from pydantic import Field

from maestro.canonical import DIGEST_PREFIX
from maestro.impact.history.builds import Build, History
from maestro.model.base import Config


class DataWindow(Config):
    """The builds of one fit. Times are seconds since the epoch; ``digest`` covers every verdict, duration and file.

    An empty history has no builds, and times of 0.
    """

    builds: int = Field(ge=0)
    red_builds: int = Field(ge=0)
    outcomes: int = Field(ge=0)
    first_build: str
    last_build: str
    first_time: float
    last_time: float
    digest: str


def window_of(history: History) -> DataWindow:
    """The window of a history; the same history gives the same one on every machine."""
    builds = history.builds
    first, last = (builds[0], builds[-1]) if builds else (None, None)
    return DataWindow(
        builds=len(builds),
        red_builds=sum(bool(build.failed.size) for build in builds),
        outcomes=history.outcomes,
        first_build=first.id if first else "",
        last_build=last.id if last else "",
        first_time=first.time if first else 0.0,
        last_time=last.time if last else 0.0,
        digest=_digest(history),
    )


def _digest(history: History) -> str:
    running = hashlib.sha256()
    running.update(_text([list(history.names), history.sparse]))
    for build in history.builds:
        running.update(_text(_facts(build)))
        # Little-endian by name, so that every machine hashes the same bytes; the facts say how long each column is.
        for column, kind in (
            (build.tests, "<i4"),
            (build.verdicts, "<u1"),
            (build.seconds, "<f4"),
            (build.flaky, "<i4"),
        ):
            running.update(np.ascontiguousarray(column, dtype=kind).tobytes())
    return DIGEST_PREFIX + running.hexdigest()


def _facts(build: Build) -> list[object]:
    return [
        build.id, build.time, build.revision, build.environment, build.retry, list(build.files),
        build.tests.size, build.flaky.size,
    ]  # fmt: skip


def _text(value: object) -> bytes:
    # JSON in ASCII: it tells where each part ends, and carries names that are not UTF-8.
    return json.dumps(value).encode() + b"\n"
