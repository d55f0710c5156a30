"""What a patch changes, symbol by symbol, found by comparing the syntax trees of both sides.

A change of comments, layout or docstrings is no edit. What cannot be compared is an edit too, and says so.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from maestro.impact.graph.modules import CONFTEST
from maestro.impact.knowledge.patch import FilePatch, Patch, Read
from maestro.impact.knowledge.statements import Statement
from maestro.impact.knowledge.symbols import Key, Symbol, symbols_of

LARGE_STATEMENT_LINES = 10
"""From here on a statement is taken for a table: the words that differ say more than all its words."""


class Touch(StrEnum):
    """What kind of thing an edit changes."""

    BODY = "body"
    SIGNATURE = "signature"
    DECORATOR = "decorator"
    CLASS_LEVEL = "class level"
    MODULE_LEVEL = "module level"
    NEW = "new"
    REMOVED = "removed"
    DATA = "data"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of one symbol.

    ``file`` is the path before the patch, or the new one of a new file; ``path`` the one after it. ``symbol`` is a
    qualified name, empty for the file as a whole and for statements that bind no name. ``lines`` are statements of the
    old text, each as a range: the changed ones, or the neighbours of what was put in. ``span`` is the whole symbol
    there. ``names`` are the identifiers and string words of what changed, ``binds`` the names by which other code
    reaches it, ``bases`` those of its class. ``detail`` says for UNREADABLE why, in words that follow the file's name.
    """

    file: str
    path: str
    symbol: str
    touch: Touch
    lines: tuple[range, ...] = ()
    span: range = range(0)
    names: frozenset[str] = frozenset()
    binds: frozenset[str] = frozenset()
    bases: frozenset[str] = frozenset()
    memoised: bool = False
    detail: str = ""

    @property
    def is_fixture(self) -> bool:
        """It is in a conftest.py, which pytest loads for every test below its folder."""
        return self.path.rpartition("/")[2] == CONFTEST


def edits_of(patch: Patch, old: Read, new: Read) -> tuple[Edit, ...]:
    """The edits of all files, in the order of the patch. ``old`` and ``new`` read the trees before and after it."""
    return tuple(edit for file in patch.files for edit in _edits_of_file(file, old, new))


def _edits_of_file(file: FilePatch, old: Read, new: Read) -> Iterator[Edit]:
    before = file.old_path if not file.copied else ""
    origin = before or file.path
    if not all(path.endswith(".py") for path in (before, file.new_path) if path):
        yield Edit(origin, file.path, "", Touch.DATA, names=frozenset({file.path.rpartition("/")[2]}))
        return
    sides: list[Mapping[Key, Symbol]] = []
    for path, read in ((before, old), (file.new_path, new)):
        text = read(path) if path else ""
        found = symbols_of(text) if text is not None else "is no text"
        if isinstance(found, str):
            yield Edit(origin, file.path, "", Touch.UNREADABLE, detail=found)
            return
        sides.append(found)
    if file.moved_from or not file.new_path:
        module = sides[0]["", 0]
        binds = frozenset({before.removesuffix(".py").removesuffix("/__init__").rpartition("/")[2]})
        yield Edit(origin, file.path, "", Touch.REMOVED, (module.span,), module.span, names=binds, binds=binds)
    if file.new_path:
        yield from _Comparison(origin, file.path, *sides).edits()


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Both sides of one file."""

    file: str
    path: str
    old: Mapping[Key, Symbol]
    new: Mapping[Key, Symbol]

    def edits(self) -> Iterator[Edit]:
        for key in sorted(self.old.keys() | self.new.keys()):
            before, after = self.old.get(key), self.new.get(key)
            if before is None and after is not None:
                yield from self._appeared(after)
            elif after is None and before is not None:
                yield from self._vanished(before)
            elif before is not None and after is not None:
                yield from self._changed(before, after)

    def _appeared(self, symbol: Symbol) -> Iterator[Edit]:
        """A new symbol; the members of a new class come with it."""
        if (symbol.scope, 0) in self.new and (symbol.scope, 0) not in self.old:
            return
        around = self.old.get((symbol.scope, 0))
        holder = self.new.get((symbol.scope, 0))
        span = around.span if around is not None and symbol.scope else range(0)
        yield Edit(
            self.file,
            self.path,
            symbol.name,
            Touch.NEW,
            (),
            span,
            _members_words(symbol, self.new),
            _reached_by(symbol),
            holder.bases if holder is not None else frozenset(),
            symbol.memoised,
        )

    def _vanished(self, symbol: Symbol) -> Iterator[Edit]:
        if (symbol.scope, 0) in self.old and (symbol.scope, 0) not in self.new:
            return
        words = _members_words(symbol, self.old)
        lines = tuple(each.lines for each in symbol.body) or (symbol.span,)
        if symbol.is_class:
            lines = (symbol.span,)
        reached = _reached_by(symbol)
        yield Edit(self.file, self.path, symbol.name, Touch.REMOVED, lines, symbol.span, words, reached, symbol.bases)

    def _changed(self, old: Symbol, new: Symbol) -> Iterator[Edit]:
        inner = Touch.BODY
        if old.is_class or new.is_class:
            inner = Touch.CLASS_LEVEL
        parts = (
            (Touch.DECORATOR, old.decorators, new.decorators),
            (Touch.CLASS_LEVEL if inner is Touch.CLASS_LEVEL else Touch.SIGNATURE, old.head, new.head),
            (inner if old.name else Touch.MODULE_LEVEL, old.body, new.body),
        )
        for touch, before, after in parts:
            for found in _differences(before, after, apart=touch is Touch.MODULE_LEVEL):
                own = frozenset() if touch is Touch.MODULE_LEVEL else _reached_by(old)
                stored = found.binds if touch in {Touch.MODULE_LEVEL, Touch.CLASS_LEVEL} else frozenset()
                yield Edit(
                    self.file,
                    self.path,
                    old.name or min(found.binds, default=""),
                    touch,
                    found.lines or (old.span,),
                    old.span if old.name else range(0),
                    found.words | own,
                    own | stored | found.sets,
                    new.bases,
                    old.memoised or new.memoised,
                )


@dataclass(frozen=True, slots=True)
class _Difference:
    """``lines`` of the old side; empty where it has no statement at all. The rest is of both sides."""

    lines: tuple[range, ...]
    words: frozenset[str]
    binds: frozenset[str]
    sets: frozenset[str]


def _differences(old: Sequence[Statement], new: Sequence[Statement], *, apart: bool) -> Iterator[_Difference]:
    """How two blocks differ: as one difference, or as one for each place where they do if ``apart``."""
    if [each.mark for each in old] == [each.mark for each in new]:
        return
    gone, come = _imports_that_differ(old, new), _imports_that_differ(new, old)
    old, new = ([each for each in side if not each.is_import] for side in (old, new))
    found = [
        _difference(([each] if each in gone else []), [each] if each in come else [], gone) for each in (*gone, *come)
    ]
    matcher = SequenceMatcher(None, [each.mark for each in old], [each.mark for each in new], autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag != "equal":
            around = old[start:end] or old[max(0, start - 1) : start + 1]
            found.append(_difference(old[start:end], new[new_start:new_end], around))
    if apart:
        yield from found
    elif found:
        yield _Difference(
            tuple(dict.fromkeys(lines for each in found for lines in each.lines)),
            frozenset().union(*(each.words for each in found)),
            frozenset().union(*(each.binds for each in found)),
            frozenset().union(*(each.sets for each in found)),
        )


def _difference(old: Sequence[Statement], new: Sequence[Statement], around: Sequence[Statement]) -> _Difference:
    both = (*old, *new)
    words = Counter(word for each in old for word in each.words)
    others = Counter(word for each in new for word in each.words)
    large = any(len(each.lines) > LARGE_STATEMENT_LINES for each in both)
    told = (words - others) + (others - words) if large else words + others
    return _Difference(
        tuple(each.lines for each in around),
        frozenset(told),
        frozenset().union(*(each.binds for each in both)),
        frozenset().union(*(each.sets for each in both)),
    )


def _imports_that_differ(side: Sequence[Statement], other: Sequence[Statement]) -> list[Statement]:
    known = {each.mark for each in other}
    return [each for each in side if each.is_import and each.mark not in known]


def _reached_by(symbol: Symbol) -> frozenset[str]:
    """The names by which other code reaches a symbol: nobody writes ``__init__``, they write the class."""
    special = symbol.own_name.startswith("__") and symbol.own_name.endswith("__") and bool(symbol.scope)
    return frozenset({symbol.scope.rpartition(".")[2] if special else symbol.own_name} - {""})


def _members_words(symbol: Symbol, side: Mapping[Key, Symbol]) -> frozenset[str]:
    inside = f"{symbol.name}."
    members = (each for each in side.values() if each.name.startswith(inside)) if symbol.is_class else ()
    return symbol.words.union(*(each.words for each in members))
