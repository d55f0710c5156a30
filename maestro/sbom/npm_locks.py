"""Reads npm's lock files, versions 1 to 3.

The folders and workspaces of the repository itself are no dependencies; what they ask for is direct.
"""

import re
from typing import Any, Final

from maestro.errors import BadInput
from maestro.sbom.locked import Content, Ecosystem, Locked, Package, address, integrity, package
from maestro.sbom.untrusted import json_of, refuse, table, word, word_or_empty

ALIAS: Final = "npm:"
"""Before the name and version of a package that is installed under another name."""

Scope = dict[str, Package | str | None]
"""What a name means at one level: a package, the project's own code (a text), or something without a version."""

_MODULES: Final = "node_modules/"
_NEEDS: Final = ("dependencies", "optionalDependencies", "peerDependencies")
_PATH_LIMIT: Final = 100
"""Parts of a path: packages inside packages, thirty deep."""
_IS_REGISTRY: Final = re.compile(r"https?://[^/]+/(@[^/]+/)?[^/]+/-/")


def read_npm(content: bytes) -> Content:
    """``package-lock.json`` and ``npm-shrinkwrap.json``, versions 1 to 3."""
    data = json_of(content)
    if "packages" in data:
        return _by_path(table(data["packages"], "packages"))
    if "dependencies" not in data and "lockfileVersion" not in data:
        refuse("it is no lock file: it has neither packages nor dependencies")
    return _nested(table(data.get("dependencies"), "dependencies"))


def _by_path(entries: dict[str, Any]) -> Content:
    """Versions 2 and 3: an entry for each folder below ``node_modules``, and for each of the project's own."""
    known: dict[str, Package] = {}
    unpinned = []
    for path, about in entries.items():
        item = table(about, path)
        if path.count("/") > _PATH_LIMIT:
            refuse(f"it has a path of more than {_PATH_LIMIT} parts")
        if _MODULES not in path or item.get("link") is True:
            continue
        name = word_or_empty(item.get("name")) or path.rpartition(_MODULES)[2]
        version = word_or_empty(item.get("version"))
        if version:
            known[path] = package(Ecosystem.NPM, name, version)
        else:
            unpinned.append(reported(name))
    locked: list[Locked] = []
    direct: list[Package] = []
    for path, about in entries.items():
        item = table(about, path)
        needs = [*_NEEDS, *(() if _MODULES in path else ("devDependencies",))]
        names = [name for kind in needs for name in table(item.get(kind), kind)]
        requires = tuple(found for name in names if (found := _looked_up(path, name, known)) is not None)
        if path in known:
            told = integrity(word_or_empty(item.get("integrity")))
            locked.append(Locked(known[path], told, origin_of(word_or_empty(item.get("resolved"))), requires))
        elif _MODULES not in path:
            direct += requires
    return Content(tuple(locked), tuple(unpinned), tuple(direct))


def _looked_up(path: str, name: str, known: dict[str, Package]) -> Package | None:
    """What a folder finds under ``name``: in its own modules, else in those of the folders above it."""
    while True:
        found = known.get(f"{path}/{_MODULES}{name}" if path else f"{_MODULES}{name}")
        if found is not None or not path:
            return found
        path = path.rpartition("/")[0]


def _nested(top: dict[str, Any]) -> Content:
    """Version 1: packages inside the packages that need another version than the rest."""
    locked: list[Locked] = []
    unpinned: list[str] = []
    open_: list[tuple[dict[str, Any], tuple[Scope, ...]]] = [(top, (_scope(top),))]
    while open_:
        entries, scopes = open_.pop()
        for name, about in entries.items():
            inner = table(about.get("dependencies"), "dependencies")
            own = (_scope(inner), *scopes)
            if inner:
                open_.append((inner, own))
            this = scopes[0][name]
            if this is None:
                unpinned.append(reported(name))
            elif isinstance(this, Package):
                requires = about.get("requires")
                names = requires if isinstance(requires, dict) else {}
                found = (next((scope[each] for scope in own if each in scope), None) for each in names)
                locked.append(
                    Locked(
                        this,
                        integrity(word_or_empty(about.get("integrity"))),
                        origin_of(word_or_empty(about.get("resolved"))),
                        tuple(each for each in found if isinstance(each, Package)),
                    )
                )
    return Content(tuple(locked), tuple(unpinned))


def _scope(entries: dict[str, Any]) -> Scope:
    return {
        name: _nested_package(name, word(table(about, name).get("version"), f"the version of {name[:80]!r}"))
        for name, about in entries.items()
    }


def _nested_package(name: str, version: str) -> Package | str | None:
    """The package, None where its version is not told, or a text where it is the project's own."""
    if version.startswith(ALIAS):
        name, _, version = version.removeprefix(ALIAS).rpartition("@")
    if version.startswith("file:"):
        return None if version.endswith((".tgz", ".tar.gz")) else "own"
    return None if ":" in version or "/" in version else package(Ecosystem.NPM, name, version)


def origin_of(resolved: str) -> str:
    """Where a package comes from, where that is no registry."""
    return "" if not resolved or _IS_REGISTRY.match(resolved) else address(resolved)


def reported(name: str) -> str:
    """A name to report; one that no registry takes is reported as it stands."""
    try:
        return package(Ecosystem.NPM, name, "0").name
    except BadInput:
        return address(name)[:200]
