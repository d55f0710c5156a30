"""A bundle's answers in the formats that other tools read: OSCAL, CycloneDX, SARIF and JUnit.

Pure: the same dossier gives the same bytes. Three states stay three in every format: what was *not evaluated* is
written neither as satisfied nor as failed. Whoever wrote a title, a test name or a reason cannot break a document.
"""

from maestro.evidence.exports.formats import Format, export_members, export_one, export_path
from maestro.evidence.exports.oscal_references import oscal_problems

__all__ = ["Format", "export_members", "export_one", "export_path", "oscal_problems"]
