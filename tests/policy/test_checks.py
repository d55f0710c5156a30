"""Which of a forge's checks a tenant requires."""

import shutil
from pathlib import Path

import pytest

from maestro.errors import BadInput, PolicyDenied
from maestro.model.pull_request import PullRequest
from maestro.policy.checks import required_checks
from maestro.policy.engine import RegorusEngine
from maestro.resources import resource_dir

SHA = "a" * 40
PULL_REQUEST = PullRequest(repository="/nowhere", repo="shop", pr="7", base_sha=SHA, head_sha=SHA, merge_base_sha=SHA)


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    return shutil.copytree(resource_dir("policies"), tmp_path / "policies")


def with_checks(policies: Path, names: str) -> Path:
    data = policies / "tenants" / "data.yaml"
    data.write_text(data.read_text().replace("required_checks: []", f"required_checks: {names}", 1))
    return policies


def test_as_shipped_whatever_the_forge_reports_is_required() -> None:
    assert required_checks(PULL_REQUEST, policy=RegorusEngine(resource_dir("policies"))) == ()


def test_a_tenant_names_the_checks_that_have_to_pass(policies: Path) -> None:
    engine = RegorusEngine(with_checks(policies, "[lint, build]"))
    assert required_checks(PULL_REQUEST, policy=engine) == ("build", "lint")
    unknown = PULL_REQUEST.model_copy(update={"tenant": "nobody"})
    assert required_checks(unknown, policy=engine) == ()


def test_an_empty_name_is_refused_with_its_field(policies: Path) -> None:
    with pytest.raises(BadInput) as refused:
        RegorusEngine(with_checks(policies, '[""]'))
    assert "required_checks" in refused.value.field


def test_a_policy_that_answers_in_another_shape_requires_nothing_silently(policies: Path) -> None:
    rules = policies / "checks.rego"
    rules.write_text(
        rules.read_text().replace('{"required": []}', '{"needed": []}').replace("answer := {", "other := {")
    )
    with pytest.raises(PolicyDenied):
        required_checks(PULL_REQUEST, policy=RegorusEngine(policies))
