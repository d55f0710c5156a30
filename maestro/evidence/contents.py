"""What one bundle is made of, before any of it is rendered, exported or signed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from maestro.assurance.catalogue import Catalogue
from maestro.assurance.facts import Facts
from maestro.model.artifact import ArtifactRef
from maestro.model.base import Model
from maestro.model.decision import DecisionCard
from maestro.model.evidence import Evidence
from maestro.model.record import StoredRecord

ARTIFACTS = "artifacts"
"""The bundle's folder of stored artifacts, each named by the hexadecimal digits of its digest."""

STATEMENTS = "statements"
EXPORTS = "exports"
INDEX = "index.json"
SUMMARY = "vsa.dsse.json"
"""The signed verification summary, whose subjects are the head's commit and the index."""


class Role(StrEnum):
    """What a file of a bundle is for."""

    ARTIFACT = "artifact"
    STATEMENT = "statement"
    NARRATIVE = "narrative"
    CARD = "card"
    EXPORT = "export"
    FACTS = "facts"
    CATALOGUE = "catalogue"
    RECORDS = "records"
    KEYS = "keys"
    GUIDE = "guide"


@dataclass(frozen=True)
class Member:
    """One file of a bundle. ``path`` is relative, with forward slashes; ``shows`` says in a sentence what it is."""

    path: str
    content: bytes
    media_type: str
    role: Role
    shows: str = ""


class Landing(Model):
    """What landed on the base: the commit and its tree, as read from the repository after the merge."""

    base_ref: str
    commit: str
    tree: str


class Contents(Model):
    """Everything that a bundle states of one head of one pull request.

    ``card`` is the final one, with the final findings. ``records`` are the ledger's decision records of this head, in
    their order. ``tested_tree`` is the git tree of the head. ``landing`` is None where nothing was merged. ``evidence``
    are the stored artifacts on which findings rest.
    """

    card: DecisionCard
    facts: Facts
    evidence: tuple[Evidence, ...]
    records: tuple[StoredRecord, ...]
    tested_tree: str
    landing: Landing | None = None
    catalogue_digest: str
    policy_digest: str
    maestro_version: str
    sealed_at: datetime


@dataclass(frozen=True)
class Dossier:
    """The contents together with the catalogue that was asked, which is data of this installation and not a model."""

    contents: Contents
    catalogue: Catalogue


def artifact_path(ref: ArtifactRef) -> str:
    """Where a stored artifact lies in every bundle: by digest alone, because its name is somebody else's text."""
    return f"{ARTIFACTS}/{ref.digest.removeprefix('sha256:')}"
