"""Reads Python's lock files: ``uv.lock``, ``poetry.lock``, ``pdm.lock``, ``pylock.toml`` and ``Pipfile.lock``.

A package that lies in the repository itself (editable, virtual, a folder) is the project's own code and no dependency;
what it asks for is what the project asks for directly.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from maestro.sbom.locked import (
    Content,
    Ecosystem,
    FileHash,
    Known,
    Locked,
    Package,
    address,
    hashes,
    normal_name,
    note,
    package,
    requirement,
)
from maestro.sbom.untrusted import json_of, refuse, rows, table, toml_of, word, word_or_empty

_OWN_SOURCES: Final = frozenset({"editable", "virtual", "directory"})


@dataclass(frozen=True)
class _Entry:
    """One entry before its dependencies are resolved; each of ``needs`` is a name and, where it is told, a version."""

    name: str
    version: str
    needs: tuple[tuple[str, str], ...] = ()
    hashes: tuple[FileHash, ...] = ()
    origin: str = ""
    is_own: bool = False


def read_uv(content: bytes) -> Content:
    """``uv.lock``."""
    entries = []
    for item in _packages(toml_of(content), "package"):
        source = table(item.get("source"), "source")
        groups = [
            rows(item.get("dependencies"), "dependencies"),
            *table(item.get("optional-dependencies"), "optional-dependencies").values(),
            *table(item.get("dev-dependencies"), "dev-dependencies").values(),
        ]
        files = [item.get("sdist"), *rows(item.get("wheels"), "wheels")]
        origin = (
            word_or_empty(source.get("git")) or word_or_empty(source.get("url")) or word_or_empty(source.get("path"))
        )
        entries.append(
            _Entry(
                name=_name(item),
                version=word_or_empty(item.get("version")),
                needs=tuple(_need(each) for group in groups for each in rows(group, "dependencies")),
                hashes=hashes(_texts(files, "hash")),
                origin=address(origin) if origin else "",
                is_own=bool(_OWN_SOURCES & source.keys()),
            )
        )
    return _content(entries)


def read_pylock(content: bytes) -> Content:
    """``pylock.toml`` and ``pylock.<name>.toml`` of PEP 751."""
    entries = []
    for item in _packages(toml_of(content), "packages"):
        source = table(item.get("vcs"), "vcs") or table(item.get("archive"), "archive")
        files = [item.get("sdist"), item.get("archive"), *rows(item.get("wheels"), "wheels")]
        told = [table(table(file, "a file").get("hashes"), "hashes") for file in files if file is not None]
        origin = word_or_empty(source.get("url")) or word_or_empty(source.get("path"))
        entries.append(
            _Entry(
                name=_name(item),
                version=word_or_empty(item.get("version")),
                needs=tuple(_need(each) for each in rows(item.get("dependencies"), "dependencies")),
                hashes=hashes(f"{algorithm}:{digits}" for each in told for algorithm, digits in each.items()),
                origin=address(origin) if origin else "",
                is_own="directory" in item,
            )
        )
    return _content(entries)


def read_poetry(content: bytes) -> Content:
    """``poetry.lock`` of all releases: hashes stand at the package, or at the end of the file in older ones."""
    data = toml_of(content)
    metadata = table(data.get("metadata"), "metadata")
    files_apart = table(metadata.get("files"), "metadata.files")
    entries = []
    for item in _packages(data, "package"):
        source = table(item.get("source"), "source")
        files = rows(item.get("files", files_apart.get(word_or_empty(item.get("name")))), "files")
        is_elsewhere = word_or_empty(source.get("type")) in {"git", "url", "file"}
        entries.append(
            _Entry(
                name=_name(item),
                version=word_or_empty(item.get("version")),
                needs=tuple((name, "") for name in table(item.get("dependencies"), "dependencies")),
                hashes=hashes(_texts(files, "hash")),
                origin=address(word_or_empty(source.get("url"))) if is_elsewhere else "",
                is_own=source.get("type") == "directory",
            )
        )
    return _content(entries)


def read_pdm(content: bytes) -> Content:
    """``pdm.lock``. A package stands once for each set of its extras; they become one."""
    data = toml_of(content)
    files_apart = table(table(data.get("metadata"), "metadata").get("files"), "metadata.files")
    entries = []
    for item in _packages(data, "package"):
        key = f"{item.get('name')} {item.get('version')}"
        files = rows(item.get("files", files_apart.get(key)), "files")
        origin = word_or_empty(item.get("git")) or word_or_empty(item.get("url"))
        path = word_or_empty(item.get("path"))
        entries.append(
            _Entry(
                name=_name(item),
                version=word_or_empty(item.get("version")),
                needs=tuple(_required(each) for each in rows(item.get("dependencies"), "dependencies")),
                hashes=hashes(_texts(files, "hash")),
                origin=address(origin) if origin else "",
                is_own=bool(path) and not path.endswith((".whl", ".gz", ".zip", ".bz2")),
            )
        )
    return _content(entries)


def read_pipfile(content: bytes) -> Content:
    """``Pipfile.lock``; it has no relations."""
    data = json_of(content)
    entries = []
    for section, packages in data.items():
        if section == "_meta":
            continue
        for name, about in table(packages, section).items():
            item = table(about, name)
            version, path = word_or_empty(item.get("version")), word_or_empty(item.get("path"))
            if version and not version.startswith("=="):
                refuse(f"{name[:80]!r} is locked to {version[:80]!r}, which is no exact version")
            told = (word_or_empty(each) for each in rows(item.get("hashes"), "hashes"))
            origin = word_or_empty(item.get("git")) or word_or_empty(item.get("file"))
            entries.append(
                _Entry(
                    name=normal_name(Ecosystem.PYPI, name),
                    version=version.removeprefix("==").removeprefix("="),
                    hashes=hashes(told),
                    origin=address(origin) if origin else "",
                    is_own=bool(path),
                )
            )
    return _content(entries)


def _content(entries: list[_Entry]) -> Content:
    """Resolve what needs what by name; several versions of a name (for different machines) are all meant."""
    by_name: Known = {}
    for entry in entries:
        if entry.version and not entry.is_own:
            note(package(Ecosystem.PYPI, entry.name, entry.version), by_name)
    locked: list[Locked] = []
    direct: list[Package] = []
    unpinned: list[str] = []
    for entry in entries:
        requires = tuple(_resolved(entry.needs, by_name))
        if entry.is_own:
            direct += requires
        elif not entry.version:
            unpinned.append(entry.name)
        else:
            this = package(Ecosystem.PYPI, entry.name, entry.version)
            locked.append(Locked(this, entry.hashes, entry.origin, tuple(each for each in requires if each != this)))
    return Content(tuple(locked), tuple(unpinned), tuple(direct))


def _resolved(needs: Iterable[tuple[str, str]], by_name: Mapping[str, list[Package]]) -> Iterable[Package]:
    for name, version in needs:
        found = by_name.get(normal_name(Ecosystem.PYPI, name), [])
        exact = [each for each in found if version and each == package(Ecosystem.PYPI, name, version)]
        yield from exact or found


def _packages(data: dict[str, Any], key: str) -> Iterable[dict[str, Any]]:
    if key not in data and not {"version", "lock-version", "metadata"} & data.keys():
        refuse("it is no lock file: it says neither its version nor any package")
    return (table(item, "a package") for item in rows(data.get(key), key))


def _name(item: dict[str, Any]) -> str:
    return normal_name(Ecosystem.PYPI, word(item.get("name"), "the name of a package"))


def _need(value: object) -> tuple[str, str]:
    needed = table(value, "a dependency")
    return word(needed.get("name"), "the name of a dependency"), word_or_empty(needed.get("version"))


def _required(value: object) -> tuple[str, str]:
    text = word(value, "a dependency")
    read = requirement(text)
    if read is None:
        refuse(f"{text[:80]!r} is no dependency")
    return read.name, ""


def _texts(files: Iterable[object], key: str) -> Iterable[str]:
    return (word_or_empty(table(file, "a file").get(key)) for file in files if file is not None)
