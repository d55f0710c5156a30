"""The population of a release: every commit that its tag has and the tag before it has not.

First parents are what a branch was, one after the other; what came in beside them is there too, so that nothing can
hide behind a merge.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from maestro.errors import BadInput, IntegrityError
from maestro.evidence.merges_git import ID, Commit, Repository
from maestro.model.base import Model

TAGS = "refs/tags/"
_BRANCHES = ("refs/heads/", "refs/remotes/origin/")


class Named(Model):
    """A tag, or a commit by its id, as it was resolved. ``object`` is the tag's own object where it is annotated."""

    name: str
    commit: str
    object: str = ""


@dataclass(frozen=True)
class History:
    """The range. ``line`` are the first parents from the tag down, newest first, ``commits`` everything in the range by
    id. ``previous`` is None where the range goes to the root; ``chosen`` says how it was found.
    """

    repository: Repository
    tag: Named
    previous: Named | None
    chosen: str
    line: tuple[Commit, ...]
    commits: Mapping[str, Commit]
    branch: Named | None = None
    asked: tuple[str, ...] = field(default=())


def read_history(folder: Path, tag: str, *, since: str = "", branch: str = "") -> History:
    """Read the range from a clone. ``since`` names the tag before; without it, the nearest one on the first parents.

    Raises BadInput for a shallow clone, a name that is no tag, a tag that is no commit, one that does not descend from
    the other, one that is not on the branch, and a range without commits; IntegrityError for objects that were changed.
    """
    repository = Repository(folder)
    repository.require_whole()
    last = _resolve(repository, tag, field="TAG")
    previous, chosen = _previous(repository, last, since)
    on = _on_branch(repository, last, branch) if branch else None
    span = [last.commit] if previous is None else [last.commit, f"^{previous.commit}"]
    ids = repository.query("rev-list", *span, "--").decode().split()
    commits = {commit.sha: commit for commit in repository.commits(ids)}
    missing = next((sha for sha in ids if sha not in commits), None)
    if missing is not None:
        raise IntegrityError(
            "the repository lacks a commit of its own history", field=missing, fix="fetch again, or take another clone"
        )
    return History(
        repository=repository,
        tag=last,
        previous=previous,
        chosen=chosen,
        line=_line(last, previous, commits),
        commits=commits,
        branch=on,
        asked=tuple(repository.asked),
    )


def _line(last: Named, previous: Named | None, commits: Mapping[str, Commit]) -> tuple[Commit, ...]:
    """The first parents within the range, walked by their own bytes and not by what git says of them."""
    found: list[Commit] = []
    sha: str | None = last.commit
    while sha is not None and sha in commits:
        found.append(commits[sha])
        sha = commits[sha].parents[0] if commits[sha].parents else None
    if previous is None and sha is not None:
        raise IntegrityError(
            "a commit names a parent that git does not count", field=sha, fix="take another clone, without grafts"
        )
    return tuple(found)


def _previous(repository: Repository, last: Named, since: str) -> tuple[Named | None, str]:
    if since:
        previous = _resolve(repository, since, field="--since")
        if previous.commit == last.commit:
            raise BadInput(
                f"{since} and {last.name} are the same commit, so there is nothing between them",
                field="--since",
                fix="name the tag of the release before",
            )
        if not repository.is_ancestor(previous.commit, last.commit):
            raise BadInput(
                f"{last.name} does not descend from {since}: no list of merges leads from one to the other",
                field="--since",
                fix="name an earlier tag of the same line, or see whether one of the two was moved",
            )
        return previous, "named"
    tagged = _tagged(repository)
    first_parents = repository.query("rev-list", "--first-parent", last.commit, "--").decode().split()
    for sha in first_parents[1:]:
        if sha in tagged:
            return tagged[sha], "the nearest earlier tag on the first parents"
    return None, "no earlier tag is on the first parents: the range begins at the root"


def _tagged(repository: Repository) -> dict[str, Named]:
    """The commits that have tags; of several tags at one commit, the first by name."""
    names = repository.ask("for-each-ref", "--format=%(refname)", TAGS).decode(errors="surrogateescape").split("\n")
    found: dict[str, Named] = {}
    asked = "".join(f"{name}\n{name}^{{commit}}\n" for name in names if name).encode(errors="surrogateescape")
    if not asked:
        return {}
    answers = repository.ask("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked).split(b"\n")
    for name, own, commit in zip(filter(None, names), answers[0::2], answers[1::2], strict=False):
        sha, _, kind = commit.decode(errors="backslashreplace").partition(" ")
        if kind == "commit":
            tag = own.decode().partition(" ")
            found.setdefault(sha, _named(name.removeprefix(TAGS), sha, tag[0], tag[2]))
    return found


def _resolve(repository: Repository, text: str, *, field: str) -> Named:
    """A tag of this name, or a whole commit id; nothing else, because a branch of the same name may move meanwhile."""
    if not text or any(character in text for character in "\n\r\0 ^~:?*[\\") or ".." in text or "@{" in text:
        raise BadInput(f"{text!r} is no name of a tag", field=field, fix="name a tag that `git tag` lists")
    name = TAGS + text.removeprefix(TAGS)
    own = repository.object_of(name)
    if own is None and ID.fullmatch(text):
        name = text
        own = repository.object_of(name)
    if own is None:
        raise BadInput(
            f"there is no tag {text!r}", field=field, fix="git fetch --tags, or name a tag that `git tag` lists"
        )
    commit = repository.object_of(f"{name}^{{commit}}")
    if commit is None:
        raise BadInput(f"{text!r} is a {own[1]} and leads to no commit", field=field, fix="name the tag of a release")
    return _named(text.removeprefix(TAGS), commit[0], own[0], own[1])


def _named(name: str, commit: str, own: str, kind: str) -> Named:
    shown = name.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return Named(name=shown, commit=commit, object=own if kind == "tag" else "")


def _on_branch(repository: Repository, last: Named, branch: str) -> Named:
    if any(character in branch for character in "\n\r\0 ^~:?*[\\") or ".." in branch:
        raise BadInput(f"{branch!r} is no name of a branch", field="--branch", fix="name it as `git branch -a` does")
    names = (prefix + branch for prefix in _BRANCHES)
    found = next((tip for tip in (repository.object_of(f"{name}^{{commit}}") for name in names) if tip), None)
    if found is None:
        raise BadInput(f"there is no branch {branch!r}", field="--branch", fix="fetch it, or correct the name")
    line = repository.query("rev-list", "--first-parent", found[0], "--").decode().split()
    if last.commit not in set(line):
        raise BadInput(
            f"{last.name} is not on the first parents of {branch}: what it releases did not land there",
            field="--branch",
            fix="name the branch that the release was made from",
        )
    return Named(name=branch, commit=found[0])
