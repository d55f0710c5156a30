"""What the card says of a failure that does not block."""

from datetime import UTC, datetime

from maestro.model.artifact import ArtifactRef
from maestro.model.flaky import Quarantine
from maestro.model.tests import SelectionMode, TestPlan, TestReport, Verdict
from maestro.render import verdicts

HELD = Quarantine(
    test="test_clock",
    repo="shop",
    probability=0.99,
    evidence=("failed once at aaaa and passed when it ran again there (2026-11-19)",),
    owner="Ada",
    entered_at=datetime(2026, 11, 19, tzinfo=UTC),
    expires_at=datetime(2026, 12, 3, tzinfo=UTC),
)


def test_a_failure_in_quarantine_is_named_with_evidence_owner_and_date() -> None:
    body = ArtifactRef(digest="sha256:" + "0" * 64, media_type="application/json", bytes=2)
    plan = TestPlan(applicable=True, reason="", mode=SelectionMode.STANDARD, selected_count=2, body=body)
    report = TestReport(counts={Verdict.PASS: 1, Verdict.FAIL: 1}, quarantined=(HELD,), quarantined_count=3)
    told = {str(pair.label): str(pair.value) for pair in verdicts.tests_view(plan, report).facts}
    assert told["Failed in quarantine"] == (
        "test_clock: failed once at aaaa and passed when it ran again there (2026-11-19); "
        "Ada has until 2026-12-03 to mend it; 2 more"
    )
