"""What the admission policy denies, and that no answer of it is not an answer of none."""

from pathlib import Path

import pytest

from maestro.assurance import QueryKind, admission, evaluate, load
from maestro.model.evidence import FindingState
from maestro.model.pull_request import PullRequest
from maestro.policy.engine import RegorusEngine
from maestro.resources import resource_dir
from tests.assurance.sound import EVIDENCE, SOUND, changed

SHA = "a" * 40
PULL_REQUEST = PullRequest(
    repository="/r", repo="demo", pr="1", base_sha=SHA, head_sha=SHA, merge_base_sha=SHA, author="ada"
)
SHIPPED = RegorusEngine(resource_dir("policies"))


def engine(folder: Path, rules: str) -> RegorusEngine:
    (folder / "admission.rego").write_text(f"package maestro.admission\n\n{rules}\n")
    return RegorusEngine(folder)


def test_the_shipped_policy_admits_a_sound_pull_request_and_its_version_is_told() -> None:
    facts = admission(SOUND, PULL_REQUEST, policy=SHIPPED)
    assert (facts.denies, facts.messages, facts.digest) == (0, (), SHIPPED.digest)


def test_a_denial_is_counted_and_told() -> None:
    elsewhere = changed(QueryKind.POLICY, ran_where_allowed=False, ran_in=("us-east",))
    facts = admission(elsewhere, PULL_REQUEST.model_copy(update={"tenant": "nobody"}), policy=SHIPPED)
    assert facts.denies == 2
    assert facts.messages == (
        "tests ran where the policy does not allow it: us-east",
        "the policy has no entry for tenant nobody",
    )


def test_a_rule_of_ones_own_sees_the_pull_request_and_the_facts_of_every_kind(tmp_path: Path) -> None:
    rules = """
answer := {"denials": sort(deny)}
deny contains sprintf("%s by %s", [file, input.pull_request.author]) if some file in input.facts.git.lock_files
deny contains "risky" if input.facts.risk.residual > 0.005
deny contains "approved" if input.facts.reviews.approvals == 1
"""
    assert admission(SOUND, PULL_REQUEST, policy=engine(tmp_path, rules)).messages == (
        "approved",
        "risky",
        "uv.lock by ada",
    )


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param("deny := 1", id="no answer"),
        pytest.param('answer := {"denials": 0}', id="a number"),
        pytest.param('answer := {"denials": [1]}', id="denials that are no sentences"),
        pytest.param("answer := []", id="another shape"),
        pytest.param('answer := {"denials": [], "more": 1}', id="more than was asked"),
        pytest.param('answer := {"denials": [to_number("x")]}', id="an error while asking"),
        pytest.param('answer := {"denials": []} if input.nothing', id="undefined"),
    ],
)
def test_a_policy_without_a_usable_answer_establishes_nothing(tmp_path: Path, rules: str) -> None:
    facts = admission(SOUND, PULL_REQUEST, policy=engine(tmp_path, rules))
    assert (facts.denies, facts.messages) == (None, None)
    findings = evaluate(load(resource_dir("controls")), SOUND.model_copy(update={"opa": facts}), EVIDENCE)
    finding = next(finding for finding in findings if finding.control == "MC-PO-01")
    assert finding.state is FindingState.NOT_EVALUATED
