"""Reads Go's ``go.mod``, and the ``go.sum`` beside it for modules that an older one does not list."""

import re
from dataclasses import dataclass, field
from typing import Final

from maestro.sbom.locked import Content, Ecosystem, Locked, Package, package
from maestro.sbom.untrusted import refuse, text_of

_PLAIN_GO: Final = 17
"""From Go 1.17 on, ``go.mod`` lists every module that the build needs."""


@dataclass
class _Module:
    """What a file requires, what it puts in whose place, and the second number of its version of the language."""

    required: dict[str, str] = field(default_factory=dict)
    replaced: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    minor: int = 0
    is_named: bool = False


def read_go(module: bytes, sums: bytes | None) -> Content:
    """``go.mod`` with its ``go.sum``, where there is one."""
    read = _Module()
    for words, raw in _lines(text_of(module)):
        _take(words, raw, read)
    if not read.is_named:
        refuse("it names no module")
    used = [] if sums is None else _used(text_of(sums))
    direct = [this for each in read.required.items() if (this := _built(each, read)) is not None]
    found = dict.fromkeys(direct)
    for each in used if read.minor < _PLAIN_GO else ():
        this = _built(each, read)
        if this is not None:
            found[this] = None
    return Content(tuple(Locked(each) for each in found), (), tuple(direct))


def _lines(text: str) -> list[tuple[list[str], str]]:
    """The words of each directive, with those in a block brought into the form of a line of their own."""
    found, block = [], ""
    for raw in text.splitlines():
        words = [each.strip('"`') for each in raw.partition("//")[0].split()]
        if words and words[-1] == "(":
            block = words[0]
        elif words == [")"]:
            block = ""
        elif words:
            found.append(([block, *words] if block else words, raw))
    return found


def _take(words: list[str], raw: str, read: _Module) -> None:
    kind, *rest = words
    if kind == "module":
        read.is_named = True
    elif kind == "go" and rest and (matched := re.match(r"1\.(\d{1,3})", rest[0])):
        read.minor = int(matched[1])
    elif kind == "require":
        if len(rest) != 2:
            refuse(f"a line cannot be read: {raw[:80]!r}")
        read.required[rest[0]] = rest[1]
    elif kind == "replace":
        at = rest.index("=>") if "=>" in rest else 0
        if at not in {1, 2} or len(rest) - at not in {2, 3}:
            refuse(f"a line cannot be read: {raw[:80]!r}")
        old, new = [*rest[:at], ""], [*rest[at + 1 :], ""]
        read.replaced[old[0], old[1]] = (new[0], new[1])


def _built(required: tuple[str, str], read: _Module) -> Package | None:
    """The module that is built: a replacement, or none where that is a folder of the project."""
    name, version = required
    name, version = read.replaced.get((name, version)) or read.replaced.get((name, "")) or (name, version)
    if name.startswith((".", "/")):
        return None
    if not version.startswith("v"):
        refuse(f"{version[:80]!r} is no version of {name[:80]}")
    return package(Ecosystem.GO, name, version)


def _used(text: str) -> list[tuple[str, str]]:
    """The modules whose content was used; of those with ``/go.mod`` behind the version only that file was."""
    found = []
    for line in text.splitlines():
        words = line.split()
        if words and len(words) != 3:
            refuse(f"a line of go.sum cannot be read: {line[:80]!r}")
        if words and not words[1].endswith("/go.mod"):
            found.append((words[0], words[1]))
    return found
