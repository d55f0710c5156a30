"""Reverted fixes: the source half of a past fix taken back on the base, with the tests that came with it kept."""

from collections.abc import Iterator

from benchmarks.case_making.case import Drop, Fault, Tally
from benchmarks.case_making.tree import Tree, is_source, is_test
from maestro.execution.git import ask, tell

CHANGED_LINES_AT_MOST = 120
"""Added and removed source lines; a larger commit is seldom one fix."""

_NOBODY = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in {"NAME": "nobody", "EMAIL": "nobody@example.org", "DATE": "2000-01-01T00:00:00Z"}.items()
}


def reverts(tree: Tree, tally: Tally) -> Iterator[Fault]:
    """The base's small commits that touch source and tests, newest first, each taken back on the base.

    A three-way merge does it, so a line that moved, or a file that was renamed since, is found again.
    """
    log = tell(tree.folder, "log", "--no-merges", "--format=%H", "--min-parents=1", tree.base)
    for sha in log.splitlines():
        sources = _sources_of_fix(tree, sha)
        if not sources:
            continue
        tree.reset()
        if not ask(tree.folder, "cherry-pick", "--no-commit", _taken_back(tree, sha, sources), variables=_NOBODY).ok:
            tally[Drop.CONFLICT] += 1
        elif not tree.changed():
            tally[Drop.UNCHANGED] += 1
        elif not all(map(is_source, tree.changed())):
            tally[Drop.CONFLICT] += 1
        else:
            yield Fault(kind="revert", source=sha, patch=tree.diff())


def _sources_of_fix(tree: Tree, sha: str) -> list[str]:
    """The source files that a small commit touches beside tests; none for any other commit."""
    counts = tell(tree.folder, "diff-tree", "-r", "--numstat", "--no-renames", "-z", f"{sha}^", sha)
    rows = [row.split("\t", 2) for row in counts.split("\0")[:-1]]
    touched = [(path, added, removed) for added, removed, path in rows if is_source(path) and added != "-"]
    lines = sum(int(added) + int(removed) for _, added, removed in touched)
    if not any(is_test(path) for *_, path in rows) or lines > CHANGED_LINES_AT_MOST:
        return []
    return [path for path, *_ in touched]


def _taken_back(tree: Tree, sha: str, sources: list[str]) -> str:
    """A commit on top of ``sha`` that puts its source files, and nothing else, back to what they were before."""
    index = {"GIT_INDEX_FILE": str(tree.folder / ".git" / "taken-back")}
    tell(tree.folder, "read-tree", sha, variables=index)
    for path in sources:
        before = tell(tree.folder, "ls-tree", f"{sha}^", "--", path)
        if before:
            mode, _, blob = before.split("\t", 1)[0].split()
            tell(tree.folder, "update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}", variables=index)
        else:
            tell(tree.folder, "update-index", "--force-remove", "--", path, variables=index)
    made = tell(tree.folder, "write-tree", variables=index)
    return tell(tree.folder, "commit-tree", made, "-p", sha, "-m", f"Take back {sha}", variables=_NOBODY)
