"""From a push at a real Gitea to a merge there: webhook, conduct, status, comment, fast-forward to the tested head."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forge.conducting import CALC, SLOW, Conducting, conducting
from tests.forge.handle import Gitea
from tests.forge.repositories import git

STATUS = "maestro"
BETTER = CALC + "\n\ndef triple(x):\n    return 3 * x\n"
WRONG = "def double(x):\n    return 3 * x\n"


@pytest.fixture(scope="module")
def there(gitea: Gitea, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conducting]:
    gitea.user("robot")
    with conducting(gitea, tmp_path_factory.mktemp("stack") / "files") as running:
        yield running


def state_of(there: Conducting, repo: str, head: str) -> str:
    return str(there.gitea.status(repo, head).get(STATUS, {}).get("status", ""))


def test_a_green_pull_request_is_stated_commented_and_merged_to_the_tested_head(
    there: Conducting, tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    repo = there.repository(folder, "green")
    there.gitea.require_status(repo, STATUS)
    head = there.branch(repo, folder, BETTER)
    number = there.gitea.create_pull(repo, head="feature", title="<b>triple</b> \N{RIGHT-TO-LEFT OVERRIDE}")
    there.until(lambda: there.gitea.pull(repo, number)["merged"], of="merged")
    assert there.gitea.tip(repo) == head
    there.until(lambda: state_of(there, repo, head) == "success", of="stated")
    there.until(lambda: there.card(repo, number, head).get("phase") == "done", of="done")
    [comment] = there.gitea.comments(repo, number)
    assert comment["user"]["login"] == "maestro"
    status = there.gitea.status(repo, head)[STATUS]
    assert status["target_url"].partition("#")[0] == f"{there.address}/pull-requests/{repo}/{number}/{head}"
    card = there.card(repo, number, head)
    assert card["pull_request"]["author"] == "ada"
    assert {one["kind"]: one["done"] for one in card["publications"]} == {
        "comment": True,
        "merge": True,
        "status": True,
    }


def test_red_tests_are_stated_and_nothing_is_merged(there: Conducting, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    repo = there.repository(folder, "red")
    before = there.gitea.tip(repo)
    head = there.branch(repo, folder, WRONG)
    number = there.gitea.create_pull(repo, head="feature")
    there.until(lambda: state_of(there, repo, head) == "failure", of="stated")
    assert there.gitea.tip(repo) == before
    there.until(lambda: there.gitea.comments(repo, number), of="commented")
    [comment] = there.gitea.comments(repo, number)
    assert "test_double" in comment["body"]


def test_a_head_that_is_replaced_while_its_tests_run_is_never_merged(there: Conducting, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    repo = there.repository(folder, "replaced", test=SLOW)
    first = there.branch(repo, folder, BETTER)
    number = there.gitea.create_pull(repo, head="feature")
    there.until(lambda: there.card(repo, number, first).get("phase") == "run", of="running")
    second = there.branch(repo, folder, BETTER + "\n# another one\n")
    there.until(lambda: there.gitea.pull(repo, number)["merged"], of="merged")
    assert there.gitea.tip(repo) == second
    assert first not in git(folder, "rev-list", second).split()
    there.until(lambda: there.card(repo, number, first).get("phase") == "done", of="the first one's end")
    assert there.card(repo, number, first)["decision"]["state"] == "cancelled"
    assert state_of(there, repo, first) != "success"
    assert state_of(there, repo, first) != "pending"


def test_an_agents_pull_request_waits_until_a_reviewer_approves_at_the_forge(there: Conducting, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    repo = there.repository(folder, "agents")
    there.gitea.call("PUT", f"repos/{repo}/collaborators/robot", {"permission": "write"})
    head = there.branch(repo, folder, BETTER)
    number = there.gitea.create_pull(repo, head="feature", user="robot")
    there.until(lambda: there.card(repo, number, head).get("phase") == "waiting_for_person", of="waiting")
    assert there.card(repo, number, head)["pull_request"]["author_kind"] == "agent"
    assert not there.gitea.pull(repo, number)["merged"]
    there.gitea.review(repo, number, "APPROVED", user="maestro")
    there.gitea.review(repo, number, "APPROVED", user="grace")
    there.until(lambda: there.gitea.pull(repo, number)["merged"], of="merged")
    assert there.gitea.tip(repo) == head
    reviews = [entry for entry in there.card(repo, number, head)["timeline"] if entry["event"] == "approve"]
    assert [entry["actor"] for entry in reviews] == ["grace"]


def test_a_pull_request_that_is_closed_is_given_up(there: Conducting, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    repo = there.repository(folder, "closed", test=SLOW)
    head = there.branch(repo, folder, BETTER)
    number = there.gitea.create_pull(repo, head="feature")
    there.until(lambda: there.card(repo, number, head).get("phase") == "run", of="running")
    there.gitea.call("PATCH", f"repos/{repo}/pulls/{number}", {"state": "closed"})
    there.until(lambda: there.card(repo, number, head)["decision"]["state"] == "cancelled", of="cancelled")
    there.until(lambda: state_of(there, repo, head) in {"failure", "error", "warning"}, of="stated")
