"""The working tree as git sees it: what it is compared with, and itself as a commit that belongs to no branch.

Nothing of the user's moves: neither index nor HEAD nor a file. The objects that are written, git removes in time.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from maestro.errors import BadInput
from maestro.execution.git import ask, tell

_DEFAULT_BRANCHES: Final = (
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
    "@{upstream}",
)
"""Where the first one that exists is taken for what a branch will be merged into."""

_LEFT_BY_RUNS: Final = ("__pycache__", ".pytest_cache", ".hypothesis", ".coverage", ".maestro")

_IDENTITY: Final = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "maestro"), ("EMAIL", "maestro"), ("DATE", "@0 +0000"))
}
"""The same for everybody, so that equal trees on equal parents are one commit."""


@dataclass(frozen=True)
class WorkingTree:
    """``root`` with its git folder ``repository``. ``head`` is HEAD, or what HEAD and the uncommitted changes make
    together. ``told`` says in words what ``base`` is.
    """

    root: Path
    repository: Path
    base: str
    head: str
    told: str


def working_tree(root: Path, *, base: str) -> WorkingTree:
    """The tree at ``root``, compared with the commit at which it parted from ``base``; empty for the default branch.

    Raises BadInput where ``root`` is not the top of a repository with a commit, or ``base`` is none of its revisions;
    PlatformUnavailable where git cannot do it.
    """
    top = ask(root, "rev-parse", "--show-toplevel")
    if not top.ok:
        raise BadInput(f"{root} is in no git repository", field="--rootdir", fix="run it in a clone")
    if Path(top.output.strip()).resolve() != root.resolve():
        raise BadInput(
            f"{root} is not the top of its repository, so changes beside it would not be seen",
            field="--rootdir",
            fix=f"pytest --rootdir={top.output.strip()}",
        )
    head = ask(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if not head.ok:
        raise BadInput("the repository has no commit to compare with", field="--maestro-base", fix="commit once")
    head_sha = head.output.strip()
    base_sha, told = _base(root, head_sha, base)
    return WorkingTree(
        root=root,
        repository=Path(tell(root, "rev-parse", "--path-format=absolute", "--git-common-dir")),
        base=base_sha,
        head=_with_uncommitted(root, head_sha),
        told=told,
    )


def _base(root: Path, head: str, asked: str) -> tuple[str, str]:
    for name in (asked,) if asked else _DEFAULT_BRANCHES:
        found = ask(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if found.ok:
            parted = ask(root, "merge-base", found.output.strip(), head)
            if not parted.ok:
                break
            short = tell(root, "rev-parse", "--abbrev-ref", name) or name
            return parted.output.strip(), short
    if not asked:
        return head, "HEAD"
    raise BadInput(
        f"{asked!r} is no revision that shares history with HEAD",
        field="--maestro-base",
        fix="name a branch, a tag or a commit; in a shallow clone fetch more of the history",
    )


def _with_uncommitted(root: Path, head: str) -> str:
    """A commit of the files as they are, untracked ones included and ignored ones not; HEAD where it has the same."""
    index = Path(tell(root, "rev-parse", "--path-format=absolute", "--git-path", "index"))
    with TemporaryDirectory(prefix="maestro-index-") as folder:
        own = Path(folder) / "index"
        if index.is_file():
            # With its time, by which git tells files that may have changed in the second in which it was written.
            shutil.copy2(index, own)
        variables = {"GIT_INDEX_FILE": str(own), **_IDENTITY}
        left_out = [f":(exclude,glob)**/{name}{inside}" for name in _LEFT_BY_RUNS for inside in ("", "/**")]
        tell(root, "add", "--all", "--", ".", *left_out, variables=variables)
        tree = tell(root, "write-tree", variables=variables)
        if tree == tell(root, "rev-parse", f"{head}^{{tree}}"):
            return head
        return tell(root, "commit-tree", tree, "-p", head, "-m", "the working tree", variables=variables)
