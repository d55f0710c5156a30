"""What a reader of the findings is told, and that nothing unknown ever counts as a pass."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.assurance import Catalogue, Facts, QueryKind, TestsFacts, evaluate, load
from maestro.assurance.expression import facts_used
from maestro.assurance.facts import FactType, FactValue, declared, values
from maestro.model.evidence import ControlFinding, FindingState
from maestro.resources import resource_dir
from tests.assurance.sound import EVIDENCE, PLAIN, SOUND, changed

SHIPPED = load(resource_dir("controls"))
GIT, TESTS, POLICY = QueryKind.GIT, QueryKind.TESTS, QueryKind.POLICY


def found(facts: Facts, control: str, catalogue: Catalogue = SHIPPED) -> ControlFinding:
    return next(f for f in evaluate(catalogue, facts, EVIDENCE) if f.control == control)


def catalogue_of(folder: Path, *queries: str) -> Catalogue:
    lines = "".join(f"  - {query}\n" for query in queries)
    folder.joinpath("x.yaml").write_text(f"id: X-XX-01\nquery:\n{lines}")
    return load(folder)


def answer(folder: Path, facts: Facts, *queries: str) -> ControlFinding:
    return found(facts, "X-XX-01", catalogue_of(folder, *queries))


def test_a_sound_pull_request_passes_every_control_with_its_artifacts() -> None:
    findings = evaluate(SHIPPED, SOUND, EVIDENCE)
    assert {finding.control: finding.reason for finding in findings if finding.state is not FindingState.PASS} == {}
    assert all(finding.evidence and not finding.fix for finding in findings)


def test_on_plain_git_what_nobody_has_is_not_applicable_with_a_reason_and_no_person_is_wanted() -> None:
    findings = evaluate(SHIPPED, PLAIN, EVIDENCE)
    weighty = {f.control: f.state for f in findings if f.tier <= 2}
    assert set(weighty.values()) == {FindingState.PASS, FindingState.NOT_APPLICABLE}
    reasons = {f.control: f.reason for f in findings if f.state is FindingState.NOT_APPLICABLE}
    assert reasons == {
        "MC-BR-05": "State of the provenance: missing.",
        "MC-BR-06": "Attestations that came with the pull request: 0.",
        "MC-CM-02": "The pull request has landed on its base: no.",
        "MC-CM-04": "A file of allowed signers is installed: no.",
        "MC-QA-06": "A forge reports checks for the head: no.",
        "MC-SC-02": "A snapshot of advisories is installed: no.",
        "MC-SC-03": "A snapshot of advisories is installed: no.",
    }


@pytest.mark.parametrize(
    ("control", "facts", "says"),
    [
        pytest.param("MC-QA-01", changed(TESTS, failed=2), "tests that failed: 2", id="failing tests"),
        pytest.param("MC-QA-01", changed(TESTS, missing=1), "tests without a verdict: 1", id="missing verdicts"),
        pytest.param("MC-QA-01", changed(TESTS, problems=1), "problems of the test runner: 1", id="a broken runner"),
        pytest.param("MC-QA-02", changed(TESTS, executed=0), "tests that ran to a verdict: 0", id="nothing ran"),
        pytest.param("MC-QA-03", changed(GIT, executables_added=("bin/x",)), "bin/x", id="an executable"),
        pytest.param("MC-QA-04", changed(GIT, test_files_changed=()), "test files: none", id="source without a test"),
        pytest.param("MC-QA-05", changed(GIT, binaries_added=("a.bin",)), "a.bin", id="a binary"),
        pytest.param(
            "MC-QA-06", changed(QueryKind.GITHUB_CHECKS, required="pending"), "checks: pending", id="a check that runs"
        ),
        pytest.param("MC-QA-07", changed(QueryKind.RISK, within_tau=False), "its bound: no", id="too much left out"),
        pytest.param("MC-BR-01", changed(TESTS, isolated=False), "ran in a sandbox: no", id="no sandbox"),
        pytest.param("MC-BR-02", changed(GIT, private_keys_added=("id_rsa",)), "id_rsa", id="a private key"),
        pytest.param("MC-BR-03", changed(GIT, lock_files=()), "lock files: none", id="no lock file"),
        pytest.param("MC-BR-04", changed(GIT, workflows_with_outside_text=("ci.yml",)), "ci.yml", id="pasted text"),
        pytest.param("MC-BR-05", changed(QueryKind.ATTEST, provenance="refused"), "provenance: refused", id="forged"),
        pytest.param("MC-BR-06", changed(QueryKind.ATTEST, refused=("x: expired",)), "x: expired", id="a refused one"),
        pytest.param("MC-SC-01", changed(QueryKind.SBOM, unread_lock_files=("a.lock",)), "a.lock", id="an unread lock"),
        pytest.param("MC-SC-02", changed(QueryKind.SBOM, criticals=3), "critical advisories", id="a critical advisory"),
        pytest.param("MC-SC-03", changed(QueryKind.SBOM, highs=3), "high severity", id="a high advisory"),
        pytest.param("MC-AC-01", changed(POLICY, region_allowed=False), "chosen region: no", id="a denied region"),
        pytest.param("MC-AC-01", changed(POLICY, ran_where_allowed=False), "allows: no", id="ran elsewhere"),
        pytest.param("MC-AC-01", changed(POLICY, digest_known=False), "recorded: no", id="an unrecorded policy"),
        pytest.param("MC-AC-02", changed(GIT, rule_files_changed=("maestro.yaml",)), "maestro.yaml", id="its judge"),
        pytest.param("MC-AC-03", changed(GIT, workflows_without_permissions=("ci.yml",)), "ci.yml", id="the default"),
        pytest.param("MC-AC-04", changed(GIT, workflows_with_wide_permissions=("ci.yml",)), "ci.yml", id="all rights"),
        pytest.param("MC-PO-01", changed(QueryKind.OPA, denies=1), "denials by the admission policy: 1", id="denied"),
        pytest.param("MC-CM-01", changed(GIT, head_contains_base=False), "whole base: no", id="a base that moved on"),
        pytest.param("MC-CM-02", changed(GIT, landed_as_tested=False), "was tested: no", id="another tree landed"),
        pytest.param("MC-CM-03", changed(GIT, linear=False), "form a line: no", id="a merge commit"),
        pytest.param("MC-CM-04", changed(GIT, commits_unverified=1), "allowed signer: 1", id="a stranger's signature"),
        pytest.param("MC-CM-05", changed(QueryKind.REVIEWS, approvals=0), "the author: 0", id="nobody approved"),
        pytest.param("MC-DO-01", changed(GIT, security_policy_present=False), "policy: no", id="no security policy"),
        pytest.param("MC-DO-02", changed(GIT, contributing_present=False), "guide: no", id="no guide"),
        pytest.param("MC-DO-03", changed(GIT, code_owners_present=False), "roles: no", id="nobody responsible"),
        pytest.param("MC-LE-01", changed(GIT, commits_without_signoff=1), "sign-off: 1", id="no sign-off"),
        pytest.param("MC-LE-02", changed(GIT, license_present=False), "at the top: no", id="no licence"),
    ],
)
def test_each_shipped_control_fails_on_its_own_case_with_a_reason_and_a_fix(
    control: str, facts: Facts, says: str
) -> None:
    finding = found(facts, control)
    assert finding.state is FindingState.FAIL
    assert says in finding.reason.lower()
    assert finding.fix


def test_a_failing_control_names_only_what_fails() -> None:
    assert found(changed(TESTS, failed=2), "MC-QA-01").reason == "Tests that failed: 2."


def test_an_unknown_fact_is_not_evaluated_and_named() -> None:
    finding = found(changed(TESTS, isolated=None), "MC-BR-01")
    assert finding.state is FindingState.NOT_EVALUATED
    assert finding.reason == "Nothing established tests.isolated."


def test_a_source_that_is_missing_as_a_whole_is_not_evaluated_and_named() -> None:
    finding = found(SOUND.model_copy(update={"opa": None}), "MC-PO-01")
    assert finding.state is FindingState.NOT_EVALUATED
    assert "opa.denies" in finding.reason


def test_whether_a_control_applies_is_not_guessed() -> None:
    finding = found(changed(QueryKind.SBOM, snapshot_installed=None), "MC-SC-02")
    assert finding.state is FindingState.NOT_EVALUATED
    assert "Whether this applies is not known" in finding.reason


def test_a_failure_stands_even_when_another_fact_is_unknown() -> None:
    assert found(changed(TESTS, failed=1, missing=None), "MC-QA-01").state is FindingState.FAIL


def test_a_pull_request_that_affects_no_test_is_not_applicable_to_the_test_controls() -> None:
    finding = found(changed(TESTS, applicable=False), "MC-QA-01")
    assert finding.state is FindingState.NOT_APPLICABLE
    assert finding.reason == "Tests are affected by the pull request: no."


def test_a_true_condition_without_a_stored_artifact_is_not_a_pass() -> None:
    findings = evaluate(SHIPPED, SOUND, {})
    assert {finding.state for finding in findings} == {FindingState.NOT_EVALUATED}
    assert all("o stored artifact" in finding.reason for finding in findings)


def test_a_condition_over_two_kinds_takes_evidence_of_both(tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path, "{kind: attest, where: provenance==verified && sbom.criticals==0}")
    [finding] = evaluate(catalogue, SOUND, EVIDENCE)
    assert (finding.state, {ref.name for ref in finding.evidence}) == (FindingState.PASS, {"attest", "sbom"})
    [finding] = evaluate(catalogue, SOUND, {QueryKind.ATTEST: EVIDENCE[QueryKind.ATTEST]})
    assert finding.state is FindingState.NOT_EVALUATED
    assert "kind sbom" in finding.reason


@pytest.mark.parametrize(
    ("hours", "says"),
    [
        pytest.param(30.0, "30 h old and counts for 24 h", id="too old"),
        pytest.param(24.01, "24.1 h old and counts for 24 h", id="a little too old"),
        pytest.param(-0.1, "dated 6 min in the future, so a clock is wrong", id="from the future"),
        pytest.param(-48.0, "dated 2880 min in the future", id="from a far future"),
        pytest.param(math.inf, "nobody knows how old", id="of unknown age"),
        pytest.param(math.nan, "nobody knows how old", id="of an age that is no number"),
    ],
)
def test_evidence_of_a_wrong_age_is_not_a_pass(hours: float, says: str) -> None:
    findings = evaluate(SHIPPED, SOUND, EVIDENCE, age_hours={TESTS: hours})
    wrong = {finding.control: finding for finding in findings if finding.state is not FindingState.PASS}
    assert set(wrong) == {"MC-BR-01", "MC-QA-01", "MC-QA-02"}
    assert {finding.state for finding in wrong.values()} == {FindingState.NOT_EVALUATED}
    assert says.lower() in wrong["MC-QA-01"].reason.lower()


@pytest.mark.parametrize("hours", [24.0, 0.0, -5 / 60, -0.01])
def test_clocks_that_differ_by_five_minutes_are_tolerated(hours: float) -> None:
    findings = evaluate(SHIPPED, SOUND, EVIDENCE, age_hours={TESTS: hours})
    assert {finding.state for finding in findings} == {FindingState.PASS}


def test_a_failure_on_old_evidence_is_still_a_failure() -> None:
    findings = evaluate(SHIPPED, changed(TESTS, failed=1), EVIDENCE, age_hours={TESTS: 300.0})
    assert next(f.state for f in findings if f.control == "MC-QA-01") is FindingState.FAIL


@pytest.mark.parametrize(
    ("where", "says"),
    [
        pytest.param("1 / tests.failed == 1", "divide by zero", id="a division by zero"),
        pytest.param("isolation[500] == 'x'", "ended in an error", id="beyond the end of a list"),
        pytest.param(
            "isolation.all(a, isolation.all(b, isolation.all(c, a == b || b == c || a == c || a != c)))",
            "Iteration budget",
            id="a loop without end",
        ),
        pytest.param("tests.passed == 0", "nothing established tests.passed", id="a missing fact"),
        pytest.param("1 / tests.failed == 1 || tests.passed == 0", "established tests.passed", id="both"),
    ],
)
def test_an_error_while_asking_is_not_evaluated_and_says_which(tmp_path: Path, where: str, says: str) -> None:
    facts = changed(TESTS, isolation=tuple(f"sandbox {n}" for n in range(400)))
    finding = answer(tmp_path, facts, f'{{kind: tests, where: "{where}"}}')
    assert finding.state is FindingState.NOT_EVALUATED
    assert says.lower() in finding.reason.lower()


def test_either_or_does_not_hide_that_one_of_the_two_is_unknown(tmp_path: Path) -> None:
    either = '{kind: tests, where: "failed == 0 || passed > 0"}'
    assert answer(tmp_path, changed(TESTS, passed=None), either).state is FindingState.NOT_EVALUATED
    assert answer(tmp_path, changed(TESTS, passed=0), either).state is FindingState.PASS


def test_a_number_too_large_and_a_number_that_is_none_establish_nothing(tmp_path: Path) -> None:
    large = answer(tmp_path, changed(TESTS, failed=2**70), "{kind: tests, where: failed >= 0}")
    assert large.state is FindingState.NOT_EVALUATED
    none = answer(tmp_path, changed(QueryKind.RISK, residual=math.nan), '{kind: risk, where: "!(residual > tau)"}')
    assert none.state is FindingState.NOT_EVALUATED
    assert none.reason == "Nothing established risk.residual."


def test_a_text_that_its_fact_can_never_have_establishes_nothing(tmp_path: Path) -> None:
    facts = changed(QueryKind.GITHUB_CHECKS, required="passed, honestly")
    finding = answer(tmp_path, facts, "{kind: github_checks, where: required != fail}")
    assert finding.state is FindingState.NOT_EVALUATED


def test_decimal_facts_are_compared_and_shown(tmp_path: Path) -> None:
    finding = answer(tmp_path, SOUND, "{kind: risk, where: residual <= tau}")
    assert finding.state is FindingState.PASS
    assert finding.reason == "Residual risk of an escape: 0.01, bound on the risk of an escape (τ): 0.05."
    worse = answer(tmp_path, changed(QueryKind.RISK, residual=0.2), "{kind: risk, where: residual < 0.1}")
    assert worse.reason == "Residual risk of an escape: 0.2."


def test_a_long_list_of_files_is_cut_and_counted() -> None:
    finding = found(changed(GIT, executables_added=tuple(f"f{n}" for n in range(9))), "MC-QA-03")
    assert "f4 and 4 more" in finding.reason
    assert "f5" not in finding.reason


maybe = st.none() | st.booleans()
count = st.none() | st.integers(min_value=0, max_value=3)


@given(
    st.builds(TestsFacts, applicable=maybe, executed=count, failed=count, missing=count, problems=count, isolated=maybe)
)
def test_the_test_control_passes_only_when_everything_it_needs_is_known_and_good(tests: TestsFacts) -> None:
    facts = SOUND.model_copy(update={"tests": tests})
    good = tests.applicable is True and (tests.failed, tests.missing, tests.problems) == (0, 0, 0)
    assert (found(facts, "MC-QA-01").state is FindingState.PASS) == good


def _any_value(fact: str, known: FactType) -> st.SearchStrategy[FactValue | None]:
    by_type: dict[FactType, st.SearchStrategy[FactValue]] = {
        bool: st.booleans(),
        int: st.integers(0, 2),
        float: st.floats(),
        str: st.sampled_from([*values(fact), "other"]),
        tuple: st.lists(st.sampled_from(["", "a", "b"]), max_size=2).map(tuple),
    }
    return st.none() | by_type[known]


def _any_source(kind: QueryKind) -> st.SearchStrategy[dict[str, FactValue | None] | None]:
    """Each fact of a kind known or not, in its type but otherwise as it comes; or the whole kind missing."""
    fields = {fact.partition(".")[2]: _any_value(fact, known) for fact, known in declared(kind).items()}
    return st.none() | st.fixed_dictionaries(fields)


any_facts = st.fixed_dictionaries({kind.value: _any_source(kind) for kind in QueryKind}).map(Facts.model_validate)


@given(any_facts)
def test_whatever_the_facts_are_a_pass_rests_on_established_ones_alone(facts: Facts) -> None:
    known = {name for kind in QueryKind for name in facts.known(kind)}
    for finding, control in zip(evaluate(SHIPPED, facts, EVIDENCE), SHIPPED.controls, strict=True):
        if finding.state is FindingState.PASS:
            assert {fact for query in control.query for fact in facts_used(query.kind, query.where)} <= known
        assert finding.reason.endswith(".")
        assert bool(finding.fix) == (finding.state is FindingState.FAIL)


@given(st.data())
def test_taking_away_any_fact_that_a_pass_rests_on_takes_the_pass_away(data: st.DataObject) -> None:
    control = data.draw(st.sampled_from(SHIPPED.controls))
    used = [fact for query in control.query for fact in facts_used(query.kind, query.where)]
    kind, _, name = data.draw(st.sampled_from(used)).partition(".")
    facts = changed(QueryKind(kind), of=SOUND, **{name: None})
    assert found(SOUND, control.id).state is FindingState.PASS
    assert found(facts, control.id).state is not FindingState.PASS
