"""Decision records: who or what decided, on which inputs, by which version, and why."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from maestro.model.base import Model


class RecordKind(StrEnum):
    PLACEMENT = "placement"
    SELECTION = "selection"
    CONTROLS = "controls"
    DECISION = "decision"
    ACTION = "action"
    REMINDER = "reminder"
    NIGHTLY = "nightly"
    ESCAPE = "escape"
    QUARANTINE = "quarantine"
    CALIBRATION = "calibration"
    FAILOVER = "failover"
    EVIDENCE = "evidence"
    ACCESS = "access"
    INCIDENT = "incident"


class DecisionRecord(Model):
    """One decision. ``key`` is its business key: the same key is recorded once. ``inputs`` maps the name of each
    input to its digest; ``version`` is the digest or release of the policy or model that decided.
    """

    key: str
    kind: RecordKind
    repo: str
    pr: str
    head_sha: str
    actor: str
    outcome: str
    reason: str
    inputs: dict[str, str] = Field(default_factory=dict)
    version: str = ""
    at: datetime


class StoredRecord(Model):
    """A decision record as the ledger has it: ``hash`` covers the record, ``sequence`` and ``previous_hash``."""

    sequence: int
    previous_hash: str
    hash: str
    record: DecisionRecord
