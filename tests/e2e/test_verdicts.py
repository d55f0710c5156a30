"""What a CI job gets for changes that are fine but special: exit code, reason, notes, and nothing lost on the way."""

from pathlib import Path

import pytest

from maestro.model.decision import DecisionCard, DecisionState
from tests.e2e.conducting import conduct
from tests.e2e.conftest import MakeProject
from tests.execution.repositories import Repository
from tests.localstack import LocalStack


@pytest.fixture(scope="module")
def prose(make_project: MakeProject) -> Repository:
    """A pull request that changes nothing but documentation."""
    return make_project({"README.md": "Doubles numbers.\n"})


def test_a_change_of_prose_is_green_because_no_test_applies(stack: LocalStack, prose: Repository) -> None:
    done = conduct(stack, prose.folder)
    assert done.exit_code == 0
    assert done.card.plan is not None
    assert not done.card.plan.applicable
    assert done.card.plan.left_out_count == 2
    assert "only documentation is changed: README.md" in done.reasons


def test_a_step_summary_that_cannot_be_written_costs_the_exit_code_but_not_the_card(
    stack: LocalStack, prose: Repository
) -> None:
    ci = LocalStack(stack.home, {"GITHUB_STEP_SUMMARY": str(stack.home / "no" / "such" / "folder")})
    done = ci.maestro("pr", "start", "--repo", str(prose.folder), "--base", "HEAD^", "--wait", "--json")
    assert done.returncode == 3
    assert "GITHUB_STEP_SUMMARY: the step summary cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert DecisionCard.model_validate_json(done.stdout).decision.state is DecisionState.GREEN


def test_a_data_file_takes_every_test_and_an_agent_s_work_waits_for_a_person(
    stack: LocalStack, make_project: MakeProject
) -> None:
    done = conduct(stack, make_project({"numbers.csv": "1,2\n"}).folder, "--agent")
    assert done.exit_code == 1
    assert done.card.decision.state is DecisionState.NEEDS_PERSON
    assert "an agent wrote it" in done.reasons
    assert done.card.plan is not None
    assert (done.card.plan.selected_count, done.card.plan.left_out_count) == (2, 0)
    assert "numbers.csv is not Python" in done.card.plan.reason


def test_what_was_not_looked_at_is_noted_and_only_the_commit_is_conducted(
    stack: LocalStack, project: Repository, tmp_path: Path
) -> None:
    library = project.git("rev-parse", "HEAD")
    project.git("update-index", "--add", "--cacheinfo", f"160000,{library},library")
    project.git("commit", "--quiet", "--message", "Add a submodule")
    project.write({"calc.py": "def double(x):\n    return sum([x, x])\n"})
    project.git("commit", "--quiet", "--message", "Double by summing", "calc.py")
    shallow = project.clone(tmp_path / "project", "--depth", "2")
    shallow.write({"calc.py": "raise RuntimeError('not committed')\n", "notes.txt": "mine"})

    done = conduct(stack, shallow.folder)
    assert done.exit_code == 0
    notes = "\n".join(done.card.pull_request.notes)
    assert "2 uncommitted changes" in notes
    assert "shallow" in notes
    assert "1 submodule not checked out" in notes
    assert done.card.plan is not None
    assert (done.card.plan.selected_count, done.card.plan.left_out_count) == (1, 1)


def test_in_shadow_everything_runs_and_the_card_says_what_would_not_have(
    stack: LocalStack, project: Repository
) -> None:
    done = conduct(stack, project.folder, "--tenant", "nordic")
    plan = done.card.plan
    assert plan is not None
    assert (plan.selected_count, plan.left_out_count, plan.reasons.get("shadowed")) == (2, 0, 1)
    assert "because selection is in shadow. It would have left out 1" in plan.reason
    assert "1 of 2 tests run" in plan.reason
    assert plan.risk is not None
    assert plan.risk.certified


def test_a_plan_without_a_model_says_what_it_cannot_promise(stack: LocalStack, make_project: MakeProject) -> None:
    done = conduct(stack, make_project({"calc.py": "def double(x):\n    return x * 2\n"}).folder)
    assert done.card.plan is not None
    assert done.card.plan.risk is not None
    assert not done.card.plan.risk.certified
    assert "no certified bound" in done.card.risk
