"""One bare mirror per repository, so that each region fetches a commit once and every worktree shares its objects.

Two processes may ask for the same mirror at once: one fetches, the other waits and finds everything there.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from maestro.errors import BadInput
from maestro.execution.git import GitAnswer, ask, tell
from maestro.execution.locks import locked
from maestro.execution.places import Places

_UNKNOWN_COMMIT = ("not our ref", "couldn't find remote ref", "unadvertised object", "bad object")
"""What servers of different ages answer when they do not have a commit."""

_EVERY_BRANCH = ("+refs/heads/*:refs/remotes/fetched/*", "+refs/tags/*:refs/tags/*")


def fetch(repository: str, repo: str, shas: Iterable[str], *, places: Places) -> Path:
    """The bare mirror of ``repository`` with every commit of ``shas`` and all tags in it.

    Raises ``BadInput`` when the repository does not have a commit or does not let us in, ``PlatformUnavailable`` when
    the forge cannot be asked for a way in.
    """
    wanted = tuple(dict.fromkeys(shas))
    mirror = path_of(repository, repo, places=places)
    with locked(mirror.with_suffix(".lock")):
        if not (mirror / "HEAD").is_file():
            mirror.mkdir(parents=True, exist_ok=True)
            tell(mirror, "init", "--quiet", "--bare")
        if missing(mirror, wanted):
            remove_left_locks(mirror)
            _fetch_missing(mirror, repository, wanted)
    return mirror


def path_of(repository: str, repo: str, *, places: Places) -> Path:
    """Where the mirror of ``repository`` is; the digest keeps two repositories of one name apart."""
    digest = hashlib.sha256(repository.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return places.mirrors / f"{repo.replace('/', '-')[:80]}-{digest}.git"


def missing(mirror: Path, shas: Iterable[str]) -> tuple[str, ...]:
    """The commits of ``shas`` that the mirror does not hold under a name of their own.

    An object without a name does not count: it may be there while its history is not, after a fetch was killed.
    """
    return tuple(sha for sha in shas if not ask(mirror, "rev-parse", "--verify", "--quiet", _name(sha)).ok)


def _fetch_missing(mirror: Path, repository: str, shas: tuple[str, ...]) -> None:
    names = [f"+{sha}:{_name(sha)}" for sha in missing(mirror, shas)]
    answer = _fetch(mirror, repository, *names, "+refs/tags/*:refs/tags/*")
    if not answer.ok and any(sign in answer.error for sign in _UNKNOWN_COMMIT):
        # Servers before protocol 2 refuse a commit that is no branch's tip, though a branch contains it.
        answer = _fetch(mirror, repository, *_EVERY_BRANCH)
        for sha in missing(mirror, shas) if answer.ok else ():
            if ask(mirror, "cat-file", "-e", f"{sha}^{{commit}}").ok:
                tell(mirror, "update-ref", _name(sha), sha)
    if not answer.ok:
        raise answer.kept_out or BadInput(
            f"{repository} cannot be fetched: {answer.error}",
            field="repository",
            fix="check the address and that this machine may read it without a prompt",
        )
    absent = missing(mirror, shas)
    if absent:
        raise BadInput(
            f"{repository} has no commit {absent[0]}",
            field="revision",
            fix="push the commit first, or name one that the repository has",
        )


def _fetch(mirror: Path, repository: str, *refspecs: str) -> GitAnswer:
    shallow = tell(mirror, "rev-parse", "--is-shallow-repository") == "true"
    depth = ["--unshallow"] if shallow else []
    options = ["--quiet", "--no-write-fetch-head", "--no-tags", "--force", "--update-shallow"]
    return ask(mirror, "fetch", *options, *depth, "--", repository, *refspecs)


def _name(sha: str) -> str:
    return f"refs/maestro/{sha}"


def remove_left_locks(mirror: Path) -> None:
    """Remove the lock files of a git that was killed. The caller holds the lock of ``mirror``."""
    # Every git that writes here holds our lock, so a lock file that is still here belongs to one that was killed.
    for lock in (*mirror.glob("*.lock"), *(mirror / "refs").rglob("*.lock")):
        lock.unlink(missing_ok=True)
