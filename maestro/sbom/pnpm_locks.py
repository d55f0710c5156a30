"""Reads ``pnpm-lock.yaml``, formats 5 to 9."""

from collections.abc import Iterator
from typing import Any

from maestro.sbom.locked import Content, Ecosystem, Locked, Package, integrity, package
from maestro.sbom.npm_locks import origin_of, reported
from maestro.sbom.untrusted import refuse, table, word_or_empty, yaml_of


def read_pnpm(content: bytes) -> Content:
    """``pnpm-lock.yaml``, formats 5 to 9."""
    data = yaml_of(content)
    if "lockfileVersion" not in data:
        refuse("it is no lock file: it does not say its version")
    packages = table(data.get("packages"), "packages")
    snapshots = table(data.get("snapshots"), "snapshots") or packages
    by_key: dict[str, Package] = {}
    known: dict[Package, dict[str, Any]] = {}
    unpinned: list[str] = []
    for key, about in packages.items():
        item = table(about, key)
        this = _package(key, item)
        if this is None:
            unpinned.append(reported(word_or_empty(item.get("name")) or key))
        else:
            by_key[_plain(key)] = this
            known[this] = table(item.get("resolution"), "resolution")
    requires: dict[Package, list[Package]] = {}
    for key, about in snapshots.items():
        this = by_key.get(_plain(key))
        if this is not None:
            requires.setdefault(this, []).extend(_needs(table(about, key), by_key))
    importers = table(data.get("importers"), "importers") or {".": data}
    direct = [each for name, about in importers.items() for each in _needs(table(about, name), by_key, with_dev=True)]
    locked = (_locked(this, resolution, requires.get(this, [])) for this, resolution in known.items())
    return Content(tuple(locked), tuple(unpinned), tuple(direct))


def _locked(this: Package, resolution: dict[str, Any], requires: list[Package]) -> Locked:
    origin = word_or_empty(resolution.get("tarball")) or word_or_empty(resolution.get("repo"))
    told = integrity(word_or_empty(resolution.get("integrity")))
    return Locked(this, told, origin_of(origin), tuple(requires))


def _plain(key: str) -> str:
    """A key without its leading slash and without the peers that stand in brackets behind it."""
    return key.removeprefix("/").partition("(")[0]


def _package(key: str, item: dict[str, Any]) -> Package | None:
    name, version = word_or_empty(item.get("name")), word_or_empty(item.get("version"))
    if not (name and version):
        plain = _plain(key)
        at = plain.rfind("@")
        if at > 0:
            name, version = plain[:at], version or plain[at + 1 :]
        else:
            name, _, version = plain.rpartition("/")
            version = version.partition("_")[0]
    if not version or ":" in version or "/" in version:
        return None
    return package(Ecosystem.NPM, name, version)


def _needs(item: dict[str, Any], by_key: dict[str, Package], *, with_dev: bool = False) -> Iterator[Package]:
    kinds = ("dependencies", "optionalDependencies", *(("devDependencies",) if with_dev else ()))
    for kind in kinds:
        for name, wanted in table(item.get(kind), kind).items():
            version = word_or_empty(wanted.get("version") if isinstance(wanted, dict) else wanted)
            keys = (f"{name}@{version}", f"{name}/{version}", version)
            found = next((by_key[key] for each in keys if (key := _plain(each)) in by_key), None)
            if found is not None:
                yield found
