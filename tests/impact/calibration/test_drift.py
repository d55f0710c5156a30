"""The calibration report of a history in which the pattern of failures changes: kept, or openly withdrawn."""

from datetime import UTC, datetime

import pytest

from maestro.impact.calibration.calibrate import Calibration, Champion, calibrate
from maestro.impact.calibration.method import METHOD
from maestro.impact.calibration.report import calibration_report
from maestro.impact.history.builds import History
from maestro.model.calibration import PromiseState
from tests.impact.risk.histories import shifting

AT = datetime(2026, 11, 23, tzinfo=UTC)
TAUS = (0.05, 0.1)
SHIFT_AT = 300


def calibrated(history: History, champion: Champion | None = None) -> Calibration:
    return calibrate(history, repo="acme/shop", tenant="default", at=AT, champion=champion, method=METHOD, taus=TAUS)


def until(history: History, build: int) -> History:
    return History(names=history.names, builds=history.builds[:build])


@pytest.fixture(scope="module")
def drift() -> History:
    """Failures of three tests for 300 builds; then those stop, and forty that never failed begin to."""
    return shifting(3, builds=420, tests=43, shift_at=SHIFT_AT)


@pytest.fixture(scope="module")
def before(drift: History) -> Calibration:
    return calibrated(until(drift, SHIFT_AT))


def champion_of(calibration: Calibration) -> Champion:
    return Champion(digest="sha256:" + "0" * 64, file=calibration.model)


def test_before_the_change_the_promise_is_kept_without_a_doubt(before: Calibration) -> None:
    assert before.verdict.promotes
    assert before.promise.state is PromiseState.KEPT
    assert before.doubts == ()
    assert "Promise kept" in calibration_report(before)


def test_right_after_the_change_the_promise_is_withdrawn_and_the_page_says_why(drift: History) -> None:
    after = calibrated(until(drift, SHIFT_AT + 30))
    assert after.promise.state is PromiseState.WITHDRAWN
    assert len(after.doubts) == len(TAUS)
    page = calibration_report(after)
    assert "Promise withdrawn" in page
    for tau, doubt in zip(TAUS, after.doubts, strict=True):
        assert f"red builds would have escaped at τ = {tau:g}: only the newest red builds are relied on" in doubt
        assert doubt in page
        assert doubt in after.promise.reason


def test_a_champion_from_before_the_change_loses_its_promise(before: Calibration, drift: History) -> None:
    after = calibrated(drift, champion_of(before))
    held = after.held
    assert held is not None
    assert [row.broken for row in held.figures().taus] == [True, True]
    assert not after.verdict.promotes
    assert after.promise.state is PromiseState.WITHDRAWN
    assert "Everything runs until a calibration mends it." in after.promise.reason
    assert "Promise withdrawn" in calibration_report(after)


def test_once_the_new_pattern_is_the_past_its_promise_holds(drift: History) -> None:
    settled = METHOD.walk(drift, taus=TAUS).newest(red_builds=40).figures()
    assert [row.broken for row in settled.taus] == [False, False]
