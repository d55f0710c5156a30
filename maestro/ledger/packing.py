"""One build's outcomes as bytes: about one byte for each. Durations lose less than 1 %; nothing else is lost.

A duration is stored as a step on a scale where each step is 2 % longer than the one before, so that the nearest is at
most 1 % away; below ``SHORTEST_SECONDS`` it is within 50 microseconds.
"""

import struct
import zlib
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from maestro.errors import IntegrityError

SHORTEST_SECONDS = 1e-4
STEP = 1.02
FORMAT = 1

_HEAD = struct.Struct("<BII")
_LEVEL = 6

Number = TypeVar("Number", np.uint16, np.uint32)

Columns = tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.float32], NDArray[np.int32]]
"""Tests, verdicts, seconds, and the tests that are flaky."""


def pack(
    tests: NDArray[np.int32], verdicts: NDArray[np.uint8], seconds: NDArray[np.float32], *, flaky: NDArray[np.int32]
) -> bytes:
    """The columns as bytes. ``tests`` and ``flaky`` are not negative and rise, each once."""
    body = _planes(_gaps(tests)) + verdicts.tobytes() + _planes(_steps(seconds)) + _planes(_gaps(flaky))
    return _HEAD.pack(FORMAT, tests.size, flaky.size) + zlib.compress(body, _LEVEL)


def unpack(packed: bytes) -> Columns:
    """The columns as they were packed. Raises IntegrityError for what ``pack`` did not write."""
    try:
        version, tests, flaky = _HEAD.unpack_from(packed)
        body = zlib.decompress(packed[_HEAD.size :])
    except (struct.error, zlib.error) as error:
        raise _broken(str(error)) from error
    if version != FORMAT or len(body) != 7 * tests + 4 * flaky:
        raise _broken(f"format {version}, {len(body)} bytes for {tests} outcomes")
    at = np.cumsum([0, 4 * tests, tests, 2 * tests])
    return (
        _rising(_joined(body[at[0] : at[1]], np.uint32)),
        np.frombuffer(body[at[1] : at[2]], np.uint8),
        _seconds(_joined(body[at[2] : at[3]], np.uint16)),
        _rising(_joined(body[at[3] :], np.uint32)),
    )


def same(one: bytes, other: bytes) -> bool:
    """Whether both hold the same outcomes; the same outcomes need not have shrunk to the same bytes."""
    return one == other or [column.tolist() for column in unpack(one)] == [column.tolist() for column in unpack(other)]


def _gaps(rising: NDArray[np.int32]) -> NDArray[np.uint32]:
    return np.diff(rising, prepend=np.int32(-1)).astype(np.uint32)


def _steps(seconds: NDArray[np.float32]) -> NDArray[np.uint16]:
    """0 is no time at all, 1 the shortest, each further step 2 % more."""
    shortest = np.maximum(seconds.astype(np.float64), SHORTEST_SECONDS)
    steps = np.rint(np.log(shortest / SHORTEST_SECONDS) / np.log(STEP)) + 1
    return np.where(seconds < SHORTEST_SECONDS / 2, 0, steps).astype(np.uint16)


def _seconds(steps: NDArray[np.uint16]) -> NDArray[np.float32]:
    scale = SHORTEST_SECONDS * STEP ** (steps.astype(np.float64) - 1)
    return np.where(steps == 0, 0.0, scale).astype(np.float32)


def _planes(values: NDArray[np.uint16] | NDArray[np.uint32]) -> bytes:
    """All lowest bytes first, then the next: the high ones are nearly all zero, and shrink to nothing."""
    little = values.astype(values.dtype.newbyteorder("<"))
    return little.view(np.uint8).reshape(-1, values.itemsize).T.tobytes()


def _joined(planes: bytes, kind: type[Number]) -> NDArray[Number]:
    width = np.dtype(kind).itemsize
    return np.frombuffer(planes, np.uint8).reshape(width, -1).T.copy().view(np.dtype(kind).newbyteorder("<")).ravel()


def _rising(steps: NDArray[np.uint32]) -> NDArray[np.int32]:
    return (np.cumsum(steps, dtype=np.int64) - 1).astype(np.int32)


def _broken(how: str) -> IntegrityError:
    return IntegrityError(
        f"a stored build cannot be read: {how}",
        field="builds.body",
        fix="restore the ledger from a backup, or import the history into a new one",
    )
