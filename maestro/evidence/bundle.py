"""A bundle from its contents to a file for somebody else, in the order of use.

``artifact_members`` and ``guide_members`` make the files that Maestro's own data give; narrative, exports and signed
statements are made elsewhere. ``index_of`` names them all, ``store_bundle`` keeps them, ``export_folder`` and
``export_archive`` write what ``read_bundle`` finds again.
"""

from maestro.evidence.gathered import artifact_members
from maestro.evidence.guide import guide_members
from maestro.evidence.indexing import index_of
from maestro.evidence.storing import bundle_of, read_bundle, store_bundle
from maestro.evidence.writing import export_archive, export_folder

__all__ = [
    "artifact_members",
    "bundle_of",
    "export_archive",
    "export_folder",
    "guide_members",
    "index_of",
    "read_bundle",
    "store_bundle",
]
