"""Findings as they stand on the sample cards."""

from maestro.model.artifact import ArtifactRef
from maestro.model.evidence import ControlFinding, FindingState


def ref(letter: str, name: str) -> ArtifactRef:
    return ArtifactRef(digest=f"sha256:{letter * 64}", media_type="application/json", bytes=2_048, name=name)


def finding(control: str, title: str, tier: int, state: FindingState, reason: str, fix: str = "") -> ControlFinding:
    evidence = (ref("b", "results of shard 0"), ref("c", "git facts"))
    return ControlFinding(
        control=control,
        title=title,
        tier=tier,
        state=state,
        reason=reason,
        fix=fix,
        evidence=() if state is FindingState.NOT_APPLICABLE else evidence,
    )


FINDINGS = (
    finding(
        "MC-AC-01",
        "Tests ran only where the tenant's policy allows",
        1,
        FindingState.PASS,
        "Policy allows the chosen region: yes; the version of the policy is recorded: yes.",
    ),
    finding(
        "MC-BR-01",
        "Pull-request code ran in a sandbox, away from credentials",
        2,
        FindingState.PASS,
        "Every shard ran in a sandbox: yes.",
    ),
    finding(
        "MC-CM-01",
        "What was tested is what a merge would give",
        3,
        FindingState.PASS,
        "The head contains the whole base: yes.",
    ),
    finding(
        "MC-QA-01",
        "Every selected test has a verdict, and none failed",
        1,
        FindingState.PASS,
        "Tests that failed: 0; selected tests without a verdict: 0; problems of the test runner: 0.",
    ),
)
RED_FINDINGS = (
    *FINDINGS[:3],
    finding(
        "MC-QA-01",
        "Every selected test has a verdict, and none failed",
        1,
        FindingState.FAIL,
        "Tests that failed: 2.",
        "Mend the failing tests named on the card and push, or run `maestro pr act retry` when the platform was at"
        " fault.",
    ),
)
NOT_APPLICABLE_FINDINGS = (
    *FINDINGS[:1],
    FINDINGS[2],
    finding(
        "MC-BR-01",
        "Pull-request code ran in a sandbox, away from credentials",
        2,
        FindingState.NOT_APPLICABLE,
        "Tests are affected by the pull request: no.",
    ),
    finding(
        "MC-QA-01",
        "Every selected test has a verdict, and none failed",
        1,
        FindingState.NOT_APPLICABLE,
        "Tests are affected by the pull request: no.",
    ),
)
UNSURE_FINDINGS = (
    *FINDINGS[:1],
    finding(
        "MC-AC-02",
        "The pull request does not change the pipeline that judges it",
        2,
        FindingState.FAIL,
        "Changed files that define the pipeline: .github/workflows/ci.yml.",
        "Read the named files yourself, then take responsibility for them with `maestro pr act approve`.",
    ),
    finding(
        "MC-BR-01",
        "Pull-request code ran in a sandbox, away from credentials",
        2,
        FindingState.NOT_EVALUATED,
        "Nothing established tests.isolated.",
    ),
    *FINDINGS[2:],
)
