"""Reads JSON, TOML and YAML that anybody may have written into plain data, or refuses it with ``BadInput``.

No aliases, tags, repeated keys, deep nesting or huge numbers; nothing here raises any other error.
"""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NoReturn

import yaml

from maestro.errors import BadInput

SIZE_LIMIT_BYTES: Final = 20_000_000
"""Four times the largest lock file that a search of public repositories showed."""

DEPTH_LIMIT: Final = 100
"""Levels of nesting: old npm lock files nest once for each package that needs another, and reach about thirty."""

_DOTTED: Final = re.compile(
    r"""(?<![\w-])(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')(?:[ \t]*\.[ \t]*(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')){32}"""
)
"""The reader of TOML takes time by the square of a dotted key's parts; no lock file has more than a few."""

_NOTHING: Final = frozenset({"", "~", "null", "Null", "NULL"})
_YAML_LOADER: Final = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


def text_of(content: bytes) -> str:
    """The text of a file in UTF-8."""
    if len(content) > SIZE_LIMIT_BYTES:
        refuse(f"it has {len(content):,} bytes, more than the {SIZE_LIMIT_BYTES:,} that are read")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        refuse("it is not UTF-8")
    if "\0" in text:
        refuse("it holds NUL characters")
    return text


def json_of(content: bytes) -> dict[str, Any]:
    """The object of a JSON file."""
    text = text_of(content)
    try:
        data = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except RecursionError:
        refuse("it is nested too deeply")
    except ValueError as error:
        refuse(f"it is not JSON: {error}")
    return _checked(data)


def toml_of(content: bytes) -> dict[str, Any]:
    """The tables of a TOML file."""
    text = text_of(content)
    if _DOTTED.search(text):
        refuse("it has a key of more than 32 dotted parts")
    try:
        data = tomllib.loads(text)
    except RecursionError:
        refuse("it is nested too deeply")
    except ValueError as error:
        refuse(f"it is not TOML: {error}")
    return _checked(data)


def yaml_of(content: bytes) -> dict[str, Any]:
    """The mapping of a YAML file of one document. Every scalar stays the text that it is, but for null, which is None:
    ``2.10`` is a version and no number.
    """
    try:
        return _checked(_built(yaml.parse(text_of(content), Loader=_YAML_LOADER)))
    except (yaml.YAMLError, RecursionError) as error:
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        refuse(f"it is not YAML: {problem}")


def table(value: object, what: str) -> dict[str, Any]:
    """``value`` where it is a mapping or absent."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        refuse(f"{what} is no table")
    return value


def rows(value: object, what: str) -> list[Any]:
    """``value`` where it is a list or absent."""
    if value is None:
        return []
    if not isinstance(value, list):
        refuse(f"{what} is no list")
    return value


def word(value: object, what: str) -> str:
    """``value`` where it is a text."""
    if not isinstance(value, str):
        refuse(f"{what} is missing or is no text")
    return value


def word_or_empty(value: object) -> str:
    """``value`` where it is a text, else nothing: for what a lock file may leave out."""
    return value if isinstance(value, str) else ""


def refuse(reason: str) -> NoReturn:
    """Raise the ``BadInput`` that says why a file is not read."""
    raise BadInput(reason, fix="write the file again with the tool that it belongs to")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {twice[:80]!r} is given a second time")
    return data


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _checked(data: object) -> dict[str, Any]:
    if not isinstance(data, dict):
        refuse("it holds no table at the top")
    level: list[Any] = [data]
    for _ in range(DEPTH_LIMIT):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return data
    refuse(f"it is nested more than {DEPTH_LIMIT} levels deep")


def _built(events: Iterator[Any]) -> object:
    """The data of one document, without recursion."""
    open_: list[_Node] = [_Node(is_list=True)]
    documents = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            refuse("it uses an alias")
        if getattr(event, "tag", None) is not None:
            refuse("it uses a tag")
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        elif isinstance(event, yaml.ScalarEvent):
            plain = event.implicit[0] and event.value in _NOTHING
            open_[-1].add(None if plain and not open_[-1].awaits_key else event.value)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if len(open_) > DEPTH_LIMIT:
                refuse(f"it is nested more than {DEPTH_LIMIT} levels deep")
            open_.append(_Node(is_list=isinstance(event, yaml.SequenceStartEvent)))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            done = open_.pop()
            open_[-1].add(done.data)
    if documents != 1:
        refuse(f"it holds {documents} documents, not one")
    return open_[0].items[0] if open_[0].items else {}


class _Node:
    """A list or mapping that is being filled."""

    def __init__(self, *, is_list: bool) -> None:
        self.items: list[Any] = []
        self.pairs: dict[str, Any] = {}
        self._is_list = is_list
        self._key: str | None = None

    @property
    def data(self) -> object:
        return self.items if self._is_list else self.pairs

    @property
    def awaits_key(self) -> bool:
        return not self._is_list and self._key is None

    def add(self, value: Any) -> None:
        if self._is_list:
            self.items.append(value)
        elif self._key is None:
            if not isinstance(value, str):
                refuse("a key is no word")
            if value in self.pairs:
                refuse(f"the key {value[:80]!r} is given a second time")
            self._key = value
        else:
            self.pairs[self._key] = value
            self._key = None
