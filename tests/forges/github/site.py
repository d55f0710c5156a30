"""A GitHub with one pull request that can be merged, for the contract of forges and for more."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from maestro.forges.github import AppAccess, GitHub, MergeMethod
from maestro.forges.http import Patience, Secret
from maestro.model.pull_request import PullRequest
from tests.forges.clock import Clock
from tests.forges.contract import Shown
from tests.forges.github.fake import APP_ID, FakeGitHub, Repo

BASE, HEAD, LATER, OTHER = ("b" * 40, "a" * 40, "c" * 40, "d" * 40)
IMPATIENT = Patience(budget_seconds=20, tries=5)


@cache
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


@dataclass
class GitHubSite:
    """``forge`` is ours; ``fake`` is what GitHub has, seen from its own side."""

    forge: GitHub
    pull_request: PullRequest
    fake: FakeGitHub

    @property
    def repo(self) -> Repo:
        return self.fake.repos[self.pull_request.repo]

    def comments(self) -> list[str]:
        return [comment["body"] for comment in self.repo.comments]

    def statuses(self) -> list[Shown]:
        """GitHub shows the newest run of a name and an App."""
        runs = [run for run in self.repo.runs if run["head_sha"] == self.pull_request.head_sha][-1:]
        return [
            Shown(
                passes=run["conclusion"] == "success",
                has_ended=run["status"] == "completed",
                text=f"{run['output']['title']}\n{run['output']['summary']}",
            )
            for run in runs
        ]

    def base(self) -> str:
        return self.repo.refs["main"]

    def move_base(self) -> str:
        tip, moved = self.base(), f"{self.fake.number():040x}"
        self.repo.parents[moved], self.repo.trees[moved] = (tip,), moved
        self.repo.refs["main"] = moved
        return moved

    def another(self) -> GitHub:
        """Another process of ours at the same GitHub."""
        return client(self.fake)


def client(
    transport: httpx.AsyncBaseTransport, *, method: MergeMethod = "fast-forward", clock: Clock | None = None
) -> GitHub:
    time = clock or Clock()
    return GitHub(
        AppAccess(app_id=str(APP_ID), private_key=Secret(private_key())),
        base_url="https://forge.example/api/v3",
        merge_method=method,
        patience=IMPATIENT,
        transport=transport,
        sleep=time.sleep,
        clock=time,
    )


def site_of(
    *, method: MergeMethod = "fast-forward", between: Callable[[FakeGitHub], httpx.AsyncBaseTransport] | None = None
) -> GitHubSite:
    """``between`` makes what stands between our client and the fake."""
    fake = FakeGitHub()
    repo = fake.repos["acme/shop"] = Repo(refs={"main": BASE, "feature": HEAD})
    repo.parents |= {BASE: (), HEAD: (BASE,), LATER: (HEAD,), OTHER: (BASE,)}
    repo.trees |= {sha: sha for sha in (BASE, HEAD, LATER, OTHER)}
    for number in range(20):
        pull = {"head": HEAD, "base": "main", "state": "open", "draft": False, "merged": False}
        repo.pulls[number] = pull
    pull_request = PullRequest(
        repository="https://forge.example/acme/shop.git",
        repo="acme/shop",
        pr="7",
        base_sha=BASE,
        head_sha=HEAD,
        merge_base_sha=BASE,
        base_ref="main",
    )
    return GitHubSite(client(between(fake) if between else fake, method=method), pull_request, fake)
