"""Whether a version is affected, by the evaluation algorithm of OSV's schema, in three answers: yes, no, unknown."""

from functools import lru_cache

from packaging.version import InvalidVersion, Version

from maestro.sbom.advisories import Advisory, Affected, Range
from maestro.sbom.locked import Ecosystem, Package
from maestro.sbom.versions import Incomparable, Key, key

BEGINNING = "0"
"""In an event: before every version."""

ENDLESS = "*"
"""In a limit: after every version."""


def is_affected(package: Package, advisory: Advisory) -> bool | None:
    """Whether ``advisory`` (which is about this package) affects this version of it; None where its versions cannot be
    compared, or where it does not say which are affected.
    """
    answers = [_by_entry(package, each) for each in advisory.affected]
    if True in answers:
        return True
    return None if None in answers else False


def _by_entry(package: Package, affected: Affected) -> bool | None:
    candidates = _candidates(package)
    if affected.says_nothing:
        return None
    if not set(candidates).isdisjoint(affected.versions):
        return True
    unknown = False
    for each in affected.ranges:
        for version in candidates:
            try:
                if _in_range(package.ecosystem, version, each):
                    return True
            except Incomparable:
                unknown = True
    if _is_listed(package, affected):
        return True
    return None if unknown else False


def _candidates(package: Package) -> tuple[str, ...]:
    """The version, and for a local build of a Python release (``2.0+cpu``) that release, which it contains."""
    version = package.version
    if package.ecosystem is Ecosystem.PYPI and "+" in version:
        return (version, version.partition("+")[0])
    if package.ecosystem in {Ecosystem.GO, Ecosystem.PACKAGIST} and version.startswith("v"):
        return (version, version[1:])
    return (version,)


def _is_listed(package: Package, affected: Affected) -> bool:
    """Whether the list names the version in another spelling: ``1.0`` and ``1.0.0`` are one release of Python's."""
    if package.ecosystem is not Ecosystem.PYPI:
        return False
    wanted = {_spelled(each) for each in _candidates(package)} - {None}
    return any(_spelled(each) in wanted for each in affected.versions) if wanted else False


@lru_cache(maxsize=65_536)
def _spelled(version: str) -> Version | None:
    try:
        return Version(version)
    except (InvalidVersion, ValueError):
        return None


def _in_range(ecosystem: Ecosystem, version: str, within: Range) -> bool:
    by_semver = within.type == "SEMVER"
    this = (1, key(ecosystem, version, by_semver=by_semver))
    limits = [event.version for event in within.events if event.kind == "limit"]
    if limits and not any(each == ENDLESS or this < _place(ecosystem, each, by_semver) for each in limits):
        return False
    events = [event for event in within.events if event.kind != "limit"]
    affected = False
    # Sorted by version alone: of two events at one version the later in the list holds, as where OSV's own code sorts.
    for event in sorted(events, key=lambda each: _place(ecosystem, each.version, by_semver)):
        at = _place(ecosystem, event.version, by_semver)
        if event.kind == "introduced" and this >= at:
            affected = True
        elif (event.kind == "fixed" and this >= at) or (event.kind == "last_affected" and this > at):
            affected = False
    return affected


@lru_cache(maxsize=65_536)
def _place(ecosystem: Ecosystem, version: str, by_semver: bool) -> tuple[int, Key]:  # noqa: FBT001 - cached by position
    """Sorts the beginning before every version."""
    return (0, ()) if version == BEGINNING else (1, key(ecosystem, version, by_semver=by_semver))
