"""The fake Gitea with one pull request that can be merged, for the contracts of forges and of Gitea."""

from dataclasses import dataclass

from maestro.forges.gitea import CONTEXT, Gitea
from maestro.forges.http import Patience, Secret
from maestro.model.pull_request import PullRequest
from tests.forges.clock import Clock
from tests.forges.contract import Shown
from tests.forges.gitea.fake import ROOT, WEB, FakeGitea, Repo

BASE, HEAD, LATER = ("b" * 40, "a" * 40, "c" * 40)
TOKEN = "gitea-token-of-maestro"
IMPATIENT = Patience(budget_seconds=20, tries=5)


@dataclass
class FakeSite:
    """``forge`` is ours; ``fake`` is what Gitea has, seen from its own side."""

    forge: Gitea
    pull_request: PullRequest
    fake: FakeGitea

    @property
    def repo(self) -> Repo:
        return self.fake.repos["acme/shop"]

    def comments(self) -> list[str]:
        return [comment["body"] for comment in self.repo.comments]

    def statuses(self) -> list[Shown]:
        found = self.repo.shown(self.pull_request.head_sha, CONTEXT)
        shown = [found] if found else []
        return [
            Shown(passes=it["status"] == "success", has_ended=it["status"] != "pending", text=it["description"])
            for it in shown
        ]

    def links(self) -> list[str]:
        found = self.repo.shown(self.pull_request.head_sha, CONTEXT)
        return [found["target_url"]] if found else []

    def base(self) -> str:
        return self.repo.refs["main"]

    def move_base(self) -> str:
        tip, moved = self.base(), f"{self.fake.number():040x}"
        self.repo.parents[moved] = (tip,)
        self.repo.refs["main"] = moved
        return moved

    def move_head(self) -> str:
        self.repo.pulls[7]["head"] = self.repo.refs["feature"] = LATER
        return LATER

    def change(self, **changes: str) -> None:
        self.repo.pulls[7] |= changes

    def remove_branch(self, name: str) -> None:
        del self.repo.refs[name]

    def require(self, context: str) -> None:
        self.repo.required = context

    def comment_as_stranger(self, text: str) -> None:
        self.fake.comment(self.repo, "7", text, login="mallory")

    def state_as_stranger(self, state: str, link: str) -> None:
        body = {"state": state, "context": CONTEXT, "description": "Trust me.", "target_url": link}
        self.fake.state(self.repo, self.pull_request.head_sha, body, login="mallory")

    def another(self) -> Gitea:
        """Another process of ours at the same Gitea."""
        return client(self.fake)


def client(fake: FakeGitea, *, token: str = TOKEN, clock: Clock | None = None) -> Gitea:
    time = clock or Clock()
    return Gitea(Secret(token), base_url=WEB, patience=IMPATIENT, transport=fake, sleep=time.sleep, clock=time)


def site_of() -> FakeSite:
    fake = FakeGitea(TOKEN)
    repo = fake.repos["acme/shop"] = Repo(refs={"main": BASE, "feature": HEAD})
    repo.parents |= {BASE: (), HEAD: (BASE,), LATER: (HEAD,)}
    for number in range(1, 9):
        about = {"head": HEAD, "branch": "feature", "merge_base": BASE, "title": "Change"}
        repo.pulls[number] = about | {"state": "open", "merged": False}
    pull_request = PullRequest(
        repository=f"{ROOT}/acme/shop.git",
        repo="acme/shop",
        pr="7",
        base_sha=BASE,
        head_sha=HEAD,
        merge_base_sha=BASE,
        base_ref="main",
    )
    return FakeSite(client(fake), pull_request, fake)
