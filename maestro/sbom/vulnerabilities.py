"""One flaw as a CycloneDX vulnerability: ids, rating, affected components, and the snapshot that it was read from."""

from collections.abc import Iterable, Sequence
from typing import Final

from cyclonedx.model import Property, XsUri
from cyclonedx.model.impact_analysis import ImpactAnalysisAffectedStatus
from cyclonedx.model.vulnerability import (
    BomTarget,
    BomTargetVersionRange,
    Vulnerability,
    VulnerabilityRating,
    VulnerabilityReference,
    VulnerabilityScoreSource,
    VulnerabilitySeverity,
    VulnerabilitySource,
)

from maestro.sbom.advisories import Advisory
from maestro.sbom.document import Component
from maestro.sbom.severity import Rating, Severity

_SOURCE: Final = "OSV"
_SEVERITIES: Final = {
    Severity.CRITICAL: VulnerabilitySeverity.CRITICAL,
    Severity.HIGH: VulnerabilitySeverity.HIGH,
    Severity.MEDIUM: VulnerabilitySeverity.MEDIUM,
    Severity.LOW: VulnerabilitySeverity.LOW,
    Severity.NONE: VulnerabilitySeverity.NONE,
    Severity.UNRATED: VulnerabilitySeverity.UNKNOWN,
}
_METHODS: Final = {
    "CVSS:4": VulnerabilityScoreSource.CVSS_V4,
    "CVSS:3.1": VulnerabilityScoreSource.CVSS_V3_1,
    "CVSS:3.0": VulnerabilityScoreSource.CVSS_V3,
}


def vulnerability(
    advisories: Sequence[Advisory],
    rating: Rating,
    components: Iterable[Component],
    *,
    remarks: Iterable[tuple[str, str]],
) -> Vulnerability:
    """The flaw that ``advisories`` are about; its id is the first one's, all others are references."""
    identity = advisories[0].id
    others = sorted({name for advisory in advisories for name in advisory.names} - {identity})
    return Vulnerability(
        bom_ref=f"flaw/{identity}",
        id=identity,
        source=_source(identity),
        references=[VulnerabilityReference(id=each, source=_source(each)) for each in others],
        ratings=[_rating(rating)],
        updated=max(advisory.modified for advisory in advisories),
        affects=[
            BomTarget(
                ref=each.ref,
                versions=[
                    BomTargetVersionRange(version=each.package.version, status=ImpactAnalysisAffectedStatus.AFFECTED)
                ],
            )
            for each in components
        ],
        properties=[Property(name=f"maestro:{name}", value=value) for name, value in remarks],
    )


def _source(identity: str) -> VulnerabilitySource:
    return VulnerabilitySource(name=_SOURCE, url=XsUri(f"https://osv.dev/vulnerability/{identity}"))


def _rating(rating: Rating) -> VulnerabilityRating:
    return VulnerabilityRating(
        severity=_SEVERITIES[rating.severity],
        score=rating.score,
        vector=rating.vector or None,
        method=next(
            (method for start, method in _METHODS.items() if rating.vector.startswith(start)),
            VulnerabilityScoreSource.CVSS_V2 if rating.vector else None,
        ),
    )
