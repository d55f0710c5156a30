"""The index of a bundle: what it is about, what was decided, and every file with its digest and what it refers to.

The signed verification summary names the digest of these bytes, so the index itself needs no signature.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from maestro.evidence.contents import Landing, Role
from maestro.model.base import Model
from maestro.model.decision import DecisionState
from maestro.model.evidence import FindingState

FORMAT: Literal["maestro-evidence/1"] = "maestro-evidence/1"

DIGEST_PATTERN = r"^sha256:[0-9a-f]{64}$"


class IndexedFile(Model):
    """A file of the bundle. ``refers_to`` names the paths of other files that its content names."""

    path: str
    digest: str = Field(pattern=DIGEST_PATTERN)
    bytes: int = Field(ge=0)
    media_type: str
    role: Role
    shows: str = ""
    refers_to: tuple[str, ...] = ()


class IndexedControl(Model):
    """The answer of a control, and the paths of the artifacts that show it."""

    control: str
    title: str
    tier: int
    state: FindingState
    evidence: tuple[str, ...] = ()


class Subject(Model):
    """What the bundle is about: one head of one pull request, the tree that was tested, and what landed."""

    repository: str
    repo: str
    pr: str
    title: str = ""
    author: str = ""
    base_sha: str
    merge_base_sha: str
    head_sha: str
    tested_tree: str
    landing: Landing | None = None


class Index(Model):
    """The whole index. ``files`` are all files of the bundle but the index and the summary, by path."""

    format: Literal["maestro-evidence/1"] = FORMAT
    subject: Subject
    decision: DecisionState
    decided_by: str
    reasons: tuple[str, ...]
    controls: tuple[IndexedControl, ...]
    files: tuple[IndexedFile, ...]
    catalogue_digest: str
    policy_digest: str
    maestro_version: str
    sealed_at: datetime
