"""The language of a query's ``where``: CEL over typed facts, checked when the catalogue loads.

The only room that knows the CEL library. Its run-time errors come back as truthy values, so an answer counts only
when its type is BOOL; everything else means that the question could not be answered.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from cel_expr_python import cel

from maestro.assurance.facts import FactType, FactValue, QueryKind, declared
from maestro.config.explain import Refusal, spelling

_CEL_TYPES: dict[FactType, cel.Type] = {
    bool: cel.Type.BOOL,
    int: cel.Type.INT,
    float: cel.Type.DOUBLE,
    str: cel.Type.STRING,
    tuple: cel.Type.List(cel.Type.STRING),
}
_STRING_LITERAL = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_DOTTED_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Answer:
    """``holds`` is None when the question could not be answered; ``unknown`` then says why, in a clause."""

    holds: bool | None
    unknown: str = ""


def check(kind: QueryKind, where: str) -> None:
    """Refuse a ``where`` that does not compile to a yes or no over the facts of ``kind``.

    Raises ``Refusal`` with the compiler's own text, whose caret points at the mistake.
    """
    if not where.strip():
        raise Refusal("the query is empty", fix=f"write a condition over {', '.join(declared(kind))}")
    _compile(kind, where)


def ask(kind: QueryKind, where: str, known: Mapping[str, FactValue]) -> Answer:
    """What the facts answer to ``where``."""
    data = {name: list(value) if isinstance(value, tuple) else value for name, value in known.items()}
    value = _compile(kind, where).eval(data=data)
    if value.type() == cel.Type.BOOL:
        return Answer(holds=value.value() is True)
    missing = [name for name in facts_used(kind, where) if name not in known]
    if missing:
        return Answer(holds=None, unknown=f"nothing established {' and '.join(missing)}")
    return Answer(holds=None, unknown=f"the condition ended in an error ({value.value()})")


def facts_used(kind: QueryKind, where: str) -> tuple[str, ...]:
    """The declared facts that ``where`` names, in the order in which it names them."""
    names = _DOTTED_NAME.findall(_STRING_LITERAL.sub("''", where))
    types = declared(kind)
    return tuple(dict.fromkeys(name for name in names if name in types))


@cache
def _compile(kind: QueryKind, where: str) -> cel.Expression:
    try:
        expression = _environment(kind).compile(where)
    except RuntimeError as error:
        raise _refusal(kind, str(error)) from error
    if expression.return_type() != cel.Type.BOOL:
        raise Refusal(
            f"the condition gives {expression.return_type().name()} where a yes or no belongs",
            fix=f"compare it, for example {where.strip()} == …",
        )
    return expression


@cache
def _environment(kind: QueryKind) -> cel.Env:
    return cel.NewEnv(variables={name: _CEL_TYPES[known] for name, known in declared(kind).items()})


def _refusal(kind: QueryKind, message: str) -> Refusal:
    text = message.removeprefix("INVALID_ARGUMENT: ").removesuffix(" [INVALID_ARGUMENT]").replace("ERROR: <input>:", "")
    wrong = _UNDECLARED.search(text)
    if wrong is None:
        return Refusal(f"the condition does not compile: {text}", fix="correct it where the caret points")
    return Refusal(f"the condition does not compile: {text}", fix=spelling(wrong[1], list(declared(kind))))
