"""Orders versions as each ecosystem orders its own, or says that it cannot.

A version that does not follow its ecosystem's rules is never compared by guesswork: it is ``Incomparable``.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from packaging.version import InvalidVersion, Version

from maestro.sbom.locked import Ecosystem
from maestro.sbom.maven_versions import MavenVersion, is_maven

Key = Any
"""Comparable with keys of the same order only."""


class Incomparable(Exception):  # noqa: N818 - it says what the versions are; caught where versions are matched
    """A version has no place in its ecosystem's order. Never leaves the room."""


_NUMBER: Final = r"\d{1,50}"
_SEMVER: Final = re.compile(
    rf"[vV=]?({_NUMBER})(?:\.({_NUMBER}))?(?:\.({_NUMBER}))?(?:-([0-9A-Za-z.-]{{1,200}}))?(?:\+[0-9A-Za-z.-]*)?"
)
_COMPOSER: Final = re.compile(
    rf"v?({_NUMBER})(?:\.({_NUMBER}))?(?:\.({_NUMBER}))?(?:\.({_NUMBER}))?"
    rf"(?:[._-]?(stable|beta|b|RC|alpha|a|patch|pl|p)(?:[.-]?({_NUMBER}))?)?(?:\+[^\s]*)?",
    re.IGNORECASE,
)
_STABILITY: Final = {"a": 1, "alpha": 1, "b": 2, "beta": 2, "rc": 3, "": 4, "stable": 4, "p": 5, "pl": 5, "patch": 5}
_GEM: Final = re.compile(r"[0-9]+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?")
_GEM_SEGMENTS: Final = 32
_LONGEST: Final = 200


def key(ecosystem: Ecosystem, version: str, *, by_semver: bool = False) -> Key:
    """Where ``version`` stands in its ecosystem's order, or in that of SemVer where a range is told in it.

    Raises ``Incomparable``.
    """
    order = semver if by_semver else _ORDERS.get(ecosystem)
    if order is None:
        raise Incomparable(f"no order of versions is known for {ecosystem}")
    if len(version) > _LONGEST:
        raise Incomparable("a version is too long")
    return order(version)


def pep440(version: str) -> Key:
    """PEP 440."""
    try:
        return Version(version)
    except (InvalidVersion, ValueError) as error:
        raise Incomparable(f"{version!r} is no version by PEP 440") from error


def semver(version: str) -> Key:
    """Semantic Versioning 2.0: build metadata does not count. A leading ``v`` and missing zeros are forgiven."""
    matched = _SEMVER.fullmatch(version)
    if matched is None:
        raise Incomparable(f"{version!r} is no semantic version")
    numbers = tuple(int(each or 0) for each in matched.groups()[:3])
    before = matched[4]
    if before is None:
        return (numbers, 1, ())
    parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in before.split("."))
    return (numbers, 0, parts)


def composer(version: str) -> Key:
    """Composer's normal form: up to four numbers, then how stable it is. A branch (``dev-…``) has no place."""
    matched = _COMPOSER.fullmatch(version)
    if matched is None:
        raise Incomparable(f"{version!r} is no numbered version of Composer")
    numbers = tuple(int(each or 0) for each in matched.groups()[:4])
    return (numbers, _STABILITY[(matched[5] or "").lower()], int(matched[6] or 0))


def gem(version: str) -> Key:
    """RubyGems: letters before numbers, which makes ``1.0.rc1`` older than ``1.0``; zeros at the end do not count."""
    if not _GEM.fullmatch(version):
        raise Incomparable(f"{version!r} is no version by RubyGems")
    segments = [
        int(part) if part.isdigit() else part
        for part in re.findall(r"[0-9]+|[a-z]+", version.replace("-", ".pre."), re.IGNORECASE)
    ]
    first_letter = next((at for at, part in enumerate(segments) if isinstance(part, str)), len(segments))
    kept = [*_without_zeros(segments[:first_letter]), *_without_zeros(segments[first_letter:])]
    if len(kept) > _GEM_SEGMENTS:
        raise Incomparable(f"{version[:40]!r} has more parts than are compared")
    # What has ended counts as zeros: after any letters, before any other number.
    ended = [0] * (_GEM_SEGMENTS - len(kept))
    return tuple((1, part, "") if isinstance(part, int) else (0, 0, part) for part in (*kept, *ended))


def maven(version: str) -> Key:
    """Maven's reference for the POM."""
    if not is_maven(version):
        raise Incomparable(f"{version!r} has characters that Maven's rules do not order")
    return MavenVersion(version)


def _without_zeros(segments: list[int | str]) -> list[int | str]:
    while segments and segments[-1] == 0:
        segments = segments[:-1]
    return segments


_ORDERS: Final[dict[Ecosystem, Callable[[str], Key]]] = {
    Ecosystem.PYPI: pep440,
    Ecosystem.NPM: semver,
    Ecosystem.CRATES: semver,
    Ecosystem.GO: semver,
    Ecosystem.PACKAGIST: composer,
    Ecosystem.RUBYGEMS: gem,
    Ecosystem.MAVEN: maven,
}
