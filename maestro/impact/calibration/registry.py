"""From a calibration to the registry and back: publish what came out, load the champion, roll a promotion back.

``standing`` never fails on a model that cannot be used: it says why, and that everything has to run.
"""

from dataclasses import dataclass
from datetime import datetime

from maestro.artifacts import ArtifactStore
from maestro.errors import BadInput, IntegrityError
from maestro.impact.calibration.calibrate import Calibration, Champion, judged
from maestro.impact.calibration.modelfile import FILE_NAME, MEDIA_TYPE, ModelFile, dump, load
from maestro.impact.calibration.report import calibration_report
from maestro.ledger import Ledger
from maestro.model.artifact import ArtifactRef
from maestro.model.calibration import CalibrationResult, ModelEntry, Promise, PromiseState
from maestro.model.record import DecisionRecord, RecordKind
from maestro.signing.keys import Keyring

REPORT_NAME = "calibration-report.html"
PLACE = "calibration"
"""Stands where the records of a pull request have its number."""


@dataclass(frozen=True)
class Registry:
    """Where models are kept: the rows in the ledger, the files in the artifact store, the keys that sign them."""

    ledger: Ledger
    artifacts: ArtifactStore
    keys: Keyring


@dataclass(frozen=True)
class Standing:
    """What selection may rely on. Without a kept promise everything runs, and ``promise.reason`` says why.

    ``entry`` is None where there is no champion, ``file`` where its file cannot be used.
    """

    entry: ModelEntry | None
    file: ModelFile | None
    promise: Promise

    @property
    def report(self) -> ArtifactRef | None:
        return self.entry.report if self.entry else None


def standing(registry: Registry, *, repo: str, tenant: str) -> Standing:
    """The champion with its file and promise, whatever state they are in."""
    entry = registry.ledger.models.champion(repo, tenant=tenant)
    if entry is None:
        return Standing(None, None, _withdrawn("No model was calibrated for this repository yet: everything runs."))
    try:
        file = load(registry.artifacts.get(entry.file), repo=repo, tenant=tenant, keys=registry.keys)
    except (BadInput, IntegrityError) as error:
        return Standing(entry, None, _withdrawn(f"The model cannot be used, so everything runs: {error.message}."))
    return Standing(entry, file, entry.promise)


def champion_of(registry: Registry, *, repo: str, tenant: str) -> Champion | None:
    """The champion as ``calibrate`` wants it."""
    found = standing(registry, repo=repo, tenant=tenant)
    if found.entry is None:
        return None
    return Champion(found.entry.digest, found.file, "" if found.file else found.promise.reason)


def publish(registry: Registry, calibration: Calibration, *, actor: str) -> CalibrationResult:
    """Sign and store the challenger, register it, promote it where that was the verdict, and say anew whether the
    promise is kept. Again is the same as once. Raises Conflict where the champion changed since it was walked.
    """
    model, verdict = calibration.model, calibration.verdict
    file = registry.artifacts.put(dump(model, keys=registry.keys), media_type=MEDIA_TYPE, name=FILE_NAME)
    report = registry.artifacts.put(calibration_report(calibration).encode(), media_type="text/html", name=REPORT_NAME)
    entry = ModelEntry(
        tenant=model.tenant,
        repo=model.repo,
        digest=file.digest,
        created_at=model.created_at,
        status=verdict.becomes,
        reason="; ".join(verdict.reasons),
        promise=calibration.promise,
        figures=model.figures,
        file=file,
        report=report,
    )
    record = _record(entry, actor=actor, outcome=verdict.becomes.value, reason=entry.reason, at=model.created_at)
    inputs = {"data": model.window.digest, "report": report.digest}
    inputs |= {"champion": model.replaced} if model.replaced else {}
    record = record.model_copy(update={"inputs": inputs})
    registry.ledger.models.register(entry, replacing=model.replaced, record=record)
    champion = registry.ledger.models.champion(model.repo, tenant=model.tenant)
    if champion is not None and champion.digest == model.replaced:
        _renew(registry, champion, calibration, report, actor=actor)
    return CalibrationResult(
        repo=model.repo,
        tenant=model.tenant,
        promoted=verdict.promotes,
        reasons=verdict.reasons,
        promise=calibration.promise,
        model=champion.digest if champion else None,
        challenger=file.digest,
        figures=judged(calibration.standing),
        report=report,
    )


def roll_back(registry: Registry, *, repo: str, tenant: str, actor: str, reason: str, at: datetime) -> Standing:
    """Put the champion before the last promotion back; twice goes two back. What stands then is returned.

    Raises BadInput where no promotion stands, Conflict where somebody changes the champion at the same time.
    """
    made = registry.ledger.models.promotions(repo, tenant=tenant)
    last = next((promotion for promotion in reversed(made) if promotion.rolled_back_by is None), None)
    if last is None:
        raise BadInput(
            f"no model of {repo} was ever promoted, or every promotion was rolled back",
            field="--repo",
            fix="check the repository's name and --tenant",
        )
    told = f"rolled back by {actor}" + (f": {reason}" if reason else "")
    record = DecisionRecord(
        key=f"rollback/{tenant}/{repo}/{last.sequence}",
        kind=RecordKind.CALIBRATION,
        repo=repo,
        pr=PLACE,
        head_sha="",
        actor=actor,
        outcome="rolled back",
        reason=told,
        inputs={"from": last.digest} | ({"to": last.replaced} if last.replaced else {}),
        version=last.digest,
        at=at,
    )
    registry.ledger.models.roll_back(last, actor=actor, record=record)
    return standing(registry, repo=repo, tenant=tenant)


def _renew(
    registry: Registry, champion: ModelEntry, calibration: Calibration, report: ArtifactRef, *, actor: str
) -> None:
    """The champion stays; its promise and report are this week's."""
    promise, at = calibration.promise, calibration.model.created_at
    record = _record(champion, actor=actor, outcome=f"promise {promise.state.value}", reason=promise.reason, at=at)
    record = record.model_copy(
        update={"key": f"{record.key}/promise/{at.isoformat()}", "inputs": {"report": report.digest}}
    )
    registry.ledger.models.renew(champion, promise=promise, report=report, record=record)


def _record(entry: ModelEntry, *, actor: str, outcome: str, reason: str, at: datetime) -> DecisionRecord:
    return DecisionRecord(
        key=f"calibration/{entry.tenant}/{entry.repo}/{entry.digest}",
        kind=RecordKind.CALIBRATION,
        repo=entry.repo,
        pr=PLACE,
        head_sha="",
        actor=actor,
        outcome=outcome,
        reason=reason,
        version=entry.digest,
        at=at,
    )


def _withdrawn(reason: str) -> Promise:
    return Promise(state=PromiseState.WITHDRAWN, reason=reason)
