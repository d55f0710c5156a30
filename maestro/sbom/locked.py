"""What lock files say, in one form for all of them: packages with exact versions, and dependencies without one."""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from maestro.errors import BadInput


class Ecosystem(StrEnum):
    """Where a name means something, as OSV spells it. Append only: snapshots and documents name these."""

    PYPI = "PyPI"
    NPM = "npm"
    CRATES = "crates.io"
    GO = "Go"
    PACKAGIST = "Packagist"
    MAVEN = "Maven"
    RUBYGEMS = "RubyGems"


@dataclass(frozen=True, order=True)
class Package:
    """One version of one package; ``name`` in the ecosystem's normal form."""

    ecosystem: Ecosystem
    name: str
    version: str

    @property
    def ref(self) -> str:
        """How a document's parts refer to it."""
        return f"{self.ecosystem}/{self.name}@{self.version}"


@dataclass(frozen=True, order=True)
class FileHash:
    """The hash of one published file, by CycloneDX's name of the algorithm, in lower-case hexadecimal digits."""

    algorithm: str
    digits: str


@dataclass(frozen=True)
class Locked:
    """A package as one lock file has it. ``origin`` is empty for the ecosystem's own registry, else an address without
    credentials; ``requires`` holds packages of the same file.
    """

    package: Package
    hashes: tuple[FileHash, ...] = ()
    origin: str = ""
    requires: tuple[Package, ...] = ()


@dataclass(frozen=True, order=True)
class Unpinned:
    """A dependency that no exact version is known of, and the file that asks for it."""

    ecosystem: Ecosystem
    name: str
    path: str


@dataclass(frozen=True)
class Content:
    """What one file says. ``direct`` are the packages that the project itself asks for, where the file tells them."""

    locked: tuple[Locked, ...] = ()
    unpinned: tuple[str, ...] = ()
    direct: tuple[Package, ...] = ()


VERSIONS_LIMIT: Final = 50
"""Of one package in one file: lock files for many machines hold a handful, and a relation by name leads to them all."""

Known = dict[str, list[Package]]
"""The packages of one file by name."""

_ALGORITHMS: Final = {
    "md5": ("MD5", 32),
    "sha1": ("SHA-1", 40),
    "sha256": ("SHA-256", 64),
    "sha384": ("SHA-384", 96),
    "sha512": ("SHA-512", 128),
}
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]+")

_SEGMENT: Final = r"[A-Za-z0-9~_.!'()*+-]{1,214}"
_NAMES: Final = {
    Ecosystem.PYPI: re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,198}[A-Za-z0-9])?"),
    Ecosystem.NPM: re.compile(rf"(@{_SEGMENT}/)?{_SEGMENT}"),
    Ecosystem.CRATES: re.compile(r"[A-Za-z0-9_-]{1,64}"),
    Ecosystem.GO: re.compile(r"[A-Za-z0-9~_.!-]+(/[A-Za-z0-9~_.!+-]+)*"),
    Ecosystem.PACKAGIST: re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+"),
    Ecosystem.MAVEN: re.compile(r"[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+"),
    Ecosystem.RUBYGEMS: re.compile(r"[A-Za-z0-9_.-]+"),
}
_VERSION: Final = re.compile(r"[\x21-\x7e]{1,200}")
_LONGEST_NAME: Final = 500


def package(ecosystem: Ecosystem, name: str, version: str) -> Package:
    """A package by its name and version as a file has them. Raises ``BadInput`` for what cannot be one."""
    name, version = normal_name(ecosystem, name), version.strip()
    if not _VERSION.fullmatch(version):
        raise BadInput(f"{version[:80]!r} is no version of {name}", field=name, fix="lock the dependencies again")
    return Package(ecosystem, name, _normal_version(ecosystem, version))


def normal_name(ecosystem: Ecosystem, name: str) -> str:
    """The one spelling of a name. Raises ``BadInput`` for a text that no registry would take as a name."""
    if len(name) > _LONGEST_NAME or not _NAMES[ecosystem].fullmatch(name):
        raise BadInput(
            f"{name[:80]!r} is no name of a package in {ecosystem}", field=str(ecosystem), fix="correct the name"
        )
    if ecosystem is Ecosystem.PYPI:
        return canonicalize_name(name)
    return name.lower() if ecosystem is Ecosystem.PACKAGIST else name


def requirement(text: str) -> Requirement | None:
    """A requirement of PEP 508; None for what is none."""
    try:
        return Requirement(text)
    except (ValueError, RecursionError):  # the reader of markers takes as deep a nesting as somebody writes
        return None


def note(this: Package, known: Known) -> None:
    """Add a package to those known by their name. Raises ``BadInput`` for more versions than can be meant."""
    versions = known.setdefault(this.name, [])
    if this in versions:
        return
    if len(versions) == VERSIONS_LIMIT:
        raise BadInput(
            f"{this.name} has more than {VERSIONS_LIMIT} versions", field=this.name, fix="lock the dependencies again"
        )
    versions.append(this)


def hashes(texts: Iterable[str]) -> tuple[FileHash, ...]:
    """The hashes in ``sha256:<hexadecimal>`` form. What is no hash by a known algorithm is left out: nothing is claimed
    of it.
    """
    split = (text.partition(":") for text in texts)
    return _distinct(_hash(algorithm, digits) for algorithm, _, digits in split)


def integrity(text: str) -> tuple[FileHash, ...]:
    """The hashes of a Subresource Integrity text (``sha512-<base64>``), as npm writes them."""
    found = []
    for part in text.split():
        algorithm, _, encoded = part.partition("?")[0].partition("-")
        try:
            found.append(_hash(algorithm, base64.b64decode(encoded, validate=True).hex()))
        except (binascii.Error, ValueError):
            continue
    return _distinct(found)


def address(text: str) -> str:
    """An address without user, password and query, which may carry secrets."""
    scheme = "git+" if text.startswith("git+") else ""
    try:
        parts = urlsplit(text.removeprefix("git+"))
        host = parts.netloc.rpartition("@")[2]
        return scheme + urlunsplit((parts.scheme, host, parts.path, "", parts.fragment if "=" not in text else ""))
    except ValueError:
        return "an address that cannot be read"


def _normal_version(ecosystem: Ecosystem, version: str) -> str:
    if ecosystem is not Ecosystem.PYPI:
        return version
    try:
        return str(Version(version))
    except InvalidVersion:
        return version


def _hash(algorithm: str, digits: str) -> FileHash | None:
    name, length = _ALGORITHMS.get(algorithm.strip().lower(), ("", 0))
    digits = digits.strip().lower()
    return FileHash(name, digits) if name and len(digits) == length and _HEXADECIMAL.fullmatch(digits) else None


def _distinct(found: Iterable[FileHash | None]) -> tuple[FileHash, ...]:
    return tuple(sorted({each for each in found if each is not None}))
