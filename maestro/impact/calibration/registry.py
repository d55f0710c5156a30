"""From a calibration to the registry and back: publish what came out, load the champion, roll a promotion back.

``standing`` never fails on a model that cannot be used: it says why, and that everything has to run.
"""

from dataclasses import dataclass
from datetime import datetime

from maestro.artifacts import ArtifactStore
from maestro.errors import BadInput, IntegrityError
from maestro.impact.calibration.calibrate import Calibration, Champion
from maestro.impact.calibration.modelfile import FILE_NAME, MEDIA_TYPE, ModelFile, dump, load
from maestro.impact.calibration.report import calibration_report
from maestro.ledger import Ledger
from maestro.model.artifact import ArtifactRef
from maestro.model.calibration import CalibrationResult, ModelEntry, Promise, PromiseState
from maestro.model.record import DecisionRecord, RecordKind
from maestro.signing.keys import Keyring

REPORT_NAME = "calibration-report.html"
_PROMOTED = "promoted"
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


def recorded(registry: Registry, *, repo: str, tenant: str, at: datetime) -> CalibrationResult | None:
    """What the calibration of that time did, or None where none was recorded: so that a retry does not fit again."""
    record = registry.ledger.records.find(_key(repo, tenant, at))
    entry = registry.ledger.models.find(record.record.version, repo=repo, tenant=tenant) if record else None
    return _result(registry, entry, promoted=record.record.outcome == _PROMOTED) if record and entry else None


def publish(registry: Registry, calibration: Calibration, *, actor: str) -> CalibrationResult:
    """Sign and store the challenger, register it, promote it where that was the verdict, and say anew whether the
    promise is kept. Again is the same as once. Raises Conflict where the champion changed since it was walked.
    """
    model, verdict = calibration.model, calibration.verdict
    file = registry.artifacts.put(dump(model, keys=registry.keys), media_type=MEDIA_TYPE, name=FILE_NAME)
    page = calibration_report(calibration).encode()
    report = registry.artifacts.put(page, media_type="text/html", name=REPORT_NAME)
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
    inputs = {"data": model.window.digest, "report": report.digest, "champion": model.replaced or ""}
    record = DecisionRecord(
        key=_key(model.repo, model.tenant, model.created_at),
        kind=RecordKind.CALIBRATION,
        repo=model.repo,
        pr=PLACE,
        head_sha="",
        actor=actor,
        outcome=_PROMOTED if verdict.promotes else f"champion kept, promise {entry.promise.state.value}",
        reason=f"{entry.reason}. {entry.promise.reason}",
        inputs={name: digest for name, digest in inputs.items() if digest},
        version=entry.digest,
        at=model.created_at,
    )
    registered = registry.ledger.models.register(entry, replacing=model.replaced, record=record)
    return _result(registry, registered, promoted=verdict.promotes)


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


def _key(repo: str, tenant: str, at: datetime) -> str:
    return f"calibration/{tenant}/{repo}/{at.isoformat()}"


def _result(registry: Registry, entry: ModelEntry, *, promoted: bool) -> CalibrationResult:
    champion = registry.ledger.models.champion(entry.repo, tenant=entry.tenant)
    return CalibrationResult(
        repo=entry.repo,
        tenant=entry.tenant,
        promoted=promoted,
        reason=entry.reason,
        promise=entry.promise,
        champion=champion.digest if champion else None,
        challenger=entry.digest,
        figures=entry.figures,
        report=entry.report,
    )


def _withdrawn(reason: str) -> Promise:
    return Promise(state=PromiseState.WITHDRAWN, reason=reason)
