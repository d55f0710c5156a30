"""From a history to a champion that selection can rely on, and back: through real files, keys and a real ledger."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maestro.artifacts import ArtifactStore
from maestro.errors import BadInput, Conflict
from maestro.impact.calibration.calibrate import calibrate
from maestro.impact.calibration.registry import Registry, champion_of, publish, recorded, roll_back, standing
from maestro.impact.history.builds import History
from maestro.ledger import Ledger
from maestro.model.calibration import CalibrationResult, ModelStatus, PromiseState
from maestro.model.record import RecordKind
from maestro.signing.keys import open_keyring
from tests.impact.calibration.standin import Memory, Remembering, repeating

MONDAY = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
SHOP = {"repo": "acme/shop", "tenant": "default"}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        yield Registry(ledger, ArtifactStore(tmp_path / "artifacts"), open_keyring(tmp_path / "keys"))


def calibrated(registry: Registry, history: History, *, memory: int = 20, at: datetime = MONDAY) -> CalibrationResult:
    champion = champion_of(registry, repo="acme/shop", tenant="default")
    found = calibrate(history, repo="acme/shop", tenant="default", at=at, champion=champion, method=Remembering(memory))
    return publish(registry, found, actor="calibration")


def test_without_a_calibration_everything_runs_and_the_reason_is_told(registry: Registry) -> None:
    found = standing(registry, **SHOP)
    assert (found.entry, found.file) == (None, None)
    assert found.promise.state is PromiseState.WITHDRAWN
    assert "everything runs" in found.promise.reason


def test_a_first_model_that_keeps_its_promise_becomes_champion_with_file_report_and_record(registry: Registry) -> None:
    result = calibrated(registry, repeating(400, period=2))
    assert result.promoted
    assert result.promise is not None
    assert result.promise.kept
    found = standing(registry, **SHOP)
    assert found.promise.kept
    assert found.file is not None
    assert found.file.read(Memory, method="remembering-1") == Memory(builds=20)
    assert found.file.window.last_build == "b399"
    assert found.report is not None
    assert b"Promise kept" in registry.artifacts.get(found.report)
    (record,) = registry.ledger.records.list(kind=RecordKind.CALIBRATION)
    assert record.record.outcome == "promoted"
    assert record.record.inputs.keys() == {"data", "report"}
    assert record.record.version == result.champion


def test_with_too_few_red_builds_nothing_is_promoted_and_everything_goes_on_running(registry: Registry) -> None:
    result = calibrated(registry, repeating(10, period=2))
    assert not result.promoted
    assert "too little data" in result.reason
    assert not standing(registry, **SHOP).promise.kept
    (kept,) = registry.ledger.models.list("acme/shop")
    assert kept.status is ModelStatus.CHALLENGER


def test_a_model_that_lets_failures_escape_never_becomes_champion(registry: Registry) -> None:
    result = calibrated(registry, repeating(400, period=8), memory=1)
    assert not result.promoted
    assert "breaks its promise" in result.reason
    assert result.champion is None


def test_models_are_compared_only_on_builds_after_those_that_the_champion_was_fitted_on(registry: Registry) -> None:
    calibrated(registry, repeating(400, period=2))
    result = calibrated(registry, repeating(410, period=2), memory=2, at=MONDAY + WEEK)
    assert not result.promoted
    assert "too little data: 5 red builds that neither model has seen" in result.reason


def test_a_promise_that_new_failures_break_is_withdrawn_until_a_later_model_mends_it(registry: Registry) -> None:
    calibrated(registry, repeating(400, period=2, tests=12))
    champion = standing(registry, **SHOP).entry
    drifted = repeating(460, period=2, tests=12, shift_at=400)
    result = calibrated(registry, drifted, at=MONDAY + WEEK)
    assert not result.promoted
    found = standing(registry, **SHOP)
    assert found.entry is not None
    assert champion is not None
    assert found.entry.digest == champion.digest
    assert found.promise.state is PromiseState.WITHDRAWN
    assert found.report is not None
    assert b"Promise withdrawn" in registry.artifacts.get(found.report)


def test_a_calibration_that_is_repeated_finds_what_the_first_attempt_did(registry: Registry) -> None:
    first = calibrated(registry, repeating(400, period=2))
    assert recorded(registry, repo="acme/shop", tenant="default", at=MONDAY) == first
    assert recorded(registry, repo="acme/shop", tenant="default", at=MONDAY + WEEK) is None
    assert len(registry.ledger.models.list("acme/shop")) == 1


def test_a_champion_whose_file_was_tampered_with_means_that_everything_runs(registry: Registry, tmp_path: Path) -> None:
    result = calibrated(registry, repeating(400, period=2))
    hexadecimal = str(result.champion).removeprefix("sha256:")
    stored = tmp_path / "artifacts" / "sha256" / hexadecimal[:2] / hexadecimal
    stored.chmod(0o600)
    stored.write_bytes(stored.read_bytes().replace(b"e", b"f", 1))
    found = standing(registry, **SHOP)
    assert found.file is None
    assert not found.promise.kept
    assert "so everything runs" in found.promise.reason


def test_a_champion_that_another_installation_signed_means_that_everything_runs(
    registry: Registry, tmp_path: Path
) -> None:
    calibrated(registry, repeating(400, period=2))
    elsewhere = Registry(registry.ledger, registry.artifacts, open_keyring(tmp_path / "elsewhere"))
    found = standing(elsewhere, **SHOP)
    assert found.file is None
    assert "does not trust" in found.promise.reason


def test_a_champion_that_cannot_be_used_is_replaced_by_one_that_keeps_its_promise(
    registry: Registry, tmp_path: Path
) -> None:
    calibrated(registry, repeating(400, period=2))
    elsewhere = Registry(registry.ledger, registry.artifacts, open_keyring(tmp_path / "elsewhere"))
    result = calibrated(elsewhere, repeating(420, period=2), at=MONDAY + WEEK)
    assert result.promoted
    assert "the champion cannot be used" in result.reason
    assert standing(elsewhere, **SHOP).promise.kept


def narrowing() -> tuple[History, History]:
    """A history in which five tests fail in turn, and the same continued with only two of them."""
    before = repeating(400, period=5)
    return before, History(names=before.names, builds=before.builds + repeating(900, period=2).builds[400:])


def test_a_model_that_saves_more_at_equal_risk_replaces_the_champion(registry: Registry) -> None:
    before, after = narrowing()
    first = calibrated(registry, before, memory=0)
    second = calibrated(registry, after, memory=20, at=MONDAY + WEEK)
    assert second.promoted
    assert "at equal risk the challenger is better" in second.reason
    found = standing(registry, **SHOP)
    assert found.file is not None
    assert found.file.replaced == first.champion
    retired = registry.ledger.models.find(str(first.champion), repo="acme/shop")
    assert retired is not None
    assert retired.status is ModelStatus.RETIRED


def test_rollbacks_go_back_one_promotion_at_a_time_and_are_recorded(registry: Registry) -> None:
    before, after = narrowing()
    first = calibrated(registry, before, memory=0)
    second = calibrated(registry, after, memory=20, at=MONDAY + WEEK)
    back = roll_back(registry, **SHOP, actor="ada", reason="it escaped", at=MONDAY + WEEK)
    assert back.entry is not None
    assert back.entry.digest == first.champion
    assert back.promise.kept
    record = registry.ledger.records.list(kind=RecordKind.CALIBRATION)[-1].record
    assert (record.actor, record.outcome, record.reason) == ("ada", "rolled back", "rolled back by ada: it escaped")
    assert record.inputs == {"from": second.champion, "to": first.champion}
    assert roll_back(registry, **SHOP, actor="ada", reason="", at=MONDAY + WEEK).entry is None
    assert not standing(registry, **SHOP).promise.kept
    with pytest.raises(BadInput, match="every promotion was rolled back"):
        roll_back(registry, **SHOP, actor="ada", reason="", at=MONDAY + WEEK)
    assert registry.ledger.records.verify() == ()


def test_a_calibration_that_somebody_overtook_is_refused(registry: Registry) -> None:
    late = calibrate(
        repeating(400, period=2),
        repo="acme/shop",
        tenant="default",
        at=MONDAY + WEEK,
        champion=None,
        method=Remembering(20),
    )
    calibrated(registry, repeating(400, period=2))
    with pytest.raises(Conflict, match="somebody changed it meanwhile"):
        publish(registry, late, actor="calibration")


def test_an_empty_history_is_refused_with_what_to_do(registry: Registry) -> None:
    with pytest.raises(BadInput, match="no build of acme/shop") as refused:
        calibrated(registry, History())
    assert "maestro tests import" in refused.value.fix


def test_one_build_teaches_nothing_and_promotes_nothing(registry: Registry) -> None:
    assert not calibrated(registry, repeating(1, period=2)).promoted
