"""The machine exports of a dossier, all together for a bundle or one alone."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from maestro.evidence.contents import EXPORTS, Dossier, Member, Role
from maestro.evidence.exports.declarations import declarations
from maestro.evidence.exports.junit import junit_report
from maestro.evidence.exports.oscal import assessment_results
from maestro.evidence.exports.oscal_catalog import CATALOG_FILE, oscal_catalog
from maestro.evidence.exports.sarif import sarif_log

_JSON: Final = "application/json"


class Format(StrEnum):
    """What can be exported. Append only: commands name these."""

    OSCAL = "oscal"
    OSCAL_CATALOG = "oscal-catalog"
    CYCLONEDX = "cyclonedx"
    SARIF = "sarif"
    JUNIT = "junit"


class _Export(NamedTuple):
    file: str
    media_type: str
    shows: str
    write: Callable[[Dossier], bytes]


_EXPORTS: Final[dict[Format, _Export]] = {
    Format.OSCAL: _Export(
        "oscal-assessment-results.json",
        _JSON,
        "the answers as OSCAL 1.2.1 assessment results, for tools of governance and risk",
        assessment_results,
    ),
    Format.OSCAL_CATALOG: _Export(
        CATALOG_FILE, _JSON, "the controls as an OSCAL 1.2.1 catalog, which the results name", oscal_catalog
    ),
    Format.CYCLONEDX: _Export(
        "cyclonedx-declarations.json",
        "application/vnd.cyclonedx+json",
        "the answers as CycloneDX 1.6 declarations: claims, counter-claims and their evidence",
        declarations,
    ),
    Format.SARIF: _Export(
        "findings.sarif",
        "application/sarif+json",
        "failed and open controls as SARIF 2.1.0, for code scanning",
        sarif_log,
    ),
    Format.JUNIT: _Export(
        "controls.junit.xml",
        "application/xml",
        "every control as a test case in JUnit's XML, for continuous integration",
        junit_report,
    ),
}


def export_members(dossier: Dossier) -> tuple[Member, ...]:
    """Every export as a file of the bundle, in the order of ``Format``."""
    return tuple(export_one(dossier, form) for form in Format)


def export_one(dossier: Dossier, form: Format) -> Member:
    """One export. Alone it is complete in itself, but the artifacts that it names lie in the bundle."""
    export = _EXPORTS[form]
    return Member(
        path=export_path(form),
        content=export.write(dossier),
        media_type=export.media_type,
        role=Role.EXPORT,
        shows=export.shows,
    )


def export_path(form: Format) -> str:
    """Where the export lies in every bundle."""
    return f"{EXPORTS}/{_EXPORTS[form].file}"
