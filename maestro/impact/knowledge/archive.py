"""A recording as bytes: a line with the version, a line with the digest of the rest, and the rest compressed.

The rest is a JSON header followed by the arrays in the header's order. Nothing in it is ever executed.
"""

import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from maestro.errors import BadInput
from maestro.impact.knowledge.coverage import Coverage
from maestro.impact.knowledge.recording import Recording

MAGIC: Final = b"maestro recording 1\n"
RAW_LIMIT_BYTES: Final = 4_000_000_000
"""A recording that would be larger than this in memory is refused: no suite has one."""

_DIGEST_BYTES: Final = 64
_LEVEL: Final = 1
"""The bitmaps are dense already; higher levels take five times as long for a tenth less."""

_FIX: Final = "record again: `maestro tests select` does without a recording until then, and selects more tests"

Kind = TypeVar("Kind", bound=Recording)


def dump(recording: Recording) -> bytes:
    """The bytes of ``recording``; equal recordings have equal bytes."""
    openings = sorted(recording.openings)
    header = {
        "revision": recording.revision,
        "recorded_at": recording.recorded_at.isoformat(),
        "python": recording.python,
        "granularity": recording.granularity,
        "tests": recording.tests,
        "files": recording.files,
        "blobs": recording.blobs,
        "rows": [len(each.tests) for each in recording.coverage],
        "bitmaps": [each.bitmaps.shape for each in recording.coverage],
        "openings": [[path, len(recording.openings[path])] for path in openings],
        "opened_at_import": sorted(recording.opened_at_import),
        "unseen": sorted(recording.unseen),
    }
    text = json.dumps(header, separators=(",", ":"), sort_keys=True).encode("ascii")
    parts = [len(text).to_bytes(8, "big"), text]
    parts += [_little(each) for each in (recording.seconds, recording.verdicts, recording.flags)]
    for each in recording.coverage:
        parts += [_little(array) for array in (each.tests, each.units, each.doubtful, each.bitmaps, each.outside)]
    parts += [_little(recording.openings[path]) for path in openings]
    packed = zlib.compress(b"".join(parts), _LEVEL)
    return MAGIC + hashlib.sha256(packed).hexdigest().encode("ascii") + b"\n" + packed


def load(kind: type[Kind], data: bytes) -> Kind:
    """The recording of these bytes. Raises BadInput where they are damaged or of another version."""
    if not data.startswith(MAGIC):
        first = data[:40].split(b"\n")[0].decode("ascii", "replace")
        raise BadInput(f"no recording of this version: it begins with {first!r}", field="recording", fix=_FIX)
    start = len(MAGIC) + _DIGEST_BYTES
    packed = data[start + 1 :]
    if hashlib.sha256(packed).hexdigest().encode("ascii") != data[len(MAGIC) : start]:
        raise BadInput("the bytes do not match the digest in them", field="recording", fix=_FIX)
    try:
        return _parsed(kind, _unpacked(packed))
    except (KeyError, IndexError, TypeError, ValueError, zlib.error) as error:
        raise BadInput(f"the recording cannot be read: {error}", field="recording", fix=_FIX) from error


def _unpacked(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    raw = unpacking.decompress(packed, RAW_LIMIT_BYTES)
    if not unpacking.eof:
        raise ValueError("it is cut off, or unpacks to more than any recording has")
    return raw


def _parsed(kind: type[Kind], raw: bytes) -> Kind:
    length = int.from_bytes(raw[:8], "big")
    header: dict[str, Any] = json.loads(raw[8 : 8 + length])
    arrays = _Arrays(raw, 8 + length)
    count = len(header["tests"])
    seconds, verdicts, flags = (arrays.take(dtype, count) for dtype in (np.float32, np.uint8, np.uint8))
    coverage = tuple(
        _coverage(arrays, rows, height, width, count)
        for rows, (height, width) in zip(header["rows"], header["bitmaps"], strict=True)
    )
    openings = dict(_openings(arrays, header["openings"], count))
    arrays.require_end()
    if header["granularity"] not in {"line", "block"} or len(header["files"]) != len(coverage):
        raise ValueError("its parts do not belong together")
    return kind(
        revision=header["revision"],
        recorded_at=datetime.fromisoformat(header["recorded_at"]),
        python=header["python"],
        granularity=header["granularity"],
        tests=tuple(header["tests"]),
        seconds=seconds,
        verdicts=verdicts,
        flags=flags,
        files=tuple(header["files"]),
        blobs=tuple(header["blobs"]),
        coverage=coverage,
        openings=openings,
        opened_at_import=frozenset(header["opened_at_import"]),
        unseen=frozenset(header["unseen"]),
    )


def _coverage(arrays: "_Arrays", rows: int, height: int, width: int, tests: int) -> Coverage:
    return Coverage(
        tests=_indices(arrays.take(np.int32, rows), tests),
        units=_indices(arrays.take(np.int32, rows), height),
        doubtful=arrays.take(np.bool_, rows),
        bitmaps=arrays.take(np.uint8, height * width).reshape(height, width),
        outside=arrays.take(np.uint8, width),
    )


def _openings(arrays: "_Arrays", sizes: list[list[Any]], tests: int) -> Iterator[tuple[str, NDArray[np.int32]]]:
    for path, size in sizes:
        yield path, _indices(arrays.take(np.int32, size), tests)


def _indices(array: NDArray[np.int32], limit: int) -> NDArray[np.int32]:
    if array.size and not (array.min() >= 0 and array.max() < limit):
        raise ValueError("an index points outside")
    return array


@dataclass
class _Arrays:
    """Takes one array after the other from the bytes, without copying."""

    raw: bytes
    offset: int

    def take(self, dtype: type[Any], count: int) -> NDArray[Any]:
        kind = np.dtype(dtype).newbyteorder("<")
        array = np.frombuffer(self.raw, kind, count=count, offset=self.offset)
        self.offset += array.nbytes
        return array

    def require_end(self) -> None:
        if self.offset != len(self.raw):
            raise ValueError("something is left over at its end")


def _little(array: NDArray[Any]) -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
