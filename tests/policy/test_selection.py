"""Which risk a tenant takes when tests are left out."""

from pathlib import Path
from typing import Any

import pytest

from maestro.model.pull_request import AuthorKind, PullRequest
from maestro.model.tests import SelectionRule
from maestro.policy.engine import RegorusEngine
from maestro.policy.selection import STRICTEST_TAU, SelectionRuling, rule_on_selection
from maestro.resources import resource_dir

SHA = "a" * 40


def ruling(*files: str, folder: Path | None = None, **changes: Any) -> SelectionRuling:
    pull_request = PullRequest(
        repository="/nowhere", repo="shop", pr="7", base_sha=SHA, head_sha=SHA, merge_base_sha=SHA, author="Ada <a@x>"
    ).model_copy(update=changes)
    return rule_on_selection(pull_request, files, policy=RegorusEngine(folder or resource_dir("policies")))


def test_the_shipped_policy_takes_five_in_a_hundred_within_its_bounds() -> None:
    found = ruling("src/cart.py")
    assert (found.mode, found.base_tau) == (SelectionRule.ENFORCE, 0.05)
    assert found.floor < found.base_tau < found.ceiling
    assert (found.agent, found.critical, found.replay) == ("", (), ())


def test_an_agent_is_known_although_nobody_says_that_it_is_one() -> None:
    assert "[bot]" in ruling(author="renovate[bot] <bot@forge.example>").agent
    assert ruling(author_kind=AuthorKind.AGENT).agent


def test_labels_make_a_pull_request_critical_or_ask_for_a_replay() -> None:
    found = ruling(labels=("security", "full-suite", "nice"))
    assert found.critical == ("it is labelled security",)
    assert found.replay == ("it is labelled full-suite",)


def test_a_tenant_without_an_entry_leaves_nothing_out() -> None:
    found = ruling(tenant="nobody")
    assert found.mode is SelectionRule.SHADOW
    assert found.floor == found.ceiling == STRICTEST_TAU
    assert "no entry" in found.reason


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param("", id="no answer"),
        pytest.param('answer := {"mode": "enforce"}', id="half an answer"),
        pytest.param(
            'answer := {"mode": "enforce", "base_tau": 1.5, "floor": 0.01, "ceiling": 0.1, "reason": "", "agent": "",'
            ' "critical": [], "replay": []}',
            id="a risk that is none",
        ),
    ],
)
def test_a_policy_without_a_usable_answer_leaves_nothing_out_and_says_why(tmp_path: Path, rules: str) -> None:
    (tmp_path / "selection.rego").write_text(f"package maestro.selection\n\n{rules}\n")
    found = ruling(folder=tmp_path)
    assert found.mode is SelectionRule.SHADOW
    assert found.base_tau == STRICTEST_TAU
    assert "refusal" in found.reason
