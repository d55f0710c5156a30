"""Reads pip's requirements and constraints files line by line, and what they include within the repository.

Markers and extras are not judged: what would be installed on any machine counts.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from packaging.utils import parse_sdist_filename, parse_wheel_filename

from maestro.sbom.locked import Ecosystem, FileHash, Locked, address, hashes, normal_name, package, requirement
from maestro.sbom.untrusted import refuse, text_of

_STEM: Final = re.compile(r"(?:requirements|constraints).*|.*[-_.](?:requirements|constraints)", re.IGNORECASE)
_COMMENT: Final = re.compile(r"(?:^|\s)#.*$")
_CONTINUED: Final = re.compile(r"\\\r?\n[ \t]*")
_OPTION: Final = re.compile(r"(--?[A-Za-z][A-Za-z-]*)(?:\s*=\s*|\s*)(.*)", re.DOTALL)
_HASH: Final = re.compile(r"--hash[=\s]+(\S+)")
_PER_REQUIREMENT: Final = re.compile(r"\s--(?:hash|config-settings?|global-option|install-option)\b.*", re.DOTALL)
_INCLUDE: Final = frozenset({"-r", "--requirement", "-c", "--constraint"})
_EDITABLE: Final = frozenset({"-e", "--editable"})
_ADDRESS: Final = re.compile(r"(?:[a-z0-9]+\+)?[a-z][a-z0-9]*:(?://)?[^\s]+", re.IGNORECASE)
_EGG: Final = re.compile(r"[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)")
_LINE_LIMIT: Final = 100_000


@dataclass
class Requirements:
    """What one file says; ``includes`` are paths in the repository."""

    locked: list[Locked] = field(default_factory=list)
    unpinned: list[str] = field(default_factory=list)
    includes: list[str] = field(default_factory=list)


def is_requirements(path: str) -> bool:
    """Whether a file is one of pip's by its name, or by the folder that it lies in."""
    pure = PurePosixPath(path)
    return pure.suffix == ".txt" and (bool(_STEM.fullmatch(pure.stem)) or pure.parent.name == "requirements")


def is_constraints(path: str) -> bool:
    """Whether a file only holds versions for what others ask for."""
    return "constraints" in PurePosixPath(path).stem.lower()


def read_requirements(path: str, content: bytes) -> Requirements:
    """The lines of the file at ``path``. Raises ``BadInput`` for a line that pip would not take either."""
    found = Requirements()
    for line in _lines(text_of(content)):
        if line.startswith("-"):
            _option(line, path, found)
        else:
            _requirement(line, path, found)
    return found


def _lines(text: str) -> Iterator[str]:
    for raw in _CONTINUED.sub(" ", text).splitlines():
        line = _COMMENT.sub("", raw).strip()
        if len(line) > _LINE_LIMIT:
            refuse(f"it has a line of more than {_LINE_LIMIT:,} characters")
        if line:
            yield line


def _option(line: str, path: str, found: Requirements) -> None:
    matched = _OPTION.fullmatch(line)
    if matched is None:
        refuse(f"a line cannot be read: {line[:80]!r}")
    name, value = matched.groups()
    if not name.startswith("--") and len(name) > 2:
        name, value = name[:2], name[2:] + value  # pip reads -rbase.txt as -r base.txt
    if name in _INCLUDE:
        found.includes.append(_inside(path, value.strip().strip("\"'")))
    elif name in _EDITABLE:
        _elsewhere(value.strip(), path, found)


def _inside(path: str, named: str) -> str:
    """The included file's path from the top of the repository."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), named))
    if not named or "://" in named or "\\" in named or target.startswith(("/", "..")):
        refuse(f"it includes {address(named)[:80] if '://' in named else named[:80]!r}, which is not in the repository")
    return target


def _requirement(line: str, path: str, found: Requirements) -> None:
    told = hashes(_HASH.findall(line))
    text = _PER_REQUIREMENT.sub("", line).strip()
    read = requirement(text)
    if read is None:
        _elsewhere(text.partition(" ;")[0].strip(), path, found, told)
        return
    name = normal_name(Ecosystem.PYPI, read.name)
    version = next(
        (
            each.version
            for each in read.specifier
            if each.operator == "===" or (each.operator == "==" and not each.version.endswith(".*"))
        ),
        None,
    )
    if version is not None:
        found.locked.append(Locked(package(Ecosystem.PYPI, name, version), told))
    elif not (read.url and _by_file_name(read.url, found, told)):
        found.unpinned.append(name)


def _elsewhere(text: str, path: str, found: Requirements, told: tuple[FileHash, ...] = ()) -> None:
    """A line that names an address or a path: a wheel or archive says its version, the project's own folder is none."""
    if _by_file_name(text, found, told):
        return
    if _ADDRESS.match(text):
        egg = _EGG.search(text)
        found.unpinned.append(normal_name(Ecosystem.PYPI, egg[1]) if egg else address(text.partition("#")[0]))
        return
    folder = re.sub(r"\[[^\]]*\]$", "", text)
    if not folder.startswith((".", "/")) and "/" not in folder:
        refuse(f"a line cannot be read: {text[:80]!r}")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), folder))
    if target.startswith(("/", "..")):
        found.unpinned.append(folder)


def _by_file_name(text: str, found: Requirements, told: tuple[FileHash, ...]) -> bool:
    file_name = posixpath.basename(text.partition("#")[0].partition("?")[0]).replace("%2B", "+")
    try:
        if file_name.endswith(".whl"):
            name, version, _, _ = parse_wheel_filename(file_name)
        elif file_name.endswith((".tar.gz", ".zip")):
            name, version = parse_sdist_filename(file_name)
        else:
            return False
    except ValueError:  # also of a number with thousands of digits
        return False
    origin = address(text.partition("#")[0]) if _ADDRESS.match(text) else ""
    found.locked.append(Locked(package(Ecosystem.PYPI, name, str(version)), told, origin))
    return True
