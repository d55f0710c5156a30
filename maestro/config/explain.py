"""Turns pydantic's findings about a file into one ``BadInput`` in the words of the person who wrote the file."""

import difflib
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, ValidationError
from pydantic_core import ErrorDetails

from maestro.errors import BadInput

_TEXT = ("text is needed", "write text; put quotes around a number or a word such as true")
_BOOLEAN = ("true or false is needed", "write true or false")
_WHOLE = ("a whole number is needed", "write a whole number")
_NUMBER = ("a number is needed", "write a number")
_LIST = ("a list is needed", "write one '- item' per line, indented below the key")
_MAPPING = ("settings are needed", "write one 'key: value' per line, indented below the key")

_WORDS = {
    "missing": ("a required setting is missing", "add it"),
    "string_type": _TEXT,
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
}
"""What is wrong and the fix, by pydantic's error type; its own sentence serves for the rest."""


def explain(
    error: ValidationError,
    model: type[BaseModel],
    *,
    source: str,
    lines: Mapping[tuple[str | int, ...], int],
) -> BadInput:
    """The first finding as the error's field, message and fix; further ones follow in the message, a line each."""
    findings = [_Finding(detail, model, source, lines) for detail in error.errors(include_url=False)]
    # A misspelt setting comes before the "missing" one that it was meant to be.
    findings.sort(key=lambda finding: (not finding.unknown, finding.line))
    first, *others = findings
    also = "".join(f"\n  also {other.field}: {other.message} ({other.fix})" for other in others)
    return BadInput(first.message + also, field=first.field, fix=first.fix)


class _Finding:
    """One finding of pydantic, located in the file."""

    def __init__(
        self, detail: ErrorDetails, model: type[BaseModel], source: str, lines: Mapping[tuple[str | int, ...], int]
    ) -> None:
        at = tuple(detail["loc"])
        self.line = _line(at, lines)
        self.field = f"{source}:{self.line}: {_dotted(at)}" if at else f"{source}:{self.line}"
        self.unknown = detail["type"] == "extra_forbidden"
        if self.unknown:
            self.message = "there is no such setting"
            self.fix = spelling(str(at[-1]), sorted(_known_keys(model, at[:-1])))
        elif isinstance(cause := detail.get("ctx", {}).get("error"), Refusal):
            self.message, self.fix = str(cause), cause.fix
        else:
            self.message, self.fix = _WORDS.get(detail["type"], (_lower(detail["msg"]), "correct the value"))


class Refusal(ValueError):  # noqa: N818 - it is raised inside validators and never reaches a caller as an exception
    """What a validator of a configuration model raises: the message and, unlike a plain ValueError, the fix."""

    def __init__(self, message: str, *, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def _line(at: tuple[str | int, ...], lines: Mapping[tuple[str | int, ...], int]) -> int:
    """The line of the value, or of the nearest thing around it where the value itself is missing."""
    return next((lines[at[:end]] for end in range(len(at), -1, -1) if at[:end] in lines), 1)


def _dotted(at: tuple[str | int, ...]) -> str:
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def spelling(wrong: str, known: list[str]) -> str:
    """The fix for a word that is not among the ``known`` ones: the nearest of them, or all of them."""
    near = difflib.get_close_matches(wrong, known, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"remove it, or use one of {', '.join(known)}" if known else "remove it"


def _known_keys(annotation: Any, at: tuple[str | int, ...]) -> set[str]:
    """The keys that a mapping at this place may have, found by walking the model's annotations."""
    if get_origin(annotation) in (Union, UnionType):
        return {key for choice in get_args(annotation) for key in _known_keys(choice, at)}
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        return _known_keys(annotation.model_fields["root"].annotation, at)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = {field.alias or name: field.annotation for name, field in annotation.model_fields.items()}
        return set(fields) if not at else _known_keys(fields.get(str(at[0])), at[1:])
    if not at:
        return set()
    return {key for inner in _items(annotation) for key in _known_keys(inner, at[1:])}


def _items(annotation: Any) -> Iterator[Any]:
    """What a list, tuple or mapping holds."""
    yield from (argument for argument in get_args(annotation) if argument is not Ellipsis)
