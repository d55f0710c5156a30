"""How much risk one pull request may take, from policy and git together."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maestro.impact.changes import changed_files
from maestro.impact.risk.appetite import RiskAppetite, appetite_for, appetite_of
from maestro.impact.risk.tau import ChangeFacts
from maestro.model.pull_request import PullRequest
from maestro.model.tests import SelectionRule
from maestro.policy.engine import RegorusEngine
from maestro.policy.selection import SelectionRuling
from maestro.resources import resource_dir
from tests.impact.risk.conftest import Commit

AppetiteFor = Callable[..., RiskAppetite]
RULING = SelectionRuling(
    mode=SelectionRule.ENFORCE, base_tau=0.05, floor=0.01, ceiling=0.1, reason="r", agent="", critical=(), replay=()
)
RISKY = ChangeFacts(lines=9_000, files=90, critical=("it changes payments/",), agent="a bot's")


@pytest.fixture
def appetite(tmp_path: Path, pull_request: Callable[..., PullRequest]) -> AppetiteFor:
    def ask(**changes: Any) -> RiskAppetite:
        asked = pull_request(**changes)
        mirror = tmp_path / "repository" / ".git"
        changed = changed_files(mirror, asked.merge_base_sha, asked.head_sha)
        return appetite_for(asked, changed, mirror=mirror, policy=RegorusEngine(resource_dir("policies")))

    return ask


def test_a_pull_request_of_an_agent_takes_less_risk_than_the_same_of_a_human(
    commit: Commit, appetite: AppetiteFor
) -> None:
    commit({"a.py": "1"})
    commit({"a.py": "2"})
    human, agent = appetite(), appetite(author="renovate[bot] <ada@shop.example>")
    assert agent.tau < human.tau
    assert next(term for term in agent.terms if term.name == "author").reason.startswith("an agent's")


def test_leaving_a_critical_folder_is_as_critical_as_entering_it(commit: Commit, appetite: AppetiteFor) -> None:
    long = "".join(f"line {number}\n" for number in range(40))
    commit({"payments/card.py": long})
    commit({"payments/card.py": None, "misc/card.py": long})
    terms = {term.name: term for term in appetite(tenant="nordic").terms}
    assert "payments/" in terms["criticality"].reason


def test_a_name_that_is_not_utf_8_does_not_break_the_policys_answer(commit: Commit, appetite: AppetiteFor) -> None:
    commit({"caf\udce9.py": "1"})
    commit({"caf\udce9.py": "2"})
    assert appetite().mode is SelectionRule.ENFORCE


def test_a_pull_request_at_its_floor_is_replayed_and_says_why() -> None:
    assert "at the tenant's floor of 0.01" in appetite_of(RISKY, RULING).replay


def test_a_usual_pull_request_waits_for_the_night() -> None:
    assert appetite_of(ChangeFacts(lines=10, files=1), RULING).replay == ""


def test_a_label_asks_for_a_replay_whatever_the_risk() -> None:
    labelled = RULING.model_copy(update={"replay": ("it is labelled full-suite",)})
    assert appetite_of(ChangeFacts(lines=10, files=1), labelled).replay == "it is labelled full-suite"


def test_one_tau_for_all_is_no_reason_to_replay_everything() -> None:
    fixed = RULING.model_copy(update={"floor": 0.05, "ceiling": 0.05})
    assert appetite_of(RISKY, fixed).replay == ""
