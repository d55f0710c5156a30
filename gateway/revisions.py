"""Which pull request is meant when somebody names less than everything: the base of a head, the person who acts."""

import getpass
from pathlib import Path

from maestro.errors import BadInput
from maestro.execution.git import ask
from maestro.execution.resolve import is_address

DEFAULT_BRANCHES = ("refs/remotes/origin/HEAD", "refs/heads/main", "refs/heads/master")

NOT_AN_ANCESTOR = 1
"""Git's exit code; another one than 0 says that there is no such branch."""


def default_base(repository: str, head: str) -> str:
    """The default branch where ``head`` is not part of it yet, else the parent of ``head``.

    Raises ``BadInput`` where neither exists; a repository at an address always needs its base named.
    """
    folder = Path(repository).expanduser()
    if not folder.is_dir() and not is_address(repository):
        # Neither a folder nor an address: refused with a better sentence where the pull request is resolved.
        return "HEAD"
    if not folder.is_dir():
        raise BadInput(
            f"{repository} is no folder here, so its default branch is not known",
            field="--base",
            fix="name the base: --base main",
        )
    commit = ask(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{head}^{{commit}}")
    if not commit.ok:
        # No commit, or no git at all: refused with a better sentence where the pull request is resolved.
        return "HEAD"
    head_sha = commit.output.strip()
    for branch in DEFAULT_BRANCHES:
        if ask(folder, "merge-base", "--is-ancestor", head_sha, branch).code == NOT_AN_ANCESTOR:
            return branch
    if ask(folder, "rev-parse", "--verify", "--quiet", f"{head_sha}^").ok:
        return f"{head_sha}^"
    raise BadInput(
        f"{head} has no parent and is part of the default branch: there is nothing to compare it with",
        field="--base",
        fix="name the base: --base REVISION",
    )


def acting_person() -> str:
    """Git's ``user.email`` in the current folder, else the login name."""
    answer = ask(Path.cwd(), "config", "user.email")
    return answer.output.strip() or getpass.getuser()
