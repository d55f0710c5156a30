"""Pull requests from the command line, end to end: real stack, real repository, real tests."""

import json
from pathlib import Path

import pytest

from maestro.model.decision import DecisionCard, DecisionState
from tests.execution.repositories import Files, Repository
from tests.localstack import LocalStack

PROJECT: Files = {
    "calc.py": "def add(a, b):\n    return a + b\n",
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
    "tests/test_calc.py": "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n",
    "tests/test_other.py": "def test_other():\n    assert True\n",
}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "calc")
    made.commit(PROJECT)
    return made


@pytest.fixture
def good(repository: Repository) -> Repository:
    repository.commit({"calc.py": "def add(a, b):\n    return b + a\n"}, "Add the other way round")
    return repository


@pytest.fixture
def broken(repository: Repository) -> Repository:
    repository.commit({"calc.py": "def add(a, b):\n    return a - b\n"}, "Break the sum")
    return repository


def test_a_good_change_is_green_with_card_page_and_link(stack: LocalStack, good: Repository) -> None:
    done = stack.maestro("run", folder=good.folder)
    assert done.returncode == 0, done.stderr
    assert "Ready to merge" in done.stdout
    assert "1 test selected: 1 passed" in done.stdout
    page = Path(done.stderr.split("card: file://")[1].splitlines()[0])
    assert "Ready to merge" in page.read_text()
    assert f"{stack.state().ui}/namespaces/maestro/workflows/pr%2Fcalc%2F" in done.stderr


def test_a_broken_change_ends_with_1_and_names_the_test_as_json(
    stack: LocalStack, broken: Repository, tmp_path: Path
) -> None:
    summary = tmp_path / "summary.md"
    ci = LocalStack(stack.home, {"GITHUB_STEP_SUMMARY": str(summary)})
    done = ci.maestro("pr", "start", "--repo", str(broken.folder), "--base", "HEAD^", "--wait", "--json")
    assert done.returncode == 1, done.stderr
    card = DecisionCard.model_validate_json(done.stdout)
    assert card.decision.state is DecisionState.BLOCKED
    assert card.report is not None
    assert [outcome.test for outcome in card.report.failed] == ["tests/test_calc.py::test_add"]
    assert "test_add" in summary.read_text()


def test_the_same_head_is_conducted_once_and_again_only_when_asked(stack: LocalStack, good: Repository) -> None:
    asked = ("pr", "start", "--repo", str(good.folder), "--json")
    first, second = (json.loads(stack.maestro(*asked).stdout) for _ in range(2))
    assert second["workflow_id"] == first["workflow_id"]
    assert not first["joined"]
    assert second["joined"] or second["finished"]
    assert stack.maestro(*asked, "--wait").returncode == 0
    third = stack.maestro(*asked, "--wait")
    assert third.returncode == 0
    assert "was conducted before" in third.stderr
    assert "--again" in third.stderr
    other = stack.maestro(*asked, "--tenant", "somebody-else")
    assert other.returncode == 2
    assert "conducted for tenant default, not somebody-else" in other.stderr
    again = stack.maestro(*asked, "--wait", "--again")
    assert again.returncode == 0, again.stdout
    assert (
        DecisionCard.model_validate_json(again.stdout).version > DecisionCard.model_validate_json(third.stdout).version
    )


def test_a_reviewer_acts_once_per_id_and_is_told_what_is_refused(stack: LocalStack, broken: Repository) -> None:
    started = stack.maestro("pr", "start", "--repo", str(broken.folder), "--wait", "--json")
    card = DecisionCard.model_validate_json(started.stdout)
    head = card.pull_request.head_sha[:10]

    without_reason = stack.maestro("pr", "act", "reject", head)
    assert without_reason.returncode == 1
    assert "a rejection needs a reason" in without_reason.stderr

    reject = ("pr", "act", "reject", head, "--reason", "wrong sum", "--actor", "grace", "--action-id", "once", "--json")
    rejected = stack.maestro(*reject)
    assert rejected.returncode == 0, rejected.stderr
    assert json.loads(rejected.stdout)["accepted"]

    watched = stack.maestro("pr", "watch", head, "--json")
    assert watched.returncode == 1
    timeline = DecisionCard.model_validate_json(watched.stdout).timeline
    assert [(entry.actor, entry.detail) for entry in timeline if entry.event == "reject"] == [("grace", "wrong sum")]

    too_late = stack.maestro("pr", "act", "approve", head)
    assert too_late.returncode == 1
    assert "has ended" in too_late.stderr


def test_what_was_decided_can_be_listed_shown_and_verified(stack: LocalStack, good: Repository, tmp_path: Path) -> None:
    done = stack.maestro("pr", "start", "--repo", str(good.folder), "--pr", "77", "--wait", "--json")
    card = DecisionCard.model_validate_json(done.stdout)
    listed = json.loads(stack.maestro("pr", "list", "--repo", "calc", "--decision", "green", "--json").stdout)
    assert card.pull_request.workflow_id in [row["workflow_id"] for row in listed]
    shown = stack.maestro("pr", "show", "calc/77", "--json")
    assert DecisionCard.model_validate_json(shown.stdout).pull_request == card.pull_request
    head = card.pull_request.head_sha
    records = json.loads(stack.maestro("ledger", "show", "--head", head, "--pr", "77", "--json").stdout)
    assert {"placement", "decision"} <= {record["record"]["kind"] for record in records}
    verified = stack.maestro("ledger", "verify")
    assert verified.returncode == 0
    assert "none changed" in verified.stdout
    assert stack.maestro("evidence", "show", "--pr", "calc/77", "--save", str(tmp_path / "saved")).returncode == 0
    assert card.links.card_html is not None
    page = stack.maestro("evidence", "show", card.links.card_html.digest).stdout
    assert "Ready to merge" in page
    assert any(path.name.endswith("card.json") for path in (tmp_path / "saved").iterdir())


def test_a_name_that_nothing_has_is_refused(stack: LocalStack) -> None:
    for text in ("0123abcd", "nobody/1"):
        unknown = stack.maestro("pr", "show", text)
        assert unknown.returncode == 2
        assert "no pull request is known" in unknown.stderr


def test_a_name_that_two_have_lists_both(stack: LocalStack, good: Repository) -> None:
    ids = []
    for number in ("101", "102"):
        started = stack.maestro("pr", "start", "--repo", str(good.folder), "--pr", number, "--wait", "--json")
        ids.append(DecisionCard.model_validate_json(started.stdout).pull_request.workflow_id)
    ambiguous = stack.maestro("pr", "show", good.git("rev-parse", "HEAD"))
    assert ambiguous.returncode == 2
    assert all(workflow_id in ambiguous.stderr for workflow_id in ids)


def test_the_regions_are_shown_as_placement_sees_them(stack: LocalStack) -> None:
    shown = stack.maestro("regions", "status", "--json")
    assert shown.returncode == 0, shown.stderr
    healths = {health["region"]: health for health in json.loads(shown.stdout)}
    assert set(healths) == {"eu-north", "eu-west"}
    assert any(health["workers"] for health in healths.values())
