"""The repository that is pushed to, as a hook sees it: branches, heads, and the references that Maestro keeps there.

In ``pre-receive`` what is pushed lies in a quarantine that only git commands with its variables see.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.hooks.asked import Wish
from gateway.hooks.packets import Command
from gateway.hooks.settings import FOR_REVIEW, PROC_RECEIVE_REFS, configured
from maestro.errors import BadInput, PlatformUnavailable
from maestro.execution.git import ask, tell

OLDEST_GIT = (2, 29)
"""The first one that knows the hook ``proc-receive``."""

TRANSACTION_SECONDS = 60.0


def require_git() -> None:
    """Raises ``BadInput`` where git knows no ``proc-receive``: it would keep ``refs/for/…`` as it is and ask nobody."""
    said = tell(Path("/"), "version")
    numbers = said.removeprefix("git version ").split(".")[:2]
    if not all(number.isdecimal() for number in numbers) or tuple(int(number) for number in numbers) < OLDEST_GIT:
        oldest = ".".join(str(number) for number in OLDEST_GIT)
        raise BadInput(
            f"this is {said}, which cannot hand a push over to a hook (proc-receive)",
            field="git",
            fix=f"install git {oldest} or newer where the repository is served, also for its git-receive-pack",
        )


def is_handed_over(folder: Path) -> bool:
    """Whether git gives pushes to ``refs/for`` to the hook ``proc-receive``."""
    return FOR_REVIEW in configured(folder, "receive").get(PROC_RECEIVE_REFS.lower(), ())


def branches_of(folder: Path) -> frozenset[str]:
    return frozenset(tell(folder, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").splitlines())


def require_reviewable(folder: Path, wish: Wish, *, merge: bool, variables: Mapping[str, str]) -> None:
    """Raises ``BadInput`` where nothing could be conducted, or merged, whatever the tests say."""
    head, base = wish.head_sha, f"refs/heads/{wish.branch}"
    kind = ask(folder, "cat-file", "-t", head, variables=variables).output.strip()
    if kind != "commit":
        raise _unfit(wish, f"it is {f'a {kind}' if kind else 'nothing that is here'}, and no commit", "push a commit")
    base_sha = tell(folder, "rev-parse", "--verify", base)
    merge_base = ask(folder, "merge-base", base_sha, head, variables=variables).output.strip()
    if not merge_base:
        raise _unfit(wish, f"it shares no history with {wish.branch}", f"base it on {wish.branch}")
    if merge_base == head:
        raise _unfit(
            wish, f"{wish.branch} already contains {head[:12]}: there is nothing to review", "push a new commit"
        )
    if merge and merge_base != base_sha:
        raise _unfit(
            wish,
            f"it does not contain {wish.branch} at {base_sha[:12]}, and only a fast-forward leaves what was tested as "
            "it is",
            f"rebase it on {wish.branch}, or leave out -o merge",
        )


def kept_head(folder: Path, wish: Wish) -> str:
    """The head that is kept for this pull request now, or an empty string."""
    return ask(folder, "rev-parse", "--verify", "--quiet", wish.kept).output.strip()


def keep(folder: Path, wishes: Sequence[Wish], before: Mapping[str, str]) -> None:
    """Move the kept references from ``before`` to the new heads, all or none. Raises ``PlatformUnavailable`` where
    somebody else moved one meanwhile.
    """
    moves = [
        f"update {wish.kept} {wish.head_sha} {before[wish.kept] or '0' * len(wish.head_sha)}\n"
        for wish in wishes
        if before[wish.kept] != wish.head_sha
    ]
    done = subprocess.run(
        ["git", "-C", os.fspath(folder), "update-ref", "--stdin"],
        input="".join(moves),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=TRANSACTION_SECONDS,
    )
    if done.returncode and any(kept_head(folder, wish) != wish.head_sha for wish in wishes):
        raise PlatformUnavailable(
            f"the head could not be kept: {done.stderr.strip()}",
            field=", ".join(wish.kept for wish in wishes),
            fix="somebody may have pushed at the same moment: look, then push again",
        )


def is_forced(folder: Path, command: Command) -> bool:
    """Whether a kept reference was moved to a head that does not contain the one before."""
    if not command.old.strip("0"):
        return False
    return not ask(folder, "merge-base", "--is-ancestor", command.old, command.new).ok


def _unfit(wish: Wish, what: str, fix: str) -> BadInput:
    return BadInput(what, field=wish.ref, fix=fix)
