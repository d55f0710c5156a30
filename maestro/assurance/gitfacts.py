"""What the bare mirror says of a pull request's commits and of the tree at its head. Reads only: no hook, filter or
textconv runs, and of signers only ssh-keygen, where a file of allowed signers is installed.

Names of files that are not UTF-8 are shown with their raw bytes escaped.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from maestro.assurance.blobs import BlobSigns, read_signs
from maestro.assurance.documents import DOCUMENTS, is_lock_file, is_manifest, is_media, is_source, is_test, stands_in
from maestro.assurance.facts import GitFacts
from maestro.assurance.gitread import git, tree_of
from maestro.assurance.signatures import allowed_signers, unverified
from maestro.assurance.workflows import workflows
from maestro.model.pull_request import PullRequest

_ABSENT: Final = frozenset({"0" * 40, "0" * 64})
_EMPTY: Final = frozenset(
    {
        "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
        "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
    }
)
"""The blob without a byte, in both kinds of repository: a document that says nothing is none."""
_REGULAR_MODES: Final = frozenset({"100644", "100755"})
_RULE_FILES: Final = re.compile(
    r"(\.github/workflows/.+\.ya?ml|\.gitlab-ci\.yml|\.circleci/config\.yml|\.buildkite/.+\.ya?ml"
    r"|Jenkinsfile|azure-pipelines\.yml|maestro\.ya?ml)"
)
"""Where forges and Maestro read what a pull request must pass: a change there changes its own judge."""
_LICENSE_NAME: Final = re.compile(r"(LICEN[CS]E|COPYING|UNLICENSE)(S|[.-].*)?", re.IGNORECASE)
_FIELD: Final = "%x1f"
_LOG_FORMAT: Final = _FIELD.join(("%P", "%ae", "%ce", "%(trailers:key=Signed-off-by,valueonly,separator=%x1e)"))


@dataclass(frozen=True)
class _Commit:
    parents: int
    author: str
    committer: str
    signers_off: str


@dataclass(frozen=True)
class _Change:
    """One changed path with its blobs; an id is None where there is no regular file on that side."""

    path: str
    old: str | None
    new: str | None


def git_facts(mirror: Path, pull_request: PullRequest) -> GitFacts:
    """The facts between merge base and head; ``PlatformUnavailable`` when the mirror cannot answer."""
    span = f"{pull_request.merge_base_sha}..{pull_request.head_sha}"
    commits = list(_commits(mirror, span))
    changes = list(_changes(mirror, pull_request))
    signs = read_signs(mirror, (change.new for change in changes if change.new))
    merges = sum(commit.parents > 1 for commit in commits)
    facts = GitFacts(
        tree=tree_of(mirror, pull_request.head_sha),
        commits=len(commits),
        merge_commits=merges,
        linear=merges == 0,
        head_contains_base=pull_request.merge_base_sha == pull_request.base_sha,
        commits_without_signature=len(commits) - _signed(mirror, span),
        commits_without_signoff=sum(not _signed_off(commit) for commit in commits),
        commits_by_another_committer=sum(commit.author != commit.committer for commit in commits),
        changed_files=len(changes),
        executables_added=_gained(mirror, changes, signs, "executable"),
        private_keys_added=_gained(mirror, changes, signs, "private_key"),
        rule_files_changed=tuple(sorted(change.path for change in changes if _RULE_FILES.fullmatch(change.path))),
        license_present=any(_LICENSE_NAME.fullmatch(name) for name in _top_names(mirror, pull_request.head_sha)),
        binaries_added=_binaries_added(mirror, pull_request),
        source_files_changed=tuple(sorted(change.path for change in changes if change.new and is_source(change.path))),
        test_files_changed=tuple(sorted(change.path for change in changes if change.new and is_test(change.path))),
        landed=False,
    )
    return facts.model_copy(update=_of_signers(mirror, span) | _of_head(mirror, pull_request.head_sha))


def _of_signers(mirror: Path, span: str) -> dict[str, object]:
    signers = allowed_signers()
    if signers is None:
        return {"signers_known": False}
    return {"signers_known": True, "commits_unverified": unverified(mirror, span, signers=signers)}


def _of_head(mirror: Path, head: str) -> dict[str, object]:
    """What stands in the tree at the head; only files with something in them count."""
    blobs = _files(mirror, head)
    found = workflows(mirror, blobs)
    return {
        **{fact: stands_in(blobs, wanted) for fact, wanted in DOCUMENTS.items()},
        "manifests": tuple(sorted(filter(is_manifest, blobs))),
        "lock_files": tuple(sorted(filter(is_lock_file, blobs))),
        "workflows": found.present,
        "workflows_without_permissions": found.default_permissions,
        "workflows_with_wide_permissions": found.wide_permissions,
        "workflows_with_outside_text": found.outside_text,
    }


def _files(mirror: Path, head: str) -> dict[str, str]:
    """The object of each regular file with something in it, by path."""
    listing = git(mirror, "ls-tree", "-r", "-z", "--full-tree", head).decode(errors="backslashreplace").split("\0")
    entries = (entry.partition("\t") for entry in listing if entry)
    split = ((attributes.split(" "), path) for attributes, _, path in entries)
    return {path: blob for (mode, _, blob), path in split if mode in _REGULAR_MODES and blob not in _EMPTY}


def _binaries_added(mirror: Path, pull_request: PullRequest) -> tuple[str, ...]:
    """By git's own test (a zero byte near the start), without a tree's attributes, which the author could set."""
    span = (pull_request.merge_base_sha, pull_request.head_sha)
    added = ("diff-tree", "-r", "-z", "--no-renames", "--diff-filter=A", "--numstat", *span)
    entries = git(mirror, "-c", "attr.tree=", *added).decode(errors="backslashreplace").split("\0")
    binary = (entry.removeprefix("-\t-\t") for entry in entries if entry.startswith("-\t-\t"))
    return tuple(sorted(path for path in binary if not is_media(path)))


def _commits(mirror: Path, span: str) -> Iterator[_Commit]:
    log = git(mirror, "log", "-z", f"--format={_LOG_FORMAT}", span)
    for entry in log.decode(errors="backslashreplace").split("\0"):
        if entry:
            parents, author, committer, signers_off = entry.split("\x1f", 3)
            yield _Commit(len(parents.split()), author.casefold(), committer.casefold(), signers_off.casefold())


def _signed_off(commit: _Commit) -> bool:
    return any(f"<{commit.author}>" in trailer for trailer in commit.signers_off.split("\x1e"))


def _signed(mirror: Path, span: str) -> int:
    """Commits that carry a signature header. ``rev-list --header`` prints the raw object, NUL-ended."""
    objects = git(mirror, "rev-list", "--header", span).split(b"\0")
    headers = (entry.split(b"\n\n", 1)[0] for entry in objects if entry.strip())
    return sum(b"\ngpgsig" in header for header in headers)


def _changes(mirror: Path, pull_request: PullRequest) -> Iterator[_Change]:
    """Raw format, NUL-ended: ``:<mode> <mode> <id> <id> <letter>`` and then the path."""
    raw = git(
        mirror, "diff-tree", "-r", "-z", "--no-renames", pull_request.merge_base_sha, pull_request.head_sha
    ).split(b"\0")
    for head, path in zip(raw[0::2], raw[1::2], strict=False):
        old_mode, new_mode, old, new, _ = head.decode().lstrip(":").split(" ")
        yield _Change(path.decode(errors="backslashreplace"), _blob(old_mode, old), _blob(new_mode, new))


def _blob(mode: str, object_id: str) -> str | None:
    return object_id if mode in _REGULAR_MODES and object_id not in _ABSENT else None


def _gained(mirror: Path, changes: list[_Change], signs: dict[str, BlobSigns], sign: str) -> tuple[str, ...]:
    """The files that show ``sign`` now and did not before: touching an old one is not adding one."""
    showing = [change for change in changes if change.new and getattr(signs[change.new], sign)]
    before = read_signs(mirror, (change.old for change in showing if change.old))
    return tuple(sorted(change.path for change in showing if not (change.old and getattr(before[change.old], sign))))


def _top_names(mirror: Path, head: str) -> list[str]:
    return git(mirror, "ls-tree", "-z", "--name-only", head).decode(errors="backslashreplace").split("\0")
