"""What a control asked, what was found, and the stored artifacts that show it."""

from datetime import datetime
from enum import StrEnum

from maestro.model.artifact import ArtifactRef
from maestro.model.base import Model


class FindingState(StrEnum):
    """An error is never a pass: what could not be asked is ``not_evaluated`` and names the missing input."""

    PASS = "pass"
    FAIL = "fail"
    NOT_EVALUATED = "not_evaluated"
    NOT_APPLICABLE = "not_applicable"


class Evidence(Model):
    """A stored artifact and what it shows, in one sentence. ``kind`` is the query kind whose facts come from it, ``at``
    when what it shows was so; None is the moment of gathering.
    """

    ref: ArtifactRef
    summary: str
    kind: str = ""
    at: datetime | None = None


class ControlFinding(Model):
    """A control's answer. ``reason`` is a sentence; ``fix`` says what to do where it fails."""

    control: str
    title: str
    tier: int
    state: FindingState
    reason: str
    fix: str = ""
    evidence: tuple[ArtifactRef, ...] = ()


class EvidenceSet(Model):
    """Everything that was gathered for one pull request at one time. ``facts`` are the stored facts of all kinds, from
    which the controls can be answered again when reviews or a merge have been added.
    """

    findings: tuple[ControlFinding, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    catalogue_digest: str = ""
    facts: ArtifactRef | None = None
    gathered_at: datetime | None = None


class Bundle(Model):
    """A sealed bundle: its index, and the signed summary that names the index. Every other file is in the index."""

    index: ArtifactRef
    summary: ArtifactRef
