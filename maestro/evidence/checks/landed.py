"""Whether a clone of the repository knows the commits and trees that the bundle names. Reads the clone alone."""

from collections.abc import Callable, Iterator
from pathlib import Path

from maestro.errors import BadInput
from maestro.evidence.case import Case, differing
from maestro.evidence.contents import Landing
from maestro.evidence.index import Subject
from maestro.evidence.verdict import Problem
from maestro.execution.git import GitAnswer, ask


def in_repository(folder: Path) -> Callable[[Case], Iterator[Problem]]:
    """The check against the clone in ``folder``. Raises BadInput where no repository is there."""
    if not folder.is_dir() or not _ask(folder, "rev-parse", "--git-dir").ok:
        raise BadInput(
            f"there is no git repository in {folder}", field="--repository", fix="name a clone of the repository"
        )

    def known_to_the_repository(case: Case) -> Iterator[Problem]:
        """The clone has the commit with the tree that was tested, its merge base, and on its branch what landed."""
        subject = case.index.subject
        yield from _head(folder, subject)
        if subject.landing is not None:
            yield from _landing(folder, subject.landing)

    return known_to_the_repository


def _head(folder: Path, subject: Subject) -> Iterator[Problem]:
    place, head, merge_base = str(folder), subject.head_sha, subject.merge_base_sha
    for what, commit in (("the head", head), ("the base", subject.base_sha), ("the merge base", merge_base)):
        if not _has(folder, commit):
            yield Problem(file=place, reason=f"it has not {what} {commit[:64]}")
    if not _has(folder, head):
        return
    if subject.tested_tree:  # nobody could read it where this is empty, and then nothing is said of it
        yield from differing(place, "the head's tree", found=_tree(folder, head), wanted=subject.tested_tree)
    if _has(folder, merge_base) and not _contains(folder, head, ancestor=merge_base):
        yield Problem(file=place, reason="the merge base is no ancestor of the head")


def _landing(folder: Path, landing: Landing) -> Iterator[Problem]:
    place, commit = str(folder), landing.commit
    if not _has(folder, commit):
        yield Problem(file=place, reason=f"it has not what landed, {commit[:64]}")
        return
    yield from differing(place, "the tree that landed", found=_tree(folder, commit), wanted=landing.tree)
    if not _on_branch(folder, commit, branch=landing.base_ref):
        yield Problem(file=place, reason=f"what landed, {commit}, is not on {landing.base_ref[:100]!r}")


def _ask(folder: Path, *arguments: str) -> GitAnswer:
    # A partial clone would fetch what it lacks; nothing is asked of a network here.
    return ask(folder, *arguments, variables={"GIT_NO_LAZY_FETCH": "1"})


def _has(folder: Path, commit: str) -> bool:
    return _is_id(commit) and _ask(folder, "cat-file", "-e", f"{commit}^{{commit}}").ok


def _tree(folder: Path, commit: str) -> str:
    return _ask(folder, "rev-parse", "--verify", f"{commit}^{{tree}}").output.strip()


def _contains(folder: Path, commit: str, *, ancestor: str) -> bool:
    return _ask(folder, "merge-base", "--is-ancestor", ancestor, commit).ok


def _on_branch(folder: Path, commit: str, *, branch: str) -> bool:
    """On the branch of this name, the clone's own or that of any of its remotes."""
    listed = _ask(
        folder, "for-each-ref", "--format=%(refname)", f"--contains={commit}", "refs/heads", "refs/remotes"
    ).output.splitlines()
    return any(_branch(ref) == branch.removeprefix("refs/heads/") for ref in listed)


def _branch(ref: str) -> str:
    if ref.startswith("refs/heads/"):
        return ref.removeprefix("refs/heads/")
    return ref.removeprefix("refs/remotes/").partition("/")[2]


def _is_id(text: str) -> bool:
    """Only a whole object id is ever given to git, because the bundle's text could also be an option or a range."""
    return len(text) in {40, 64} and all(character in "0123456789abcdef" for character in text)
