"""Holds a bill of materials against a snapshot of advisories. Unknown is never good: what is not known is not counted
as none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from maestro.assurance.facts import SbomFacts
from maestro.sbom.advisories import Advisory
from maestro.sbom.bill import Bill
from maestro.sbom.document import Component, document
from maestro.sbom.locked import Package
from maestro.sbom.matching import is_affected
from maestro.sbom.severity import WORST_FIRST, Rating, Severity, rating
from maestro.sbom.snapshot import Snapshot
from maestro.sbom.vulnerabilities import vulnerability

LIMIT_DAYS: Final = 7.0
"""How old a snapshot may be where the caller has no other limit: critical flaws are used within days."""

_NAMED: Final = 5
"""Names in one reason; the document has them all."""


@dataclass(frozen=True)
class Flaw:
    """One flaw, whatever its advisories call it, and the components that have it. ``advisories`` begins with the one
    whose rating counts.
    """

    advisories: tuple[Advisory, ...]
    rating: Rating
    components: tuple[Component, ...]

    @property
    def id(self) -> str:
        return self.advisories[0].id


@dataclass(frozen=True)
class Assessment:
    """What the advisories say of a head. ``flaws`` are those that were found, worst first; ``reasons`` say why the
    counts of ``facts`` are None, and are empty where they are not. ``document`` is CycloneDX 1.6 JSON with
    vulnerabilities.
    """

    facts: SbomFacts
    flaws: tuple[Flaw, ...]
    reasons: tuple[str, ...]
    document: bytes


def assess(bill: Bill, snapshot: Snapshot | None, *, now: datetime, limit_days: float = LIMIT_DAYS) -> Assessment:
    """Match every component against the snapshot.

    The counts are None with no snapshot, with one that is older than ``limit_days`` or dated after ``now``, when a file
    could not be read, when a dependency has no exact version, when the snapshot does not cover an ecosystem, or when a
    version cannot be compared with an advisory's.
    """
    about_snapshot = _usable(snapshot, now, limit_days)
    if snapshot is None or about_snapshot:
        return _told(bill, snapshot, (), (*about_snapshot, *_unknown(bill)), now=now)
    hits: dict[str, list[tuple[Component, Advisory]]] = {}
    unclear: list[tuple[Package, Advisory]] = []
    for component in bill.components:
        for advisory in snapshot.advisories(component.package.ecosystem, component.package.name):
            answer = is_affected(component.package, advisory)
            if answer is None:
                unclear.append((component.package, advisory))
            elif answer:
                hits.setdefault(advisory.id, []).append((component, advisory))
    reasons = (*_unknown(bill), *_uncovered(bill, snapshot), *_unclear(unclear))
    return _told(bill, snapshot, _flaws(hits), reasons, now=now)


def _usable(snapshot: Snapshot | None, now: datetime, limit_days: float) -> tuple[str, ...]:
    if snapshot is None:
        return ("there is no snapshot of advisories",)
    age = snapshot.age_days(now)
    if age < 0:
        return (f"the snapshot of advisories is dated in the future: {snapshot.taken}",)
    if not age <= limit_days:
        return (
            f"the snapshot of advisories is of {snapshot.taken}: {age:.1f} days old, and the limit is {limit_days:g}",
        )
    return ()


def _unknown(bill: Bill) -> tuple[str, ...]:
    reasons = [f"{path} was not read: {reason}" for path, reason in bill.unread]
    names = sorted({each.name for each in bill.unpinned})
    if names:
        reasons.append(f"without an exact version: {_listed(names)}")
    return tuple(reasons)


def _uncovered(bill: Bill, snapshot: Snapshot) -> tuple[str, ...]:
    missing = {each.package.ecosystem for each in bill.components} - snapshot.covered
    return tuple(f"the snapshot does not cover {each}" for each in sorted(missing))


def _unclear(unclear: Iterable[tuple[Package, Advisory]]) -> tuple[str, ...]:
    names = sorted({f"{package.name} {package.version} with {advisory.id}" for package, advisory in unclear})
    return (f"cannot be compared: {_listed(names)}",) if names else ()


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _flaws(hits: dict[str, list[tuple[Component, Advisory]]]) -> tuple[Flaw, ...]:
    """Advisories that share a name are about one flaw, also over a third one."""
    group_of: dict[str, set[str]] = {}
    for found in hits.values():
        for _, advisory in found:
            merged = {name for known in advisory.names for name in group_of.get(known, {known})} | advisory.names
            group_of.update(dict.fromkeys(merged, merged))
    groups: dict[int, list[tuple[Component, Advisory]]] = {}
    for identity, found in hits.items():
        groups.setdefault(id(group_of[identity]), []).extend(found)
    return tuple(sorted((_flaw(found) for found in groups.values()), key=_worst_first))


def _flaw(found: list[tuple[Component, Advisory]]) -> Flaw:
    rated = {advisory.id: (rating(advisory), advisory) for _, advisory in found}
    ordered = sorted(rated.values(), key=lambda each: (WORST_FIRST.index(each[0].severity), each[1].id))
    components = {component.package: component for component, _ in found}
    return Flaw(
        advisories=tuple(advisory for _, advisory in ordered),
        rating=ordered[0][0],
        components=tuple(components[package] for package in sorted(components)),
    )


def _worst_first(flaw: Flaw) -> tuple[int, str]:
    return WORST_FIRST.index(flaw.rating.severity), flaw.id


def _told(
    bill: Bill, snapshot: Snapshot | None, flaws: tuple[Flaw, ...], reasons: tuple[str, ...], *, now: datetime
) -> Assessment:
    counts = {severity: sum(flaw.rating.severity is severity for flaw in flaws) for severity in Severity}
    known: dict[str, object] = {"snapshot": snapshot.taken.isoformat() if snapshot else None}
    if not reasons:
        known |= {
            "criticals": counts[Severity.CRITICAL],
            "highs": counts[Severity.HIGH],
            "unrated": counts[Severity.UNRATED],
            "affected": tuple(sorted({each.purl for flaw in flaws for each in flaw.components})),
        }
    remarks = (
        *bill.remarks,
        ("advisories-evaluated", "no" if reasons else "yes"),
        *(("not-evaluated", reason) for reason in reasons),
        *_about(snapshot),
    )
    return Assessment(
        facts=bill.facts.model_copy(update=known),
        flaws=flaws,
        reasons=reasons,
        document=document(
            bill.subject,
            bill.components,
            remarks=remarks,
            vulnerabilities=[
                vulnerability(flaw.advisories, flaw.rating, flaw.components, remarks=_about(snapshot)) for flaw in flaws
            ],
            at=now,
        ),
    )


def _about(snapshot: Snapshot | None) -> tuple[tuple[str, str], ...]:
    """The snapshot's date and digest, which stand on everything that rests on it."""
    if snapshot is None:
        return ()
    return (
        ("advisories-snapshot", snapshot.taken.isoformat()),
        ("advisories-digest", snapshot.digest),
        ("advisories-newest", snapshot.about.newest.isoformat()),
    )
