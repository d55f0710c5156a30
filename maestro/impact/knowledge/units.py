"""What each function, class and module-level statement of a file says, and which of it is said at import already.

Made for looking names up in thousands of files: sets of words only, kept by the digest of the text.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock

from maestro.impact.knowledge.statements import Statement
from maestro.impact.knowledge.symbols import Symbol, symbols_of

KEPT_FILES = 50_000
"""Readings that a library keeps; the ones that were asked for longest ago go first."""

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Unit:
    """A function, the own statements of a class, or one module-level statement.

    ``name`` is qualified, empty for a statement. ``span`` are its lines, decorators included; ``inner`` those that run
    only when it is called. ``early`` are words that count at import (decorators, defaults, a class's statements),
    ``late`` those of a function's body. ``binds`` are the names that it defines.
    """

    name: str
    span: range
    inner: range
    early: frozenset[str]
    late: frozenset[str]
    binds: frozenset[str]
    bases: frozenset[str] = _NOTHING
    memoised: bool = False
    is_class: bool = False
    is_fixture: bool = False
    is_automatic: bool = False

    @property
    def words(self) -> frozenset[str]:
        """All its identifiers and string words."""
        return self.early | self.late


@dataclass(frozen=True, slots=True)
class Units:
    """All units of one file in the order of their lines, with the words of all."""

    all: tuple[Unit, ...]
    words: frozenset[str]

    def naming(self, names: frozenset[str]) -> Iterator[Unit]:
        """The units that say one of the names."""
        if not names.isdisjoint(self.words):
            yield from (unit for unit in self.all if not (names.isdisjoint(unit.early) and names.isdisjoint(unit.late)))


class Library:
    """Reads units once for each text, for as many threads as ask."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Units] = OrderedDict()
        self._order = Lock()

    def units(self, text: str) -> Units:
        """The units of a Python text; none of a text that cannot be parsed."""
        digest = hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=16).digest()
        with self._order:
            found = self._kept.pop(digest, None)
        if found is None:
            # Not under the lock: two threads that want one text read it twice, and none waits for another's.
            found = _units(text)
        with self._order:
            self._kept[digest] = found
            if len(self._kept) > KEPT_FILES:
                self._kept.popitem(last=False)
        return found


def _units(text: str) -> Units:
    symbols = symbols_of(text)
    if isinstance(symbols, str):
        return Units((), _NOTHING)
    module = symbols.pop(("", 0))
    found = [_of_symbol(symbol) for symbol in symbols.values()]
    found += [_of_statement(each) for each in module.body]
    found.sort(key=lambda unit: (unit.span.start, unit.name))
    return Units(tuple(found), _NOTHING.union(*(unit.words for unit in found)))


def _of_symbol(symbol: Symbol) -> Unit:
    body = _words(symbol.body)
    outside = _words((*symbol.decorators, *symbol.head))
    decorating = _words(symbol.decorators)
    first = symbol.body[0].lines.start if symbol.body else symbol.span.stop
    # Of a function on one line, ``def f(): return 1``, nobody can tell the call from the definition.
    inner = range(first if first > symbol.span.start else symbol.span.stop, symbol.span.stop)
    return Unit(
        name=symbol.name,
        span=symbol.span,
        inner=range(0) if symbol.is_class else inner,
        early=outside | body if symbol.is_class else outside,
        late=_NOTHING if symbol.is_class else body,
        binds=frozenset({symbol.own_name}) | (_bound(symbol.body) if symbol.is_class else _NOTHING),
        bases=symbol.bases,
        memoised=symbol.memoised,
        is_class=symbol.is_class,
        is_fixture="fixture" in decorating,
        is_automatic="autouse" in decorating,
    )


def _of_statement(found: Statement) -> Unit:
    return Unit("", found.lines, range(0), found.words, _NOTHING, found.binds)


def _words(statements: tuple[Statement, ...]) -> frozenset[str]:
    return _NOTHING.union(*(each.words for each in statements))


def _bound(statements: tuple[Statement, ...]) -> frozenset[str]:
    return _NOTHING.union(*(each.binds for each in statements))
