"""Follows tests that moved or whose suite was renamed: many vanish while as many with equal base names appear."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from maestro.impact.history.assembly import settle
from maestro.impact.history.builds import Build, History, Remark

FEWEST_TESTS = 3
"""Fewer tests that vanish and appear alike are no pattern: some may be deleted and others new."""

MOST_NAMESAKES = 64
"""A base name that more tests share says nothing about which became which."""

_SEPARATOR = re.compile(r"(::|[/#])")
_DOT = re.compile(r"(\.)")


@dataclass(frozen=True)
class Move:
    """Everything below ``before`` that is now below ``after``: ``pairs`` maps the old tests to the new ones."""

    before: str
    after: str
    pairs: dict[int, int]


def follow_renames(history: History) -> History:
    """The same history with what old names did told of the new ones, and a note for each move that was followed.

    A sparse history does not say which tests were there, and stays as it is.
    """
    if history.sparse:
        return history
    places = [place for place, build in enumerate(history.builds) if build.tests.size]
    first, last = _lifetimes([history.builds[place] for place in places], len(history.names))
    renamed: dict[int, int] = {}
    remarks = []
    for at in np.unique(first[first > 0]).tolist():
        appeared = np.flatnonzero(first == at).tolist()
        vanished = np.flatnonzero(last == at - 1).tolist()
        for move in _moves(history.names, vanished, appeared):
            renamed.update(move.pairs)
            what = f"test moved from {move.before or 'the top'} to {move.after or 'the top'}: followed"
            remarks.append(Remark(what, len(move.pairs), (f"build {history.builds[places[at]].id}",)))
    return _under_new_names(history, renamed).noting(*remarks) if renamed else history


def _lifetimes(builds: Sequence[Build], tests: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places of the first and of the last build of each test; -1 for one that never ran."""
    first, last = np.full(tests, -1), np.full(tests, -1)
    for place, build in enumerate(builds):
        last[build.tests] = place
    for place in range(len(builds) - 1, -1, -1):
        first[builds[place].tests] = place
    return first, last


def _moves(names: Sequence[str], vanished: Sequence[int], appeared: Sequence[int]) -> Iterator[Move]:
    """What moved at one build, the move of the most tests first, each test in one move."""
    if min(len(vanished), len(appeared)) < FEWEST_TESTS:
        return
    candidates = _candidates(names, vanished, appeared)
    leaving = _below(names, vanished, {before for before, _ in candidates})
    coming = _below(names, appeared, {after for _, after in candidates})
    used: set[int] = set()
    for (before, after), pairs in sorted(candidates.items(), key=lambda item: (-len(item[1]), item[0])):
        free = {old: new for old, new in pairs.items() if old not in used and new not in used}
        if len(free) >= FEWEST_TESTS and 2 * len(free) >= max(leaving[before], coming[after]):
            used.update(free, free.values())
            yield Move(before, after, free)


def _candidates(
    names: Sequence[str], vanished: Iterable[int], appeared: Iterable[int]
) -> dict[tuple[str, str], dict[int, int]]:
    """The pairs of equal base name, by what differs in front of what their names share at the end."""
    namesakes: defaultdict[str, list[int]] = defaultdict(list)
    for new in appeared:
        namesakes[_parts(names[new])[-1]].append(new)
    found: defaultdict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for old in vanished:
        parts = _parts(names[old])
        others = namesakes.get(parts[-1], [])
        for new in others if len(others) <= MOST_NAMESAKES else ():
            other = _parts(names[new])
            shared = sum(
                1 for _ in takewhile(lambda two: two[0] == two[1], zip(parts[::-1], other[::-1], strict=False))
            )
            found["".join(parts[:-shared]), "".join(other[:-shared])][old] = new
    return found


def _below(names: Sequence[str], tests: Iterable[int], prefixes: set[str]) -> Counter[str]:
    """How many of the tests are below each prefix."""
    counts: Counter[str] = Counter()
    for test in tests:
        parts = _parts(names[test])
        counts.update(prefixes & {"".join(parts[:end]) for end in range(len(parts))})
    return counts


def _parts(name: str) -> list[str]:
    """The name with its separators, cut at them; parameters are no place for a separator. The base name is last."""
    plain, bracket, parameters = name.partition("[")
    parts = _SEPARATOR.split(plain)
    if len(parts) == 1:
        parts = _DOT.split(plain)
    parts[-1] += bracket + parameters
    return parts


def _under_new_names(history: History, renamed: dict[int, int]) -> History:
    target = np.arange(len(history.names), dtype=np.int32)
    # A test that moved twice: what comes later in time is known later, so the newest name is found from the end.
    for old, new in reversed(renamed.items()):
        target[old] = target[new]
    kept = np.setdiff1d(np.arange(len(history.names)), list(renamed))
    place = np.full(len(history.names), -1, np.int32)
    place[kept] = np.arange(kept.size, dtype=np.int32)
    numbers = place[target]
    return replace(
        history,
        names=tuple(history.names[number] for number in kept),
        builds=tuple(
            settle(replace(build, tests=numbers[build.tests], flaky=numbers[build.flaky])) for build in history.builds
        ),
    )
