"""How a test is related to changed files when nothing but names and the past is known: any language, any runner."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from maestro.impact.knowledge.words import parts_of, parts_of_all

Floats = NDArray[np.float64]

TEST_WORDS: Final = frozenset({"test", "tests", "testing", "suite", "spec", "specs", "case", "should"})
"""Words that say that something is a test, not of what."""

_SAYS_TEST = re.compile(r"(?i)_?(tests?|suite|specs?)_?")
_MEMBER = re.compile(r"::|[#\[]")
_EXTENSION = re.compile(r"\.[a-z]{1,3}$")

MOST_FILES: Final = 300
"""Files looked at, from the first: a change of more is a sweep, and names say nothing any more."""

POOLED_TOUCHES: Final = 5.0
"""Changes of a file that the test's usual failure rate is worth, before those at which the test failed are counted."""

STRONGEST: Final = 6.0
"""Bound of the log ratio of co-failure."""


class Related:
    """Names of tests as sparse rows of words, and the failures that went with each changed file or folder."""

    def __init__(self, names: Sequence[str], test_files: Mapping[str, str]) -> None:
        words = [_words(name, test_files.get(name, "")) for name in names]
        self._vocabulary = {word: place for place, word in enumerate(sorted(frozenset().union(*words)))}
        rows = np.repeat(np.arange(len(names)), [len(one) for one in words])
        columns = np.array([self._vocabulary[word] for one in words for word in sorted(one)], np.int64)
        shape = (len(names), len(self._vocabulary))
        has = sparse.csr_array((np.ones(columns.size), (rows, columns)), shape=shape)
        frequency = np.asarray(has.sum(axis=0)).ravel()
        self._weight = np.log((1 + len(names)) / (1 + frequency)) + 1e-3
        self._has = has
        weighted = has.multiply(self._weight[None, :]).tocsr()
        length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
        self._unit = weighted.multiply(1 / np.maximum(length, 1e-9)[:, None]).tocsr()
        self._stems: dict[str, list[int]] = defaultdict(list)
        for test, name in enumerate(names):
            for stem in {_stem_of_test(name), _stem(test_files.get(name, ""))} - {""}:
                self._stems[stem].append(test)
        self._touched: dict[str, float] = defaultdict(float)
        self._failed: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))

    def to(
        self, tests: NDArray[np.int32], files: Sequence[str], *, usual: Floats
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Likeness, same name, shared place and co-failure of each test with the files; zeros where none are known."""
        looked = files[:MOST_FILES]
        if not looked or not self._vocabulary:
            nothing = np.zeros(tests.size)
            return nothing, nothing, nothing, self._co_failure(tests, looked, usual)
        named = np.zeros(self._has.shape[0])
        named[[test for file in looked for test in self._stems.get(_stem(file), ())]] = 1.0
        like = self._most(self._unit, [self._direction(file) for file in looked])
        place = self._most(self._has, [self._folders(file) for file in looked])
        return like[tests], named[tests], place[tests], self._co_failure(tests, looked, usual)

    def learn(self, newly_failed: NDArray[np.int32], files: Sequence[str]) -> None:
        """Count a build's new failures against what it changed."""
        for key in frozenset(_keys(files[:MOST_FILES])):
            self._touched[key] += 1
            if not newly_failed.size:
                continue
            failed = self._failed[key]
            for test in newly_failed.tolist():
                failed[test] += 1

    def _most(self, matrix: sparse.csr_array, wanted: Sequence[tuple[NDArray[np.int64], Floats]]) -> Floats:
        """The greatest product of each test's row with any of the ``wanted`` vectors, given as places and values."""
        lengths = [places.size for places, _ in wanted]
        rows = np.repeat(np.arange(len(wanted)), lengths)
        columns = np.concatenate([places for places, _ in wanted])
        values = np.concatenate([values for _, values in wanted])
        if not columns.size:
            return np.zeros(matrix.shape[0])
        vectors = sparse.csc_array((values, (columns, rows)), shape=(len(self._vocabulary), len(wanted)))
        most: Floats = (matrix @ vectors).max(axis=1).toarray().ravel()
        return most

    def _direction(self, file: str) -> tuple[NDArray[np.int64], Floats]:
        places = self._places(file)
        weights = self._weight[places]
        return places, weights / max(float(np.sqrt(np.square(weights).sum())), 1e-9)

    def _folders(self, file: str) -> tuple[NDArray[np.int64], Floats]:
        folder = posixpath.dirname(file)
        places = self._places(folder)
        return places, np.full(places.size, 1 / max(len(parts_of(folder) - TEST_WORDS), 1))

    def _places(self, path: str) -> NDArray[np.int64]:
        found = (self._vocabulary.get(word) for word in sorted(parts_of(path) - TEST_WORDS))
        return np.array([place for place in found if place is not None], np.int64)

    def _co_failure(self, tests: NDArray[np.int32], files: Sequence[str], usual: Floats) -> Floats:
        ratio = np.zeros(tests.size)
        for key in frozenset(_keys(files)) & self._failed.keys():
            failed = self._failed[key]
            known = np.fromiter(failed, np.int64, count=len(failed))
            rows = np.minimum(np.searchsorted(tests, known), max(tests.size - 1, 0))
            here = tests[rows] == known if tests.size else np.zeros(known.size, bool)
            rows, times = rows[here], np.fromiter(failed.values(), np.float64, count=len(failed))[here]
            rate = (times + POOLED_TOUCHES * usual[rows]) / (self._touched[key] + POOLED_TOUCHES)
            ratio[rows] = np.maximum(ratio[rows], np.minimum(STRONGEST, np.log(rate / usual[rows])))
        return ratio


def _words(name: str, file: str) -> frozenset[str]:
    return parts_of_all((name, posixpath.splitext(file)[0])) - TEST_WORDS


def _stem(path: str) -> str:
    """The words of a file's name without what says that it is a test: ``test_query.py`` and ``query.py`` agree.

    A name of short words only, as of ``io.py``, is its own stem.
    """
    name = posixpath.splitext(posixpath.basename(path))[0]
    return "".join(sorted(parts_of(name) - TEST_WORDS)) or _SAYS_TEST.sub("", name).lower()


def _stem_of_test(test: str) -> str:
    """The stem of the file or class that an id names, whatever packages stand before it and methods behind it."""
    owner = _MEMBER.split(test, maxsplit=1)[0]
    dotted = "/" not in owner and (owner == test or not _EXTENSION.search(owner))
    return _stem(owner.rpartition(".")[2] if dotted else owner)


def _keys(files: Sequence[str]) -> Iterator[str]:
    """Each file and its folders, without the top: everything is below that."""
    for file in files:
        # The folder of "/" is "/": a path that begins there would never end.
        path = file.strip("/")
        while path:
            yield path
            path = posixpath.dirname(path)
