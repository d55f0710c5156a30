"""Mutants: one operator, constant or condition changed in a line that the suite executes, in seeded random order."""

import ast
import io
import random
import tokenize
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.case_making.case import Fault
from benchmarks.case_making.tree import Tree, is_source

SWAPS = {
    "==": "!=",
    "!=": "==",
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "+": "-",
    "-": "+",
    "+=": "-=",
    "-=": "+=",
    "//": "/",
    "and": "or",
    "or": "and",
    "is": "is not",
    "in": "not in",
    "not": "",
    "True": "False",
    "False": "True",
}
_CONDITIONS = frozenset({"if", "elif", "while"})
_ASIDE = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT})


@dataclass(frozen=True)
class Mutation:
    """Characters ``start`` to ``end`` (from 0) of line ``line`` (from 1) become ``new``."""

    line: int
    start: int
    end: int
    new: str

    def apply(self, text: str) -> str:
        lines = _lines(text)
        old = lines[self.line - 1]
        lines[self.line - 1] = old[: self.start] + self.new + old[self.end :]
        return "".join(lines)


def mutants(tree: Tree, executed: Mapping[str, frozenset[int]], *, seed: int) -> Iterator[Fault]:
    """All mutants of the executed source lines that still parse; every place is as likely as any other to come next."""
    tree.reset()
    places = []
    for path in sorted(filter(is_source, executed)):
        text = _read(tree, path)
        places += [(path, mutation) for mutation in mutations(text) if mutation.line in executed[path]]
    random.Random(seed).shuffle(places)
    for path, mutation in places:
        tree.reset()
        text = _read(tree, path)
        mutated = mutation.apply(text)
        if not parses(mutated):
            continue
        (tree.folder / path).write_bytes(mutated.encode())
        old = _lines(text)[mutation.line - 1][mutation.start : mutation.end]
        source = f"{path}:{mutation.line}: {old} -> {mutation.new or '(nothing)'}"
        yield Fault(kind="mutant", source=source, patch=tree.diff())


def mutations(text: str) -> list[Mutation]:
    """Every single change of a Python text, in its order; some no longer parse."""
    found: list[Mutation] = []
    line: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(text, newline="\n").readline):
        found += _of_token(token)
        if token.type == tokenize.NEWLINE:
            found += _of_condition(line)
            line = []
        elif token.type not in _ASIDE:
            line.append(token)
    return found


def parses(text: str | bytes) -> bool:
    """Whether Python can compile the text of a module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            compile(text, "mutant", "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return False
    return True


def _of_token(token: tokenize.TokenInfo) -> list[Mutation]:
    new = SWAPS.get(token.string) if token.type in {tokenize.OP, tokenize.NAME} else None
    if token.type == tokenize.NUMBER and isinstance(number := ast.literal_eval(token.string), int):
        new = str(number + 1)
    return [] if new is None else [Mutation(token.start[0], token.start[1], token.end[1], new)]


def _of_condition(line: list[tokenize.TokenInfo]) -> list[Mutation]:
    """The negated condition of an ``if``, ``elif`` or ``while`` that fits on one line."""
    if (
        len(line) < 3
        or line[0].string not in _CONDITIONS
        or line[-1].string != ":"
        or line[0].start[0] != line[-1].start[0]
    ):
        return []
    row, start, end = line[0].start[0], line[1].start[1], line[-1].start[1]
    return [Mutation(row, start, end, f"not ({line[0].line[start:end]})")]


def _read(tree: Tree, path: str) -> str:
    return (tree.folder / path).read_bytes().decode()


def _lines(text: str) -> list[str]:
    """The lines with their ends, split where Python's tokenizer splits them and nowhere else."""
    return io.StringIO(text, newline="\n").readlines()
