"""The bill of materials of a head: what its lock files say that it depends on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from maestro.assurance.facts import SbomFacts
from maestro.model.pull_request import PullRequest
from maestro.sbom.document import Component, Subject, document, purl
from maestro.sbom.files import Found, find
from maestro.sbom.head import Head
from maestro.sbom.locked import Ecosystem, FileHash, Package, Unpinned


@dataclass(frozen=True)
class Bill:
    """Everything that is known of a head's dependencies.

    ``document`` is CycloneDX 1.6 JSON without a time stamp. ``unread`` are paths with the reason; while there is one,
    the facts that depend on it are None, and ``components`` hold what the other files say.
    """

    subject: Subject
    components: tuple[Component, ...]
    lock_files: tuple[str, ...]
    unread: tuple[tuple[str, str], ...]
    unpinned: tuple[Unpinned, ...]
    facts: SbomFacts
    document: bytes

    @property
    def remarks(self) -> tuple[tuple[str, str], ...]:
        """What a document says of itself: what it was read from, and what it does not know."""
        return (
            *(("lock-file", path) for path in self.lock_files),
            *(("unread-lock-file", f"{path}: {reason}") for path, reason in self.unread),
            *(("unpinned", f"{each.ecosystem}/{each.name} in {each.path}") for each in self.unpinned),
        )


def bill_of_materials(mirror: Path, pull_request: PullRequest) -> Bill:
    """Read the lock files of the head from the bare ``mirror``. Nothing of the head is checked out or run.

    Raises ``PlatformUnavailable`` where the mirror cannot answer; what the head holds never raises.
    """
    found = find(Head.of(mirror, pull_request.head_sha))
    components = _components(found)
    subject = Subject(pull_request.repo, pull_request.head_sha, _direct(found, components))
    bill = Bill(
        subject=subject,
        components=components,
        lock_files=tuple(sorted(found.read)),
        unread=tuple(sorted(found.unread.items())),
        unpinned=tuple(sorted(found.unpinned)),
        facts=_facts(found, components),
        document=b"",
    )
    return _with_document(bill)


def _with_document(bill: Bill) -> Bill:
    content = document(bill.subject, bill.components, remarks=bill.remarks)
    return replace(bill, document=content)


def _components(found: Found) -> tuple[Component, ...]:
    """One component for each package, whichever files have it."""
    gathered: dict[Package, _Gathered] = {}
    for path, (_, content) in found.read.items():
        for locked in content.locked:
            about = gathered.setdefault(locked.package, _Gathered(set(), set(), set(), set()))
            about.hashes.update(locked.hashes)
            about.files.add(path)
            about.requires.update(each.ref for each in locked.requires if each != locked.package)
            if locked.origin:
                about.origins.add(locked.origin)
    return tuple(
        Component(
            package=package,
            purl=purl(package),
            hashes=tuple(sorted(about.hashes)),
            origins=tuple(sorted(about.origins)),
            files=tuple(sorted(about.files)),
            requires=tuple(sorted(about.requires)),
        )
        for package, about in sorted(gathered.items(), key=lambda item: item[0])
    )


@dataclass(frozen=True)
class _Gathered:
    hashes: set[FileHash]
    origins: set[str]
    files: set[str]
    requires: set[str]


def _direct(found: Found, components: Iterable[Component]) -> tuple[str, ...]:
    """What the project asks for itself: what its files say, and whatever nothing else asks for."""
    told = {each.ref for _, content in found.read.values() for each in content.direct}
    needed = {ref for each in components for ref in each.requires}
    return tuple(sorted(told | {each.ref for each in components if each.ref not in needed}))


def _facts(found: Found, components: tuple[Component, ...]) -> SbomFacts:
    is_whole = not found.unread
    ecosystems: Mapping[Ecosystem, None] = dict.fromkeys(
        [*(each.package.ecosystem for each in components), *(each.ecosystem for each in found.unpinned)]
    )
    return SbomFacts(
        lock_files=tuple(sorted(found.read)),
        unread_lock_files=tuple(sorted(found.unread)),
        components=len(components) if is_whole else None,
        ecosystems=tuple(sorted(map(str, ecosystems))) if is_whole else None,
        unpinned=tuple(sorted({each.name for each in found.unpinned})) if is_whole else None,
    )
