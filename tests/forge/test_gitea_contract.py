"""Our client of Gitea keeps at a real one what every forge keeps, and what the fake of ``make test`` says of Gitea."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest

from maestro.forges import StatusState
from maestro.forges.gitea import CONTEXT
from maestro.forges.gitea import Gitea as Client
from maestro.forges.http import Patience, Secret
from maestro.model.pull_request import PullRequest
from tests.forge.handle import Gitea
from tests.forge.repositories import git, two_branches
from tests.forges.contract import ForgeContract, Shown, StatusContract, merge, status
from tests.forges.gitea.behaviour import GiteaContract

SCOPES = ("write:repository", "write:issue", "read:user")
"""What docs/forges/gitea.md asks for, and no more."""

_numbers = count(1)


@dataclass
class RealSite:
    """A repository of its own at a real Gitea, with issues 1 to 6 and 8 and pull request 7."""

    forge: Client
    pull_request: PullRequest
    gitea: Gitea
    folder: Path

    @property
    def repo(self) -> str:
        return self.pull_request.repo

    def comments(self) -> list[str]:
        return [each["body"] for number in range(1, 9) for each in self.gitea.comments(self.repo, number)]

    def statuses(self) -> list[Shown]:
        return [
            Shown(passes=it["status"] == "success", has_ended=it["status"] != "pending", text=it["description"])
            for context, it in self.gitea.status(self.repo, self.pull_request.head_sha).items()
            if context == CONTEXT
        ]

    def links(self) -> list[str]:
        found = self.gitea.status(self.repo, self.pull_request.head_sha)
        return [it["target_url"] for context, it in found.items() if context == CONTEXT]

    def base(self) -> str:
        return self.gitea.tip(self.repo)

    def move_base(self) -> str:
        content = base64.b64encode(b"more\n").decode()
        made = self.gitea.call("POST", f"repos/{self.repo}/contents/more.txt", {"content": content, "branch": "main"})
        sha: str = made["commit"]["sha"]
        return sha

    def move_head(self) -> str:
        git(self.folder, "commit", "--quiet", "--amend", "--message", "Another")
        self.gitea.push(self.repo, self.folder, "HEAD:feature", user="ada", force=True)
        moved = git(self.folder, "rev-parse", "HEAD")
        self.gitea.wait(lambda: self.gitea.pull(self.repo, 7)["head"]["sha"] == moved)
        return moved

    def change(self, **changes: str) -> None:
        self.gitea.call("PATCH", f"repos/{self.repo}/pulls/7", changes, token=self.gitea.user("ada").token)

    def remove_branch(self, name: str) -> None:
        self.gitea.call("DELETE", f"repos/{self.repo}/branches/{quote(name)}")

    def require(self, context: str) -> None:
        self.gitea.require_status(self.repo, context)

    def comment_as_stranger(self, text: str) -> None:
        self.gitea.call("POST", f"repos/{self.repo}/issues/7/comments", {"body": text}, token=self._stranger)

    def state_as_stranger(self, state: str, link: str) -> None:
        body = {"state": state, "context": CONTEXT, "description": "Trust me.", "target_url": link}
        sha = self.pull_request.head_sha
        self.gitea.call("POST", f"repos/{self.repo}/statuses/{sha}", body, token=self._stranger)

    @property
    def _stranger(self) -> str:
        return self.gitea.user("grace").token


@pytest.fixture(scope="session")
def token(gitea: Gitea) -> str:
    """Maestro's token, with the scopes that it needs."""
    return gitea.token("maestro", gitea.user("maestro").password, SCOPES)


@pytest.fixture
async def site(gitea: Gitea, token: str, tmp_path: Path) -> AsyncIterator[RealSite]:
    folder = tmp_path / "repository"
    two_branches(folder)
    base_sha, head_sha = git(folder, "rev-parse", "main"), git(folder, "rev-parse", "feature")
    repo = gitea.create_repository(f"contract-{next(_numbers)}", folder)
    for _ in range(6):
        gitea.call("POST", f"repos/{repo}/issues", {"title": "An issue"})
    assert gitea.create_pull(repo, head="feature") == 7
    gitea.call("POST", f"repos/{repo}/issues", {"title": "An issue"})
    pull_request = PullRequest(
        repository=gitea.clone_url(repo),
        repo=repo,
        pr="7",
        base_sha=base_sha,
        head_sha=head_sha,
        merge_base_sha=base_sha,
        base_ref="main",
    )
    forge = Client(Secret(token), base_url=gitea.url, patience=Patience(budget_seconds=30))
    yield RealSite(forge, pull_request, gitea, folder)
    await forge.close()


class TestForge(ForgeContract):
    pass


class TestStatuses(StatusContract):
    pass


class TestGitea(GiteaContract):
    pass


async def test_a_merge_that_gitea_still_thinks_about_is_waited_for(site: RealSite) -> None:
    """Straight after a push Gitea says to come again."""
    head_sha = site.move_head()
    pull_request = site.pull_request.model_copy(update={"head_sha": head_sha})
    await site.forge.merges.call(merge(pull_request))
    assert site.base() == head_sha


async def test_two_processes_that_state_at_once_leave_the_later_version(site: RealSite, token: str) -> None:
    other = Client(Secret(token), base_url=site.gitea.url)
    try:
        states = [(site.forge, StatusState.IN_PROGRESS, 0), (other, StatusState.SUCCESS, 1)] * 3
        await asyncio.gather(
            *(forge.statuses.call(status(site.pull_request, state, version=n)) for forge, state, n in states)
        )
    finally:
        await other.close()
    assert [shown.passes for shown in site.statuses()] == [True]
