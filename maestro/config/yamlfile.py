"""Reads one YAML file into one frozen model, or says what is wrong at which line and how to mend it.

YAML's core schema only: ``no`` and ``12:30`` are text. Refused before anything is built: aliases (a few lines of them
expand to gigabytes), repeated keys (the last would silently win), files too large or nested too deeply.
"""

import re
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from maestro.config.explain import explain
from maestro.errors import BadInput

SIZE_LIMIT_BYTES = 1_000_000
"""Far above any file a person writes; keeps a wrong path (a log, a dump) from filling the memory."""

DEPTH_LIMIT = 32
"""PyYAML composes recursively, and the deepest model here needs six levels."""

ModelT = TypeVar("ModelT", bound=BaseModel)
Location = tuple[str | int, ...]


def load(path: Path, model: type[ModelT], *, source: str = "") -> ModelT:
    """The file as ``model``; ``BadInput`` names the file (as ``source``, else by its path), line and field."""
    source = source or str(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise BadInput("there is no such file", field=source, fix="create it, or correct the path") from error
    except OSError as error:
        raise BadInput(
            f"the file cannot be read ({error.strerror})", field=source, fix="make it a readable file"
        ) from error
    if len(content) > SIZE_LIMIT_BYTES:
        raise BadInput(
            f"the file has {len(content)} bytes, more than the {SIZE_LIMIT_BYTES} that are read",
            field=source,
            fix="check that the path names the configuration file",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInput("the file is not UTF-8", field=f"{source}:{line}", fix="save it as UTF-8") from error
    return parse(text, model, source=source)


def parse(text: str, model: type[ModelT], *, source: str) -> ModelT:
    """``text`` as ``model``; an empty text is an empty mapping. ``source`` is the file name in errors."""
    data, lines = read(text, source=source)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise explain(error, model, source=source, lines=lines) from error


def read(text: str, *, source: str) -> tuple[Any, dict[Location, int]]:
    """The plain data of ``text``, and the line on which each value (by its path of keys and indices) stands."""
    try:
        loader = _Loader(text, source)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BadInput(
            f"the character U+{ord(text[error.position]):04X} cannot stand in YAML",
            field=f"{source}:{line}",
            fix="remove it, or write it as an escape in double quotes",
        ) from error
    try:
        node = loader.get_single_node()
        lines: dict[Location, int] = {}
        if node is None:
            return {}, lines
        _note(node, (), lines, source)
        return loader.construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        _refuse(error, source)
    finally:
        loader.dispose()


def _refuse(error: yaml.MarkedYAMLError, source: str) -> NoReturn:
    mark = error.problem_mark or error.context_mark
    where = f"{source}:{mark.line + 1}" if mark else source
    fix = "check the indentation, the quotes and the colons around this line"
    raise BadInput(f"this is not YAML: {error.problem or error.context}", field=where, fix=fix) from error


def _note(node: Node, at: Location, lines: dict[Location, int], source: str) -> None:
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            _note(item, (*at, index), lines, source)
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            inner = (*at, _key(key, source))
            if inner in lines:
                raise BadInput(
                    f"the key is given a second time (first on line {lines[inner]})",
                    field=f"{source}:{key.start_mark.line + 1}: {'.'.join(map(str, inner))}",
                    fix="keep one of the two",
                )
            lines[inner] = key.start_mark.line + 1
            _note(value, inner, lines, source)


def _key(key: Node, source: str) -> str:
    if isinstance(key, ScalarNode):
        return str(key.value)
    raise BadInput(
        "a key must be a plain word", field=f"{source}:{key.start_mark.line + 1}", fix="write the key as one word"
    )


_SCALARS = {
    "null": (r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    "bool": (r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    # Eighteen digits: no quantity is larger, and Python refuses to read thousands of them.
    "int": (r"^[-+]?(?:0|[1-9][0-9]{0,17})$", list("-+0123456789")),
    "float": (
        r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]{1,3})$",
        list("-+.0123456789"),
    ),
}
"""Regular expression and first characters of the core schema's scalars; everything else is text."""


class _Loader(yaml.SafeLoader):
    """The safe loader without aliases and tags, with the core schema's scalars; every key is text."""

    # Its own table: the inherited one holds YAML 1.1's resolvers and is shared with every other loader.
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the base class declares it of the instance

    def __init__(self, text: str, source: str) -> None:
        super().__init__(text)
        self._source = source
        self._depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event: yaml.NodeEvent = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            self._stop(event, f"an alias (*{event.anchor})", "write the value out where it is needed")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._stop(event, f"a tag ({tag})", "remove the tag; the setting itself says what kind of value it is")
        if self._depth == DEPTH_LIMIT:
            self._stop(event, f"more than {DEPTH_LIMIT} levels", "nest less; no setting lies that deep")
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        return {str(key.value): self.construct_object(value, deep=deep) for key, value in node.value}

    def _stop(self, event: yaml.NodeEvent, problem: str, fix: str) -> NoReturn:
        where = f"{self._source}:{event.start_mark.line + 1}" if event.start_mark else self._source
        raise BadInput(f"{problem} cannot be used here", field=where, fix=fix)


for _tag, (_pattern, _first) in _SCALARS.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)
