"""What every export says: one answer for each control that was asked, with the artifacts that show it.

No control is lost on the way: one whose answer was never recorded is *not evaluated*, and an answer whose control has
left the catalogue stays.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from maestro.assurance.catalogue import Control, Query
from maestro.evidence.contents import Contents, Dossier, artifact_path
from maestro.evidence.exports.texts import token, utc
from maestro.model.artifact import ArtifactRef
from maestro.model.evidence import ControlFinding, Evidence, FindingState

NAMESPACE: Final = uuid.UUID("e3f2400c-f313-4c26-a19e-005dfe3279bd")
"""All our UUIDs are derived from it and from business keys (RFC 9562, version 5), so that equal things keep theirs."""

KEY_LIMIT: Final = 100
"""Characters of a control's id that a document repeats in every identifier made of it."""

_STRICTEST_FIRST: Final = (
    FindingState.FAIL,
    FindingState.NOT_EVALUATED,
    FindingState.PASS,
    FindingState.NOT_APPLICABLE,
)


@dataclass(frozen=True)
class Proof:
    """A stored artifact, what it shows in a sentence, and when that was so."""

    ref: ArtifactRef
    summary: str
    at: datetime


@dataclass(frozen=True)
class Answer:
    """A control and its finding. ``control`` is None where the catalogue does not have it any more."""

    finding: ControlFinding
    control: Control | None
    proofs: tuple[Proof, ...]
    expires: datetime | None

    @property
    def id(self) -> str:
        return self.finding.control

    @property
    def key(self) -> str:
        """The id as every format can write it. One that is no identifier, which no catalogue of ours has, stays apart
        from all others.
        """
        cleaned = token(self.id[:KEY_LIMIT])
        return cleaned if cleaned == self.id else f"{cleaned}-{identity('control', self.id)[:8]}"

    @property
    def state(self) -> FindingState:
        return self.finding.state

    @property
    def fix(self) -> str:
        """What to do, also where the finding itself does not say it because the control could not be asked."""
        return self.finding.fix or (self.control.fix if self.control else "")

    @property
    def queries(self) -> tuple[Query, ...]:
        return self.control.query if self.control else ()

    @property
    def mappings(self) -> dict[str, tuple[str, ...]]:
        """Identifiers of public requirements by framework, in the order of the frameworks' names."""
        return dict(sorted(self.control.mappings.items())) if self.control else {}


def answers(dossier: Dossier) -> tuple[Answer, ...]:
    """One answer per control, by id. Of two findings for one control the stricter one counts."""
    contents = dossier.contents
    controls = {control.id: control for control in dossier.catalogue.controls}
    findings = {control.id: _never_recorded(control) for control in controls.values()}
    # The strictest comes last and stays.
    ranked = sorted(contents.card.findings, key=lambda finding: _STRICTEST_FIRST.index(finding.state), reverse=True)
    findings |= {finding.control: finding for finding in ranked}
    return tuple(_answer(findings[id_], controls.get(id_), contents) for id_ in sorted(findings))


def proofs(found: tuple[Answer, ...]) -> tuple[Proof, ...]:
    """Every artifact on which an answer rests, each once, by digest."""
    by_digest = {proof.ref.digest: proof for answer in reversed(found) for proof in reversed(answer.proofs)}
    return tuple(by_digest[digest] for digest in sorted(by_digest))


def identity(*parts: str) -> str:
    """The UUID of the thing that has this business key."""
    # The length of each part keeps ("a", "b/c") and ("a/b", "c") apart.
    key = "".join(f"{len(part)}:{part};" for part in parts)
    return str(uuid.uuid5(NAMESPACE, key.encode("utf-8", "backslashreplace").decode()))


def counts(found: tuple[Answer, ...]) -> dict[FindingState, int]:
    """How many answers there are of each state, in the order of the states."""
    return {state: sum(answer.state is state for answer in found) for state in FindingState}


def artifact_href(ref: ArtifactRef) -> str:
    """Where the artifact lies, seen from the folder of the exports."""
    return f"../{artifact_path(ref)}"


def gathered_at(contents: Contents) -> datetime:
    """The latest moment at which evidence without a time of its own can have been gathered."""
    return min((contents.card.generated_at, contents.sealed_at), key=utc)


def _answer(finding: ControlFinding, control: Control | None, contents: Contents) -> Answer:
    known: dict[str, list[Evidence]] = {}
    for evidence in contents.evidence:
        known.setdefault(evidence.ref.digest, []).append(evidence)
    shown = tuple(_proof(ref, known.get(ref.digest, []), control, contents) for ref in dict.fromkeys(finding.evidence))
    oldest = min((proof.at for proof in shown), key=utc, default=None)
    expires = _later(oldest, control.evidence_max_age_hours) if oldest is not None and control is not None else None
    return Answer(finding=finding, control=control, proofs=shown, expires=expires)


def _proof(ref: ArtifactRef, known: list[Evidence], control: Control | None, contents: Contents) -> Proof:
    kinds = {kind.value for kind in control.kinds} if control else set[str]()
    # One artifact can be evidence of several kinds; what it shows for this control's kinds says more here.
    fitting = [evidence for evidence in known if evidence.kind in kinds] or known
    summary = "; ".join(dict.fromkeys(evidence.summary for evidence in fitting)) or ref.name
    times = [evidence.at for evidence in fitting if evidence.at is not None]
    return Proof(ref, summary, min(times, key=utc, default=gathered_at(contents)))


def _later(at: datetime, hours: float) -> datetime | None:
    try:
        return at + timedelta(hours=hours)
    except OverflowError:
        return None


def _never_recorded(control: Control) -> ControlFinding:
    return ControlFinding(
        control=control.id,
        title=control.title,
        tier=control.tier,
        state=FindingState.NOT_EVALUATED,
        reason="No answer to this control was recorded.",
    )
