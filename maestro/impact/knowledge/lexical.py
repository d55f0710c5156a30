"""How much a test's own source speaks of what changed: names exactly, words by how rare they are among the tests."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maestro.impact.knowledge.edits import Edit
from maestro.impact.knowledge.listing import Listing
from maestro.impact.knowledge.units import Units
from maestro.impact.knowledge.words import parts_of, parts_of_all

Floats = NDArray[np.float32]

COMMON_SHARE = 0.5
"""A word that stands in more than this share of the test ids tells none of them apart."""


@dataclass(frozen=True, eq=False, slots=True)
class Lexical:
    """One value for each source of the listing, but ``id_words``, which has one for each test.

    ``named`` counts changed symbols that the source names, ``rarest_name`` is -log of the share of sources that name
    the rarest of them (nats). ``helpers`` is the same for a fixture or helper function that the source names.
    ``words`` is the share of the change's words that the source says, each weighted by how rare it is; ``id_words``
    the same for the test's name and parameters. ``first_name`` points to an edit whose symbol is named, -1 for none.
    """

    named: Floats
    rarest_name: Floats
    helpers: Floats
    words: Floats
    id_words: Floats
    first_name: NDArray[np.int32]


def lexical_of(edits: Sequence[Edit], carried: Mapping[int, frozenset[str]], listing: Listing) -> Lexical:
    """Compare all sources with all edits. ``carried`` are the names that carry an edit's change, by its place."""
    owners: dict[str, int] = {}
    for place, edit in enumerate(edits):
        for name in sorted(carried.get(place, edit.binds)):
            owners.setdefault(name, place)
    names = frozenset(owners)
    words = parts_of_all({word for edit in edits for word in edit.names} | names)
    vocabulary = frozenset().union(*(units.words for units in listing.readings if units is not None))
    meaning = {word: found for word in vocabulary if (found := parts_of(word) & words)}
    told = [units.words & meaning.keys() if units is not None else frozenset() for units in listing.readings]

    said_names: list[tuple[int, str]] = []
    said_words: list[tuple[int, str]] = []
    helped: list[tuple[int, str]] = []
    helper_names = [_speaking_helpers(units, names) for units in listing.readings]
    fixture_names = [_speaking_fixtures(around, names) for around in listing.around]
    for place, (unit, file) in enumerate(zip(listing.sources, listing.file_of_source.tolist(), strict=True)):
        here = told[file]
        said = (unit.early & here) | (unit.late & here)
        said_names += [(place, name) for name in said & names]
        said_words += [(place, part) for part in {part for word in said for part in meaning[word]}]
        for helpers in (helper_names[file], fixture_names[file]):
            if helpers:
                helped += [(place, name) for helper in unit.words & helpers.keys() for name in helpers[helper]]
    count = len(listing.sources)
    rarest = np.zeros(count, dtype=np.float32)
    first = np.full(count, -1, dtype=np.int32)
    for name, places in _by_word(said_names).items():
        rare = math.log((count + 1) / len(places))
        for place in places:
            if rare > rarest[place]:
                rarest[place], first[place] = rare, owners[name]
    return Lexical(
        named=np.bincount([place for place, _ in said_names], minlength=count).astype(np.float32),
        rarest_name=rarest,
        helpers=_rarest(helped, count),
        words=_weighted(_by_word(said_words), words, count),
        id_words=_in_ids(words, listing),
        first_name=first,
    )


def _by_word(said: Iterable[tuple[int, str]]) -> dict[str, list[int]]:
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, word in said:
        places[word].append(place)
    return places


def _rarest(said: Iterable[tuple[int, str]], count: int) -> Floats:
    rarest = np.zeros(count, dtype=np.float32)
    for places in _by_word(set(said)).values():
        where = np.array(places, dtype=np.int32)
        rarest[where] = np.maximum(rarest[where], math.log((count + 1) / len(places)))
    return rarest


def _weighted(places_of: Mapping[str, Sequence[int]], words: frozenset[str], count: int) -> Floats:
    """The share of the words' weight that stands in each place; the weight is the logarithm of a word's rarity."""
    sums = np.zeros(count, dtype=np.float64)
    total = 0.0
    for word in sorted(words):
        places = places_of.get(word, ())
        weight = math.log((count + 1) / (len(places) + 0.5)) if places else 0.0
        sums[np.array(places, dtype=np.int32)] += max(weight, 0.0)
        total += max(weight, 0.0)
    return (sums / total if total else sums).astype(np.float32)


def _speaking_helpers(units: Units | None, names: frozenset[str]) -> dict[str, frozenset[str]]:
    """Functions and fixtures of a test file that name a changed symbol, themselves or through another of them."""
    if units is None or names.isdisjoint(units.words):
        return {}
    speaking: dict[str, frozenset[str]] = {}
    for unit in units.all:
        if (said := unit.words & names) and unit.name and not _is_test(unit.name):
            own = unit.name.rpartition(".")[2]
            speaking[own] = speaking.get(own, frozenset()) | said
    if not speaking:
        return {}
    for unit in units.all:
        own = unit.name.rpartition(".")[2]
        if own and own not in speaking and not _is_test(unit.name):
            passed = frozenset().union(*(speaking[name] for name in unit.words & speaking.keys()))
            if passed:
                speaking[own] = passed
    return speaking


def _speaking_fixtures(around: Iterable[Units], names: frozenset[str]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for units in around:
        found |= _speaking_helpers(units, names)
    return found


def _is_test(name: str) -> bool:
    return name.rpartition(".")[2].startswith("test")


def _in_ids(words: frozenset[str], listing: Listing) -> Floats:
    """Searched in all ids at once: there may be a hundred thousand of them, and few words."""
    ids = [test.partition("::")[2].lower() for test in listing.tests]
    text = "\n".join(ids)
    starts = np.cumsum([0, *(len(each) + 1 for each in ids)])[:-1]
    places: dict[str, list[int]] = {}
    for word in words:
        found: list[int] = []
        if 0 < text.count(word) <= COMMON_SHARE * len(ids):
            at = text.find(word)
            while at >= 0:
                found.append(at)
                at = text.find(word, at + 1)
        if found:
            places[word] = np.unique(np.searchsorted(starts, found, side="right") - 1).tolist()
    return _weighted(places, words, len(ids))
