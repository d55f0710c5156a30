"""The language of a query's ``where``: CEL over typed facts, checked when the catalogue loads.

The only room that knows the CEL library. Its run-time errors come back as truthy values, and its ``||`` swallows them;
so an answer counts only when its type is BOOL, and a yes only when every fact that the condition names is established.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from cel_expr_python import cel

from maestro.assurance import checked
from maestro.assurance.facts import FactType, FactValue, QueryKind, kind_of, values
from maestro.assurance.mistakes import Mistake, compiler_mistake
from maestro.assurance.vocabulary import constants, types, words

LENGTH_LIMIT: Final = 2_000
"""Characters of a condition: more than anybody can review, and far below what the compiler cannot take."""

_CEL_TYPES: Final[dict[FactType, cel.Type]] = {
    bool: cel.Type.BOOL,
    int: cel.Type.INT,
    float: cel.Type.DOUBLE,
    str: cel.Type.STRING,
    tuple: cel.Type.List(cel.Type.STRING),
}
_EQUALITIES: Final = frozenset({"_==_", "_!=_"})
_MEMBERSHIP: Final = "@in"


@dataclass(frozen=True)
class Answer:
    """``holds`` is None when the question could not be answered; ``unknown`` then says why, in a clause."""

    holds: bool | None
    unknown: str = ""


@dataclass(frozen=True)
class _Condition:
    """A compiled condition with the facts that it names: each as it is written there, and in full."""

    expression: cel.Expression
    facts: tuple[tuple[str, str], ...]
    constants: dict[str, str]


def check(kind: QueryKind, where: str) -> None:
    """Refuse a ``where`` that is no yes or no about the facts of ``kind``.

    Raises ``Mistake`` with its line and column in the condition, and with a caret under it.
    """
    _compile(kind, where)


def ask(kind: QueryKind, where: str, known: Mapping[str, FactValue]) -> Answer:
    """What the facts, by their full names, answer to ``where``. Never raises for what a condition does."""
    try:
        condition = _compile(kind, where)
    except Mistake as mistake:
        return Answer(holds=None, unknown=f"the condition cannot be asked ({mistake.what})")
    data: dict[str, object] = dict(condition.constants)
    missing: dict[str, None] = {}
    for name, fact in condition.facts:
        value = known.get(fact)
        if value is None:
            missing[fact] = None
        else:
            data[name] = list(value) if isinstance(value, tuple) else value
    answer, problem = _evaluate(condition.expression, data)
    if answer is False or (answer is True and not missing):
        return Answer(holds=answer)
    if missing:
        return Answer(holds=None, unknown=f"nothing established {' and '.join(missing)}")
    return Answer(holds=None, unknown=f"the condition ended in an error ({problem})")


def facts_used(kind: QueryKind, where: str) -> tuple[str, ...]:
    """The facts that ``where`` names, in full, in the order in which it names them; none where it does not compile."""
    try:
        return tuple(dict.fromkeys(fact for _, fact in _compile(kind, where).facts))
    except Mistake:
        return ()


def kinds_used(kind: QueryKind, where: str) -> tuple[QueryKind, ...]:
    """The kinds whose evidence ``where`` rests on: its own first."""
    return tuple(dict.fromkeys((kind, *(kind_of(fact) for fact in facts_used(kind, where)))))


def _evaluate(expression: cel.Expression, data: Mapping[str, object]) -> tuple[bool | None, str]:
    try:
        value = expression.eval(data=data)
        if value.type() == cel.Type.BOOL:
            return value.value() is True, ""
        return None, str(value.value())
    except RuntimeError as error:
        return None, str(error)


@cache
def _compile(kind: QueryKind, where: str) -> _Condition:
    if not where.strip():
        names = ", ".join(word for word in words(kind) if "." in word)
        raise Mistake("the query is empty", where="", fix=f"write a condition over {names}")
    if len(where) > LENGTH_LIMIT:
        raise Mistake(
            f"the condition has {len(where)} characters, more than {LENGTH_LIMIT}", where="", fix="split the query"
        )
    try:
        expression = _environment(kind).compile(where)
    except RuntimeError as error:
        raise compiler_mistake(kind, where, str(error)) from error
    if expression.return_type() != cel.Type.BOOL:
        raise Mistake(
            f"the condition gives {expression.return_type().name()} where a yes or no belongs",
            where=where,
            offset=len(where) - len(where.lstrip()),
            fix=f"compare it, for example {where.strip()} == …",
        )
    tree = checked.read(expression.serialize())
    _check_values(kind, where, tree)
    facts = _facts(kind, tree)
    _check_dependence(kind, where, expression, facts=facts)
    return _Condition(expression, facts, {name: name for name in _names(tree) if name in constants(kind)})


@cache
def _environment(kind: QueryKind) -> cel.Env:
    return cel.NewEnv(variables={name: _CEL_TYPES[known] for name, known in types(kind).items()})


def _names(tree: checked.Node) -> tuple[str, ...]:
    return tuple(dict.fromkeys(node.name for node in tree.walk() if node.name))


def _facts(kind: QueryKind, tree: checked.Node) -> tuple[tuple[str, str], ...]:
    # Macros reorder the tree; a reader expects the facts in the order in which they were written.
    nodes = sorted((node for node in tree.walk() if node.name in words(kind)), key=lambda node: node.offset or 0)
    return tuple(dict.fromkeys((node.name, words(kind)[node.name]) for node in nodes))


def _check_dependence(
    kind: QueryKind, where: str, expression: cel.Expression, *, facts: tuple[tuple[str, str], ...]
) -> None:
    """A condition that has an answer before anything is known says the same of every pull request."""
    answer, problem = _evaluate(expression, {name: name for name in constants(kind)})
    what = "the condition names no fact"
    if answer is not None:
        what = f"the condition is {'true' if answer else 'false'} whatever the facts are"
    elif facts and "Iteration budget" not in problem:
        return
    raise Mistake(
        what,
        where=where,
        offset=len(where) - len(where.lstrip()),
        fix=f"let it depend on a fact of kind {kind}: {', '.join(word for word in words(kind) if '.' in word)}",
    )


def _check_values(kind: QueryKind, where: str, tree: checked.Node) -> None:
    """Refuse what compares an enumerated fact with something that it can never be, or a value with no fact."""
    compared: set[int] = set()
    for node in tree.walk():
        if node.function == "dyn":
            raise Mistake("dyn() would hide a wrong type", where=where, offset=node.offset, fix="leave dyn() out")
        if node.function in _EQUALITIES or node.function == _MEMBERSHIP:
            sides = [part for side in node.parts for part in _alternatives(side)]
            facts = [words(kind)[part.name] for part in sides if values(words(kind).get(part.name, ""))]
            for part in sides:
                word = part.name if part.name in constants(kind) else part.text
                if facts and word is not None:
                    _check_value(where, part, word, facts[0])
                    compared.add(id(part))
    for node in tree.walk():
        if node.name in constants(kind) and id(node) not in compared:
            fact = f"{kind}.{node.name}"
            instead = f" (the fact of that name is {fact})" if fact in words(kind) else ""
            raise Mistake(
                f"{node.name} is a value, and stands where no fact is compared with it{instead}",
                where=where,
                offset=node.offset,
                fix=f"write {fact}" if instead else f"compare a fact with it, such as {_having(kind, node.name)}",
            )


def _alternatives(side: checked.Node) -> tuple[checked.Node, ...]:
    """A list counts as what is in it."""
    return side.parts if not (side.function or side.name) and side.parts else (side,)


def _check_value(where: str, part: checked.Node, word: str, fact: str) -> None:
    if word not in values(fact):
        raise Mistake(
            f"{fact} is never {word!r}",
            where=where,
            offset=part.offset,
            fix=f"compare it with one of {', '.join(values(fact))}",
        )


def _having(kind: QueryKind, value: str) -> str:
    return next(f"{fact} == {value}" for name, fact in words(kind).items() if name == fact and value in values(fact))
