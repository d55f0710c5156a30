"""What is wrong with a condition, where in it, and how to mend it; the compiler's own findings in our words."""

import difflib
import re
from typing import Final

from maestro.assurance.facts import QueryKind, values
from maestro.assurance.vocabulary import constants, words
from maestro.config.explain import Refusal

_FINDING: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*?)(?=\n \| |\Z)", re.DOTALL)
_UNDECLARED: Final = re.compile(r"undeclared reference to '([^']*)'")
_MIXED: Final = re.compile(r"'\((?:int, double|double, int)\)'")
_EXPECTING: Final = re.compile(r" expecting .*", re.DOTALL)
_WORD: Final = re.compile(r"\b(?<!\.)[a-z]\w*\b(?!\.)")
_VERY_NEAR: Final = 0.85


class Mistake(Refusal):
    """A condition that is refused. ``line`` and ``column`` are where in it, from 1, and 0 where it is the whole."""

    def __init__(self, what: str, *, where: str, offset: int | None = None, fix: str) -> None:
        self.what = what
        self.line, self.column = _place(where, offset) if where and offset is not None else (0, 0)
        super().__init__(f"{what}{_excerpt(where, self.line, self.column)}", fix=fix)


def compiler_mistake(kind: QueryKind, where: str, message: str) -> Mistake:
    """The first finding of the compiler."""
    found = _FINDING.search(message)
    if found is None:
        return Mistake(f"the condition does not compile: {message[:500]}", where=where, offset=0, fix="simplify it")
    line, column, what = int(found[1] or 1), int(found[2]), _EXPECTING.sub("", found[3].strip())
    offset = sum(len(row) for row in where.splitlines(keepends=True)[: line - 1]) + column - 1
    wrong = _UNDECLARED.search(what)
    if wrong is not None:
        return _unknown_name(kind, where, name=wrong[1], offset=offset)
    fix = "correct it where the caret points"
    meant = [word for word in _WORD.findall(where) if word in constants(kind) and f"{kind}.{word}" in words(kind)]
    if _MIXED.search(what):
        fix = "compare numbers of one type: write 1.0 instead of 1, or double(…) around a whole number"
    elif meant:
        fix = f"{meant[0]} is a value here; the fact of that name is {kind}.{meant[0]}"
    elif enumerated := next((word for word in _WORD.findall(where) if values(words(kind).get(word, ""))), None):
        fix = f"compare {enumerated} with one of {', '.join(values(words(kind)[enumerated]))}"
    return Mistake(f"the condition does not compile: {what}", where=where, offset=offset, fix=fix)


def _unknown_name(kind: QueryKind, where: str, *, name: str, offset: int) -> Mistake:
    """For a dotted name the compiler points at the dot; a reader looks for its start."""
    start = offset - name.rfind(".") if "." in name else offset
    offset = start if start >= 0 and where.startswith(name, start) else offset
    dotted = [word for word in words(kind) if "." in word]
    bare = [word for word in (*words(kind), *constants(kind)) if "." not in word]
    near = _nearest(name, dotted if "." in name else bare) or _nearest(name, [*dotted, *bare])
    if near:
        fix = f"did you mean {' or '.join(map(repr, near))}?"
    else:
        also = f"; the values that it knows are {', '.join(constants(kind))}" if constants(kind) else ""
        fix = f"use one of {', '.join(dotted)}{also}"
    return Mistake(f"kind {kind} has no {name!r}", where=where, offset=offset, fix=fix)


def _nearest(name: str, known: list[str]) -> list[str]:
    """The nearest word, and others only where they are very near too."""
    first = difflib.get_close_matches(name, known, n=1)
    return list(dict.fromkeys(first + difflib.get_close_matches(name, known, cutoff=_VERY_NEAR)))


def _place(where: str, offset: int) -> tuple[int, int]:
    before = where[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _excerpt(where: str, line: int, column: int) -> str:
    if not line:
        return ""
    row = where.split("\n")[line - 1].replace("\t", " ")
    return f"\n  | {row}\n  | {'.' * (column - 1)}^"
