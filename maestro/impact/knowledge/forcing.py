"""Tests that run whatever anything else says: new ones, and those whose own source a patch changes."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from maestro.impact.knowledge.edits import Edit, Touch
from maestro.impact.knowledge.listing import Listing
from maestro.impact.knowledge.units import Unit, Units
from maestro.impact.names import shown
from maestro.model.tests import ReasonKind

_IMPLICIT = ("setup", "teardown", "asyncsetup", "asyncteardown")
"""What the functions are called that run around tests without being named."""

Reason = tuple[ReasonKind, str]


def forced_tests(edits: Sequence[Edit], listing: Listing, known: Collection[str] | None) -> dict[str, Reason]:
    """Each test that must run, with its reason. ``known`` are the recorded tests; None where nothing was recorded."""
    forced: dict[str, Reason] = {}
    by_file: dict[str, list[Edit]] = {}
    for edit in edits:
        by_file.setdefault(edit.path, []).append(edit)
    recorded = frozenset(known) if known is not None else None
    changed = {
        file: _changed_sources(by_file[path], listing.readings[file])
        for file, path in enumerate(listing.files)
        if path in by_file
    }
    if recorded is not None:
        why = (ReasonKind.NEW, "it is not in the recording: new, or never run there")
        forced = {test: why for test in listing.tests if test not in recorded}
    places = zip(listing.tests, listing.file_of.tolist(), listing.source_of.tolist(), strict=True)
    for test, file, source in places if changed else ():
        if (reasons := changed.get(file)) is not None:
            name = listing.sources[source].name if source >= 0 else ""
            if reason := reasons.get(name) or reasons.get(""):
                forced[test] = reason
    return forced


def _changed_sources(edits: Iterable[Edit], units: Units | None) -> Mapping[str, Reason]:
    """Qualified names of the changed tests of one file; the empty name stands for all of them."""
    reasons: dict[str, Reason] = {}
    for edit in edits:
        place = shown(edit.path)
        unknown = edit.touch in {Touch.DATA, Touch.UNREADABLE} or units is None
        if unknown or (not edit.symbol and not edit.binds):
            reasons[""] = (ReasonKind.CHANGED, f"{place} is changed")
            continue
        kind = ReasonKind.NEW if edit.touch is Touch.NEW else ReasonKind.CHANGED
        sentence = f"it is new in {place}" if edit.touch is Touch.NEW else f"its source in {place} is changed"
        for name in _depending(edit, units.all if units else ()):
            through = (
                ReasonKind.CHANGED,
                f"{shown(edit.symbol or min(edit.binds))} in {place}, which it uses, is changed",
            )
            reasons.setdefault(name, (kind, sentence) if name == edit.symbol else through)
    return reasons


def _depending(edit: Edit, units: Sequence[Unit]) -> set[str]:
    """The units of a test file that an edit reaches: by helpers, fixtures and values, class by class; the empty name
    where it reaches all of them.
    """
    names = set(edit.binds)
    reached: set[str] = set()
    scopes: set[str] = set()
    pending = list(units)
    growing = True
    while growing:
        hit = [unit for unit in pending if _reaches(unit, edit.symbol, names, scopes)]
        pending = [unit for unit in pending if unit not in hit]
        growing = bool(hit)
        for unit in hit:
            scope, _, own = unit.name.rpartition(".")
            reached.add(unit.name)
            if not own.startswith("test"):
                names |= unit.binds
            if unit.is_class:
                scopes.add(unit.name)
            if unit.is_automatic or own.lower().startswith(_IMPLICIT):
                scopes.add(scope)
    return {""} if "" in scopes else reached - {""}


def _reaches(unit: Unit, symbol: str, names: set[str], scopes: set[str]) -> bool:
    inside = any(unit.name.startswith(f"{scope}.") for scope in scopes)
    return inside or bool(unit.name and unit.name == symbol) or not names.isdisjoint(unit.words)
