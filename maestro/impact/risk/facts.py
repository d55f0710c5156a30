"""Reads from the mirror what bears on a pull request's risk. Nothing is checked out, no configuration is heeded.

Past and owners are those of the merge base: a pull request cannot write itself a past or appoint its own owners.
"""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from maestro.assurance.gitread import git
from maestro.impact.changes import RENAME_LIMIT, Change
from maestro.impact.history.builds import Build
from maestro.impact.names import shown
from maestro.impact.risk.owners import PLACES, SIZE_LIMIT_BYTES, owners_of, read_rules
from maestro.impact.risk.past import read_past
from maestro.impact.risk.tau import ChangeFacts
from maestro.model.pull_request import PullRequest

_ADDRESS = re.compile(r"<([^<>]*)>\s*$")
_REGULAR = frozenset({"100644", "100755"})


def change_facts(
    mirror: Path,
    pull_request: PullRequest,
    changes: Sequence[Change],
    *,
    agent: str = "",
    critical: tuple[str, ...] = (),
    red_builds: int = 0,
) -> ChangeFacts:
    """The facts of a pull request whose commits the mirror holds; what git does not know is handed in.

    Raises ``PlatformUnavailable`` when the mirror cannot answer.
    """
    # By the name at the base where there is one, because that is what the past and the owners know a file by.
    files = sorted({change.old_path or change.path for change in changes})
    past = read_past(mirror, pull_request.merge_base_sha, frozenset(files), author=_address(pull_request.author))
    known = ChangeFacts(
        lines=_changed_lines(mirror, pull_request),
        files=len(changes),
        earlier_commits=past.commits,
        reverts=past.reverts,
        red_builds=red_builds,
        critical=critical,
        familiar_share=sum(past.knows(file) for file in files) / max(len(files), 1),
        agent=agent,
    )
    rules = read_rules(_owners_file(mirror, pull_request.merge_base_sha))
    if not rules:
        return known
    owners = {file: owners_of(file, rules) for file in files}
    groups = {group for group in owners.values() if group}
    unowned = tuple(file for file, group in owners.items() if not group)
    return known.model_copy(update={"owners": len(groups), "unowned": unowned})


def red_builds_among(builds: Iterable[Build], changes: Sequence[Change], *, head: str) -> int:
    """How many builds failed that changed one of the files, those of ``head`` itself left out: a retry is no riskier.

    Files of builds are known by their shown names, today's or that of the base.
    """
    names = {shown(name) for change in changes for name in (change.path, change.old_path) if name}
    red = (build.files for build in builds if build.failed.size and build.revision != head)
    return sum(not names.isdisjoint(files) for files in red)


def _address(author: str) -> str:
    """The address of ``name <address>``, or what looks like one; a bare name is nobody that git knows."""
    found = _ADDRESS.search(author)
    if found:
        return found[1]
    return author if "@" in author else ""


def _changed_lines(mirror: Path, pull_request: PullRequest) -> int:
    """Added and deleted lines; a binary file has none, and a renamed one only those that differ."""
    shas = (pull_request.merge_base_sha, pull_request.head_sha)
    output = git(mirror, "diff-tree", "-r", "-z", "--numstat", "-M50%", f"-l{RENAME_LIMIT}", *shas)
    fields = iter(os.fsdecode(output).split("\0")[:-1])
    total = 0
    for entry in fields:
        added, deleted, path = entry.split("\t", 2)
        total += sum(int(number) for number in (added, deleted) if number != "-")
        if not path:
            # The two names of a rename follow in fields of their own, and either may look like an entry.
            next(fields)
            next(fields)
    return total


def _owners_file(mirror: Path, base: str) -> str:
    """The file of owners where a forge would find it, or nothing; a link or one that is too large is none."""
    listing = os.fsdecode(git(mirror, "ls-tree", "-z", "-l", base, "--", *PLACES)).split("\0")[:-1]
    blobs = {}
    for entry in listing:
        attributes, path = entry.split("\t", 1)
        mode, _, blob, size = attributes.split()
        if mode in _REGULAR and int(size) <= SIZE_LIMIT_BYTES:
            blobs[path] = blob
    place = next((place for place in PLACES if place in blobs), "")
    return os.fsdecode(git(mirror, "cat-file", "blob", blobs[place])) if place else ""
