"""Whether tests get the network."""

from pathlib import Path

import pytest

from maestro.policy.engine import RegorusEngine
from maestro.policy.network import rule_on_network
from maestro.resources import resource_dir


@pytest.mark.parametrize("wanted", [True, False])
def test_the_shipped_policy_keeps_every_suite_offline_and_says_why(*, wanted: bool) -> None:
    ruling = rule_on_network(tenant="default", wanted=wanted, policy=RegorusEngine(resource_dir("policies")))
    assert not ruling.allowed
    assert ("does not allow" if wanted else "does not ask") in ruling.reason


def test_a_policy_without_an_answer_keeps_the_tests_offline(tmp_path: Path) -> None:
    (tmp_path / "network.rego").write_text("package maestro.network\n")
    ruling = rule_on_network(tenant="default", wanted=True, policy=RegorusEngine(tmp_path))
    assert not ruling.allowed
    assert "refusal" in ruling.reason
