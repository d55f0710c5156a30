"""Everything that Gitea tells Maestro about a pull request, step by step, at a real one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.forge.handle import Gitea
from tests.forge.receiver import Received, Receiver
from tests.forge.repositories import commit, git, two_branches

SECRET = "a secret of this scenario alone"


class Told(NamedTuple):
    """What Gitea delivered for a step."""

    step: str
    received: Received


@dataclass
class Play:
    """A repository with a webhook; ``told`` grows with each step."""

    gitea: Gitea
    receiver: Receiver
    folder: Path
    repo: str
    told: list[Told]

    def step(self, name: str, event: str, do: Callable[[], object]) -> None:
        """Do it, and wait for a delivery of this event, with its action where it has one."""
        seen = len(self.receiver.received)

        def arrived() -> Received | None:
            return next((each for each in self.receiver.received[seen:] if each.kind == event), None)

        do()
        self.gitea.wait(arrived)
        received = arrived()
        assert received is not None
        self.told.append(Told(name, received))

    def edit(self, number: int, **changes: object) -> None:
        token = self.gitea.user("ada").token
        self.gitea.call("PATCH", f"repos/{self.repo}/pulls/{number}", changes, token=token)

    def call(self, method: str, path: str, body: object = None, *, user: str = "ada") -> None:
        self.gitea.call(method, f"repos/{self.repo}/{path}", body, token=self.gitea.user(user).token)


def play(gitea: Gitea, receiver: Receiver, folder: Path, *, name: str) -> list[Told]:
    """Every step, in a repository of its own by this name."""
    two_branches(folder)
    git(folder, "branch", "release", "main")
    repo = gitea.create_repository(name, folder)
    gitea.add_webhook(repo, receiver.url, SECRET)
    the = Play(gitea, receiver, folder, repo, [])
    _a_pull_request_changes(the)
    _people_talk(the)
    _branches_move(the)
    _it_lands(the)
    _others_end(the)
    return the.told


def _a_pull_request_changes(the: Play) -> None:
    gitea, edit = the.gitea, partial(the.edit, 1)
    opened = partial(gitea.create_pull, the.repo, head="feature", title="WIP: Change")
    the.step("a draft is opened", "pull_request opened", opened)
    the.step("the draft is ready", "pull_request edited", partial(edit, title="Change"))
    the.step("the title is another", "pull_request edited", partial(edit, title="Another"))
    label = gitea.call("POST", f"repos/{the.repo}/labels", {"name": "risky", "color": "#ff0000"})["id"]
    added = partial(the.call, "POST", "issues/1/labels", {"labels": [label]})
    the.step("a label is added", "pull_request label_updated", added)
    the.step(
        "a label is taken away", "pull_request label_updated", partial(the.call, "DELETE", f"issues/1/labels/{label}")
    )
    the.step("a label is added", "pull_request label_updated", added)
    the.step("all labels are taken away", "pull_request label_cleared", partial(the.call, "DELETE", "issues/1/labels"))
    the.step("the base is another", "pull_request edited", partial(edit, base="release"))
    the.step("the base is another", "pull_request edited", partial(edit, base="main"))
    git(the.folder, "commit", "--quiet", "--amend", "--message", "Forced")
    forced = partial(gitea.push, the.repo, the.folder, "HEAD:feature", user="ada", force=True)
    the.step("another head is pushed", "pull_request synchronized", forced)
    the.step("it is closed", "pull_request closed", partial(edit, state="closed"))
    the.step("it is opened again", "pull_request reopened", partial(edit, state="open"))


def _people_talk(the: Play) -> None:
    review = partial(the.gitea.review, the.repo, 1)
    the.step("a reviewer comments", "pull_request_comment reviewed", partial(review, "COMMENT"))
    the.step("a reviewer approves", "pull_request_approved reviewed", partial(review, "APPROVED"))
    the.step("a reviewer wants changes", "pull_request_rejected reviewed", partial(review, "REQUEST_CHANGES"))
    the.step(
        "somebody comments", "issue_comment created", partial(the.call, "POST", "issues/1/comments", {"body": "Hello"})
    )
    the.step("somebody is assigned", "pull_request assigned", partial(the.edit, 1, assignees=["grace"]))
    asked = partial(the.call, "POST", "pulls/1/requested_reviewers", {"reviewers": ["grace"]})
    the.step("a review is asked for", "pull_request review_requested", asked)
    head_sha = git(the.folder, "rev-parse", "HEAD")
    stated = partial(the.call, "POST", f"statuses/{head_sha}", {"state": "success", "context": "build"})
    the.step("a status is stated", "status", stated)


def _branches_move(the: Play) -> None:
    push = partial(the.gitea.push, the.repo, the.folder)
    the.step("a branch is made", "create", partial(push, "HEAD:refs/heads/other"))
    commit(the.folder, "more.txt", "more\n")
    the.step("a branch is pushed to", "push", partial(push, "HEAD:refs/heads/other"))
    the.step("a branch is deleted", "delete", partial(push, ":other"))
    the.step("a tag is pushed", "push", partial(push, "HEAD:refs/tags/v1"))
    the.step("a tag is deleted", "delete", partial(push, ":refs/tags/v1"))
    git(the.folder, "reset", "--quiet", "--hard", "HEAD^")


def _it_lands(the: Play) -> None:
    gitea = the.gitea
    gitea.wait(lambda: gitea.pull(the.repo, 1)["mergeable"])
    merged = partial(the.call, "POST", "pulls/1/merge", {"Do": "fast-forward-only"}, user="maestro")
    the.step("it is merged", "pull_request closed", merged)


def _others_end(the: Play) -> None:
    gitea, folder = the.gitea, the.folder
    token = gitea.user("mallory").token
    fork = gitea.call("POST", f"repos/{the.repo}/forks", {}, token=token)["full_name"]
    gitea.wait(lambda: gitea.answer("GET", f"repos/{fork}/branches/main").is_success)
    git(folder, "switch", "--quiet", "--create", "forked")
    commit(folder, "forked.txt", "forked\n")
    gitea.push(fork, folder, "forked:forked", user="mallory")
    opened = partial(gitea.create_pull, the.repo, head="mallory:forked", user="mallory")
    the.step("one from a fork is opened", "pull_request opened", opened)
    the.step("its fork is deleted", "pull_request closed", partial(gitea.call, "DELETE", f"repos/{fork}", token=token))
    git(folder, "switch", "--quiet", "--create", "short", "feature")
    commit(folder, "short.txt", "short\n")
    gitea.push(the.repo, folder, "short:short", user="ada")
    gitea.create_pull(the.repo, head="short")
    the.step(
        "its branch is deleted",
        "pull_request closed",
        partial(gitea.call, "DELETE", f"repos/{the.repo}/branches/short"),
    )
    the.step("it is deleted", "pull_request deleted", partial(gitea.call, "DELETE", f"repos/{the.repo}/issues/3"))
    git(folder, "switch", "--quiet", "--create", "agit", "feature")
    commit(folder, "agit.txt", "agit\n")
    pushed = partial(gitea.push, the.repo, folder, "HEAD:refs/for/main/topic", user="ada")
    the.step("one is opened by a push to `refs/for/main`", "pull_request opened", pushed)
