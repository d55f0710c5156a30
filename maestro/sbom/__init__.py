"""What a head depends on, and what is known against it: bill of materials, advisories, and the one held to the other.

``bill_of_materials`` reads lock files from a bare mirror and runs nothing. ``import_advisories`` takes advisories in
OSV form into one file with a date; ``assess`` counts those that affect the head. What could not be read, compared or
dated is said, and never counts as good.
"""

from maestro.sbom.assessment import LIMIT_DAYS, Assessment, Flaw, assess
from maestro.sbom.bill import Bill, bill_of_materials
from maestro.sbom.document import MEDIA_TYPE, Component
from maestro.sbom.importing import import_advisories
from maestro.sbom.locked import Ecosystem
from maestro.sbom.severity import Severity
from maestro.sbom.snapshot import Snapshot, open_snapshot

__all__ = [
    "LIMIT_DAYS",
    "MEDIA_TYPE",
    "Assessment",
    "Bill",
    "Component",
    "Ecosystem",
    "Flaw",
    "Severity",
    "Snapshot",
    "assess",
    "bill_of_materials",
    "import_advisories",
    "open_snapshot",
]
