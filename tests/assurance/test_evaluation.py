"""What a reader of the findings is told, and that nothing unknown ever counts as a pass."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.assurance import Catalogue, Facts, GitFacts, PolicyFacts, QueryKind, TestsFacts, evaluate, load
from maestro.model.artifact import ArtifactRef
from maestro.model.evidence import ControlFinding, FindingState
from maestro.resources import resource_dir

SHIPPED = load(resource_dir("controls"))
GOOD = Facts(
    tests=TestsFacts(applicable=True, executed=5, failed=0, missing=0, problems=0, isolated=True),
    policy=PolicyFacts(placed=True, region_allowed=True, ran_where_allowed=True, digest_known=True),
    git=GitFacts(head_contains_base=True, executables_added=(), private_keys_added=(), rule_files_changed=()),
)


def stored(name: str, letter: str) -> tuple[ArtifactRef, ...]:
    return (ArtifactRef(digest=f"sha256:{letter * 64}", media_type="application/json", bytes=2, name=name),)


EVIDENCE = {
    QueryKind.TESTS: stored("results", "a"),
    QueryKind.POLICY: stored("placement", "b"),
    QueryKind.GIT: stored("git facts", "c"),
}


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return SHIPPED


def found(catalogue: Catalogue, facts: Facts, control: str) -> ControlFinding:
    return next(f for f in evaluate(catalogue, facts, EVIDENCE) if f.control == control)


def with_tests(**change: object) -> Facts:
    assert GOOD.tests is not None
    return GOOD.model_copy(update={"tests": GOOD.tests.model_copy(update=change)})


def with_git(**change: object) -> Facts:
    assert GOOD.git is not None
    return GOOD.model_copy(update={"git": GOOD.git.model_copy(update=change)})


def with_policy(**change: object) -> Facts:
    assert GOOD.policy is not None
    return GOOD.model_copy(update={"policy": GOOD.policy.model_copy(update=change)})


def test_a_sound_pull_request_passes_every_control_with_its_artifacts(shipped: Catalogue) -> None:
    findings = evaluate(shipped, GOOD, EVIDENCE)
    assert {finding.state for finding in findings} == {FindingState.PASS}
    assert all(finding.evidence and not finding.fix for finding in findings)


@pytest.mark.parametrize(
    ("control", "facts", "says"),
    [
        pytest.param("MC-QA-01", with_tests(failed=2), "tests that failed: 2", id="failing tests"),
        pytest.param("MC-QA-01", with_tests(missing=1), "selected tests without a verdict: 1", id="missing verdicts"),
        pytest.param("MC-QA-01", with_tests(problems=1), "problems of the test runner: 1", id="a broken runner"),
        pytest.param("MC-QA-02", with_tests(executed=0), "tests that ran to a verdict: 0", id="nothing ran"),
        pytest.param("MC-QA-03", with_git(executables_added=("bin/x",)), "bin/x", id="an executable"),
        pytest.param("MC-BR-01", with_tests(isolated=False), "ran in a sandbox: no", id="no sandbox"),
        pytest.param("MC-BR-02", with_git(private_keys_added=("id_rsa",)), "id_rsa", id="a private key"),
        pytest.param("MC-AC-01", with_policy(region_allowed=False), "chosen region: no", id="a denied region"),
        pytest.param("MC-AC-01", with_policy(ran_where_allowed=False), "policy allows: no", id="ran elsewhere"),
        pytest.param("MC-AC-01", with_policy(digest_known=False), "recorded: no", id="an unrecorded policy"),
        pytest.param("MC-AC-02", with_git(rule_files_changed=("maestro.yaml",)), "maestro.yaml", id="its own judge"),
        pytest.param("MC-CM-01", with_git(head_contains_base=False), "whole base: no", id="a base that moved on"),
    ],
)
def test_each_shipped_control_fails_on_its_own_case_with_a_reason_and_a_fix(
    shipped: Catalogue, control: str, facts: Facts, says: str
) -> None:
    finding = found(shipped, facts, control)
    assert finding.state is FindingState.FAIL
    assert says in finding.reason.lower()
    assert finding.fix


def test_a_failing_control_names_only_what_fails(shipped: Catalogue) -> None:
    assert found(shipped, with_tests(failed=2), "MC-QA-01").reason == "Tests that failed: 2."


def test_an_unknown_fact_is_not_evaluated_and_named(shipped: Catalogue) -> None:
    finding = found(shipped, with_tests(isolated=None), "MC-BR-01")
    assert finding.state is FindingState.NOT_EVALUATED
    assert "tests.isolated" in finding.reason


def test_a_failure_stands_even_when_another_fact_is_unknown(shipped: Catalogue) -> None:
    assert found(shipped, with_tests(failed=1, missing=None), "MC-QA-01").state is FindingState.FAIL


def test_a_pull_request_that_affects_no_test_is_not_applicable_to_the_test_controls(shipped: Catalogue) -> None:
    finding = found(shipped, with_tests(applicable=False), "MC-QA-01")
    assert finding.state is FindingState.NOT_APPLICABLE
    assert finding.reason == "Tests are affected by the pull request: no."


def test_a_true_condition_without_a_stored_artifact_is_not_a_pass(shipped: Catalogue) -> None:
    findings = evaluate(shipped, GOOD, {})
    assert {finding.state for finding in findings} == {FindingState.NOT_EVALUATED}
    assert all("o stored artifact" in finding.reason for finding in findings)


def test_evidence_older_than_the_control_allows_is_not_a_pass(shipped: Catalogue) -> None:
    findings = evaluate(shipped, GOOD, EVIDENCE, age_hours={QueryKind.TESTS: 30.0})
    old = {finding.control: finding for finding in findings if finding.state is not FindingState.PASS}
    assert set(old) == {"MC-BR-01", "MC-QA-01", "MC-QA-02"}
    assert "30 h old and counts for 24 h" in old["MC-QA-01"].reason


def test_a_run_time_error_of_the_condition_is_not_a_pass(tmp_path: Path) -> None:
    tmp_path.joinpath("x.yaml").write_text(
        "family: X\ntitle: X\ncontrols:\n  - {id: X-XX-01, title: Divides, tier: 1, owner: me, fix: Mend it.,"
        " evidence_max_age_hours: 1, query: [{kind: tests, where: 1 / tests.failed == 1}]}\n"
    )
    finding = found(load(tmp_path), GOOD, "X-XX-01")
    assert finding.state is FindingState.NOT_EVALUATED
    assert "ended in an error" in finding.reason


def test_a_long_list_of_files_is_cut_and_counted(shipped: Catalogue) -> None:
    finding = found(shipped, with_git(executables_added=tuple(f"f{n}" for n in range(9))), "MC-QA-03")
    assert "f4 and 4 more" in finding.reason
    assert "f5" not in finding.reason


maybe = st.none() | st.booleans()
count = st.none() | st.integers(min_value=0, max_value=3)


@given(
    st.builds(TestsFacts, applicable=maybe, executed=count, failed=count, missing=count, problems=count, isolated=maybe)
)
def test_the_test_control_passes_only_when_everything_it_needs_is_known_and_good(tests: TestsFacts) -> None:
    facts = GOOD.model_copy(update={"tests": tests})
    finding = found(SHIPPED, facts, "MC-QA-01")
    good = tests.applicable is True and (tests.failed, tests.missing, tests.problems) == (0, 0, 0)
    assert (finding.state is FindingState.PASS) == good
