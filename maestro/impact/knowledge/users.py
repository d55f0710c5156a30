"""Who uses what an edit changes, one hop beyond the lines themselves.

A value that is computed at import or kept by a cache is used by tests that never execute the lines which made it. So
names are followed: from the edit to what is defined with it at import, and from there to the functions that say it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from maestro.impact.knowledge.edits import Edit, Touch
from maestro.impact.knowledge.patch import Read
from maestro.impact.knowledge.units import Library, Units

HOPS = 3
"""Definitions that are followed from name to name before the trail says nothing any more."""

_SHORTEST_NAME = 2


@dataclass(frozen=True, slots=True)
class Use:
    """Lines of ``file`` that run with a changed value when they are called; ``early`` where they run at import."""

    file: str
    lines: range
    early: bool = False


@dataclass(frozen=True, slots=True)
class Trail:
    """``names`` are all names that carry the change, ``uses`` the code that says one of them."""

    names: frozenset[str]
    uses: tuple[Use, ...]


class Followed:
    """The Python files in which names are followed, each read at most once."""

    def __init__(self, files: Iterable[str], read: Read, library: Library) -> None:
        texts = ((file, read(file)) for file in files if file.endswith(".py"))
        self._texts: Mapping[str, str] = {file: text for file, text in texts if text}
        self._library = library
        self._units: dict[str, Units] = {}

    def trail(self, edit: Edit) -> Trail:
        """Where the names of one edit lead."""
        names = _names(edit)
        if _has_value_at_import(edit):
            for _ in range(HOPS):
                found = names | {name for file in self._saying(names) for name in self._carried(file, names, edit)}
                if found == names:
                    break
                names = telling_names(found)
        uses = [use for file in self._saying(names) for use in self._uses(file, names, edit)]
        return Trail(names, (*uses, *self._overridden(edit)))

    def _saying(self, names: frozenset[str]) -> list[str]:
        # A search in the text spares reading files in which no name can be.
        return [file for file, text in self._texts.items() if any(name in text for name in names)]

    def _read(self, file: str) -> Units:
        if file not in self._units:
            self._units[file] = self._library.units(self._texts[file])
        return self._units[file]

    def _carried(self, file: str, names: frozenset[str], edit: Edit) -> Iterable[str]:
        """Names that are defined with the help of ``names`` when the file is imported, or kept by a cache."""
        for unit in self._read(file).naming(names):
            own = file == edit.file and edit.symbol and unit.name == edit.symbol
            if not own and (unit.memoised or not names.isdisjoint(unit.early)):
                yield from unit.binds

    def _uses(self, file: str, names: frozenset[str], edit: Edit) -> Iterable[Use]:
        for unit in self._read(file).naming(names):
            if file == edit.file and edit.symbol and unit.name == edit.symbol:
                continue
            if not names.isdisjoint(unit.late):
                yield Use(file, unit.inner)
            else:
                yield Use(file, unit.inner or unit.span, early=True)

    def _overridden(self, edit: Edit) -> Iterable[Use]:
        """A new method takes the place of its base's: whoever executed that one will execute the new one."""
        holder, _, method = edit.symbol.rpartition(".")
        if edit.touch is not Touch.NEW or not holder or not edit.bases:
            return
        for file in self._saying(frozenset({f"def {method}"})):
            for unit in self._read(file).all:
                scope, _, own = unit.name.rpartition(".")
                if own == method and scope.rpartition(".")[2] in edit.bases:
                    yield Use(file, unit.inner or unit.span)


def _has_value_at_import(edit: Edit) -> bool:
    """Names of methods are shared by too many classes to be followed on; their users are looked for all the same."""
    return "." not in edit.symbol or edit.memoised or edit.touch is Touch.CLASS_LEVEL


def _names(edit: Edit) -> frozenset[str]:
    return telling_names(edit.binds)


def telling_names(names: Iterable[str]) -> frozenset[str]:
    """The names that tell one thing from another: neither a single letter nor one that Python gives to everything."""
    return frozenset(name for name in names if len(name) >= _SHORTEST_NAME and not name.startswith("__"))
