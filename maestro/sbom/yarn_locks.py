"""Reads ``yarn.lock``: the own format of Yarn 1, and the YAML of the later ones."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from maestro.sbom.locked import Content, Ecosystem, Locked, Package, address, integrity, package
from maestro.sbom.npm_locks import ALIAS, origin_of, reported
from maestro.sbom.untrusted import refuse, table, text_of, word, yaml_of

_KEY: Final = re.compile(r'^( *)("(?:[^"\\]|\\.)*"|[^\s":]+(?::[^\s":]+)*)(?::$| +(.*)$)')


def read_yarn(content: bytes) -> Content:
    """``yarn.lock`` of Yarn 1, and of the later ones, which write YAML."""
    text = text_of(content)
    if re.search(r"^__metadata:", text, re.MULTILINE):
        return _berry(yaml_of(content))
    if "yarn lockfile v1" not in text and text.strip():
        refuse("it is no lock file of Yarn: its first lines do not say so")
    return _classic(text)


@dataclass
class _Entry:
    """One entry: its descriptors, its own values, and the descriptors of what it needs."""

    descriptors: list[str]
    values: dict[str, str] = field(default_factory=dict)
    needs: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        name, wanted = _descriptor(self.descriptors[0])
        return _descriptor(wanted.removeprefix(ALIAS))[0] if wanted.startswith(ALIAS) else name


def _classic(text: str) -> Content:
    entries = list(_entries(text))
    by_descriptor = {
        descriptor: package(Ecosystem.NPM, entry.name, entry.values["version"])
        for entry in entries
        if entry.values.get("version")
        for descriptor in entry.descriptors
    }
    locked, unpinned = [], []
    for entry in entries:
        this = by_descriptor.get(entry.descriptors[0])
        if this is None:
            unpinned.append(reported(entry.name))
            continue
        told = integrity(entry.values.get("integrity", ""))
        origin = origin_of(entry.values.get("resolved", "").partition("#")[0])
        found = tuple(by_descriptor[each] for each in entry.needs if each in by_descriptor)
        locked.append(Locked(this, told, origin, found))
    return Content(tuple(locked), tuple(unpinned))


def _entries(text: str) -> Iterator[_Entry]:
    entry, section = _Entry([]), ""
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line.startswith(" "):
            if entry.descriptors:
                yield entry
            if not line.endswith(":"):
                refuse(f"a line cannot be read: {line[:80]!r}")
            entry, section = _Entry([part.strip().strip('"') for part in line[:-1].split(", ")]), ""
            continue
        section = _value(line, entry, section)
    if entry.descriptors:
        yield entry


def _value(line: str, entry: _Entry, section: str) -> str:
    """Take one line into its entry; answers the section that goes on."""
    matched = _KEY.match(line)
    if matched is None or not entry.descriptors or len(matched[1]) not in {2, 4}:
        refuse(f"a line cannot be read: {line[:80]!r}")
    key, value = matched[2].strip('"'), (matched[3] or "").strip().strip('"')
    if len(matched[1]) == 4:
        if section in {"dependencies", "optionalDependencies"}:
            entry.needs.append(f"{key}@{value}")
        return section
    if matched[3] is None:
        return key
    entry.values[key] = value
    return ""


def _berry(data: dict[str, Any]) -> Content:
    by_descriptor: dict[str, Package] = {}
    items: list[tuple[Package, str, list[str]]] = []
    own: list[list[str]] = []
    for key, about in data.items():
        if key == "__metadata":
            continue
        item = table(about, key)
        needs = [f"{name}@{wanted}" for name, wanted in table(item.get("dependencies"), "dependencies").items()]
        resolution = word(item.get("resolution"), f"the resolution of {key[:80]!r}")
        if item.get("linkType") == "soft":
            own.append(needs)
            continue
        name, reference = _descriptor(resolution)
        if reference.startswith("patch:"):
            name = _descriptor(unquote(reference.removeprefix("patch:")))[0]
        this = package(Ecosystem.NPM, name, word(item.get("version"), f"the version of {key[:80]!r}"))
        for descriptor in key.split(", "):
            by_descriptor[descriptor] = this
        items.append((this, "" if reference.startswith(("npm:", "patch:")) else address(reference), needs))
    locked = tuple(Locked(this, (), origin, _berry_found(needs, by_descriptor)) for this, origin, needs in items)
    return Content(locked, (), tuple(each for needs in own for each in _berry_found(needs, by_descriptor)))


def _berry_found(needs: list[str], by_descriptor: dict[str, Package]) -> tuple[Package, ...]:
    found = []
    for each in needs:
        name, wanted = _descriptor(each)
        this = by_descriptor.get(each) or by_descriptor.get(f"{name}@npm:{wanted}")
        if this is not None:
            found.append(this)
    return tuple(found)


def _descriptor(text: str) -> tuple[str, str]:
    """A name and what is wanted of it; the first letter of a scoped name is an ``@`` too."""
    at = text.find("@", 1)
    return (text[:at], text[at + 1 :]) if at > 0 else (text, "")
