"""Reads the lock files of Rust, PHP and Gradle."""

import re
from typing import Any, Final

from maestro.sbom.locked import Content, Ecosystem, Known, Locked, Package, address, hashes, note, package
from maestro.sbom.untrusted import json_of, refuse, rows, table, text_of, toml_of, word, word_or_empty

_CRATES_IO: Final = (
    "registry+https://github.com/rust-lang/crates.io-index",
    "sparse+https://index.crates.io/",
)
_CARGO_NEED: Final = re.compile(r"([A-Za-z0-9_-]+)(?: ([^\s(]+))?(?: \([^)]*\))?")
_PLATFORM: Final = re.compile(r"(?:php|hhvm|composer|ext-.*|lib-.*|composer-(?:plugin|runtime)-api)(?:-64bit)?")


def read_cargo(content: bytes) -> Content:
    """``Cargo.lock`` of all versions. A package without a source is the project's own."""
    data = toml_of(content)
    if "package" not in data and "version" not in data:
        refuse("it is no lock file: it has neither a version nor packages")
    checksums = table(data.get("metadata"), "metadata")
    items = [table(each, "a package") for each in (*rows(data.get("package"), "package"),)]
    if isinstance(data.get("root"), dict):
        items.append(data["root"])
    known: Known = {}
    for item in items:
        if "source" in item:
            note(_crate(item), known)
    locked: list[Locked] = []
    direct: list[Package] = []
    for item in items:
        requires = tuple(
            each for need in rows(item.get("dependencies"), "dependencies") for each in _needed(need, known)
        )
        if "source" not in item:
            direct += requires
            continue
        this, source = _crate(item), word(item["source"], "a source")
        apart = word_or_empty(checksums.get(f"checksum {this.name} {this.version} ({source})"))
        checksum = word_or_empty(item.get("checksum")) or apart
        origin = "" if source.startswith(_CRATES_IO) else address(source)
        locked.append(Locked(this, hashes([f"sha256:{checksum}"]), origin, requires))
    return Content(tuple(locked), (), tuple(direct))


def read_composer(content: bytes) -> Content:
    """``composer.lock``. What it names a ``dev-`` version is a branch, which no order of versions knows."""
    data = json_of(content)
    if "packages" not in data:
        refuse("it is no lock file: it has no packages")
    items = [table(each, "a package") for key in ("packages", "packages-dev") for each in rows(data.get(key), key)]
    known = {}
    for item in items:
        this = package(
            Ecosystem.PACKAGIST, word(item.get("name"), "the name of a package"), word(item.get("version"), "a version")
        )
        known[this.name] = this
    locked = []
    for item in items:
        dist = table(item.get("dist"), "dist")
        needs = (name.lower() for name in _composer_needs(item))
        locked.append(
            Locked(
                known[word(item["name"], "name").lower()],
                hashes([f"sha1:{word_or_empty(dist.get('shasum'))}"]),
                "",
                tuple(known[name] for name in needs if name in known),
            )
        )
    return Content(tuple(locked))


def read_gradle(content: bytes) -> Content:
    """``gradle.lockfile`` and ``buildscript-gradle.lockfile``: ``group:artifact:version=configurations``."""
    locked = []
    for line in text_of(content).splitlines():
        coordinates = line.partition("#")[0].strip().partition("=")[0]
        if not coordinates or coordinates == "empty":
            continue
        parts = coordinates.split(":")
        if len(parts) != 3:
            refuse(f"a line cannot be read: {line[:80]!r}")
        locked.append(Locked(package(Ecosystem.MAVEN, f"{parts[0]}:{parts[1]}", parts[2])))
    return Content(tuple(locked))


def _crate(item: dict[str, Any]) -> Package:
    return package(
        Ecosystem.CRATES, word(item.get("name"), "the name of a package"), word(item.get("version"), "a version")
    )


def _needed(need: object, known: Known) -> list[Package]:
    matched = _CARGO_NEED.fullmatch(word(need, "a dependency"))
    if matched is None:
        refuse(f"{str(need)[:80]!r} is no dependency")
    found = known.get(matched[1], [])
    return [each for each in found if not matched[2] or each.version == matched[2]]


def _composer_needs(item: dict[str, Any]) -> list[str]:
    require = item.get("require")
    return [name for name in require if not _PLATFORM.fullmatch(name)] if isinstance(require, dict) else []
