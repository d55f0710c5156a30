"""Cuts a selection into shards of about equal time: longest processing time first, the tests of a file together.

Tests of one file share fixtures of module scope, so a file is cut only where it alone exceeds a shard's fair share.
"""

import heapq
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from maestro.errors import BadInput

UNKNOWN_SECONDS = 1.0
"""Assumed of a test while nothing at all is known; too long rather than too short, which costs a shard, not a wait."""


@dataclass(frozen=True, slots=True)
class ShardLimits:
    """A shard should take ``target_seconds``; there are never more than ``max_shards``."""

    target_seconds: float = 60.0
    max_shards: int = 16


def expected_seconds(tests: Iterable[str], durations: Mapping[str, float]) -> dict[str, float]:
    """What each test should take: its own duration, else the median of the known ones, else ``UNKNOWN_SECONDS``."""
    names = list(tests)
    known = {name: durations[name] for name in names if math.isfinite(durations.get(name, math.nan))}
    typical = statistics.median(known.values()) if known else UNKNOWN_SECONDS
    return {name: max(known.get(name, typical), 0.0) for name in names}


def split(
    expected_seconds: Sequence[float], *, target_seconds: float, max_shards: int, files: Sequence[str] = ()
) -> tuple[tuple[int, ...], ...]:
    """Indices into ``expected_seconds`` by shard, each index once, rising within a shard; no shard is empty.

    ``files`` names the file of each test; without it, each test stands alone. ``BadInput`` when a limit is not positive
    or a duration is negative or not finite.
    """
    _check(expected_seconds, target_seconds, max_shards, files)
    total = math.fsum(expected_seconds)
    count = max(1, min(max_shards, len(expected_seconds), math.ceil(total / target_seconds)))
    blocks = _blocks(expected_seconds, files, fair_share=total / count)
    blocks.sort(key=lambda block: (-block[0], block[1][0]))
    loads: list[tuple[float, int, int]] = [(0.0, 0, shard) for shard in range(count)]
    shards: list[list[int]] = [[] for _ in range(count)]
    for seconds, indices in blocks:
        load, tests, shard = heapq.heappop(loads)
        shards[shard] += indices
        heapq.heappush(loads, (load + seconds, tests + len(indices), shard))
    return tuple(sorted(tuple(sorted(shard)) for shard in shards if shard))


def _check(seconds: Sequence[float], target_seconds: float, max_shards: int, files: Sequence[str]) -> None:
    if not (math.isfinite(target_seconds) and target_seconds > 0):
        raise BadInput(f"{target_seconds} is no length of a shard", field="target_seconds", fix="give seconds above 0")
    if max_shards < 1:
        raise BadInput(f"{max_shards} shards hold no test", field="max_shards", fix="allow at least 1")
    for index, value in enumerate(seconds):
        if not (math.isfinite(value) and value >= 0):
            raise BadInput(
                f"{value} is no duration", field=f"expected_seconds[{index}]", fix="give finite seconds from 0"
            )
    if files and len(files) != len(seconds):
        raise BadInput(f"{len(files)} files for {len(seconds)} tests", field="files", fix="name the file of each test")


def _blocks(seconds: Sequence[float], files: Sequence[str], *, fair_share: float) -> list[tuple[float, list[int]]]:
    """What stays together, with its time: the tests of one file, in pieces where they exceed the fair share."""
    by_file: dict[str | int, list[int]] = {}
    for index in range(len(seconds)):
        by_file.setdefault(files[index] if files else index, []).append(index)
    blocks: list[tuple[float, list[int]]] = []
    for indices in by_file.values():
        piece: list[int] = []
        load = 0.0
        for index in indices:
            if piece and load + seconds[index] > fair_share:
                blocks.append((load, piece))
                piece, load = [], 0.0
            piece.append(index)
            load += seconds[index]
        blocks.append((load, piece))
    return blocks
