"""Comments in a plain git repository: a note on the head commit, under ``refs/notes/maestro``.

Nothing of the pull request's code is fetched for it, so that it may be written from any region. Read one with
``git notes --ref=maestro show HEAD`` after ``git fetch origin refs/notes/maestro:refs/notes/maestro``.
"""

import asyncio
import os
import random
import tempfile
import time
from pathlib import Path

from maestro.errors import PlatformUnavailable
from maestro.execution import mirror
from maestro.execution.git import ask, tell
from maestro.execution.locks import locked
from maestro.execution.places import Places
from maestro.forges import marker
from maestro.forges.forge import Comment, Commented, Refused
from maestro.forges.pushing import swap, unreachable

NOTES = "refs/notes/maestro"

TRIES = 20
"""All pull requests of a repository share one reference; each try means that another one's comment was written."""

LONGEST_PAUSE_SECONDS = 0.2

_AUTHOR = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "Maestro"), ("EMAIL", "maestro@localhost"))
}


class Notes:
    """Comments as git notes. Two processes of one home take turns; those of others are met by compare-and-swap."""

    def __init__(self, places: Places) -> None:
        self._places = places

    async def ask(self, wanted: Comment, /) -> Commented | None:
        return await asyncio.to_thread(self._find, wanted)

    async def call(self, wanted: Comment, /) -> Commented | Refused:
        return await asyncio.to_thread(self._write, wanted)

    def _find(self, comment: Comment) -> Commented | None:
        folder = self._folder(comment)
        with locked(folder.with_suffix(".lock")):
            newest = _fetched(folder, comment.pull_request.repository)
            return _settled(folder, comment, newest)

    def _write(self, comment: Comment) -> Commented | Refused:
        folder, repository = self._folder(comment), comment.pull_request.repository
        for _ in range(TRIES):
            with locked(folder.with_suffix(".lock")):
                newest = _fetched(folder, repository)
                # Looked at in the very state that is replaced: whoever slept since then finds the reference moved.
                known = _settled(folder, comment, newest)
                if known is not None:
                    return known
                mine = _committed(folder, comment)
                pushed = swap(folder, repository, NOTES, old=newest, new=mine)
            if pushed.outcome == "moved":
                return Commented(commit=mine)
            if pushed.outcome == "refused":
                return Refused(reason=f"{repository} takes no note: {pushed.reason}")
            time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))  # noqa: S311 - spreads writers, guards nothing
        raise PlatformUnavailable(
            f"{TRIES} others wrote their comment first", field=repository, fix="it is tried again by itself"
        )

    def _folder(self, comment: Comment) -> Path:
        pull_request = comment.pull_request
        of_code = mirror.path_of(pull_request.repository, pull_request.repo, places=self._places)
        folder = of_code.with_name(f"{of_code.stem}.notes.git")
        with locked(folder.with_suffix(".lock")):
            if not (folder / "HEAD").is_file():
                folder.mkdir(parents=True, exist_ok=True)
                tell(folder, "init", "--quiet", "--bare")
        return folder


def _fetched(folder: Path, repository: str) -> str:
    """The remote's newest notes commit, now also ours; empty where it has none."""
    options = ("--quiet", "--no-write-fetch-head", "--no-tags", "--force")
    mirror.remove_left_locks(folder)
    answer = ask(folder, "fetch", *options, "--", repository, f"+{NOTES}:{NOTES}")
    if answer.ok:
        return tell(folder, "rev-parse", NOTES)
    if "couldn't find remote ref" not in answer.error:
        raise unreachable(repository, answer)
    tell(folder, "update-ref", "-d", NOTES)
    return ""


def _settled(folder: Path, comment: Comment, newest: str) -> Commented | None:
    found = marker.find(_text(folder, comment.pull_request.head_sha), comment)
    if found is None or not marker.is_settled(found, comment):
        return None
    return Commented(commit=newest, overtaken=found.key != comment.key)


def _text(folder: Path, head_sha: str) -> str:
    blob = ask(folder, "notes", f"--ref={NOTES}", "list", head_sha)
    return tell(folder, "cat-file", "blob", blob.output.strip()) if blob.ok else ""


def _committed(folder: Path, comment: Comment) -> str:
    """The commit that adds the comment to the notes as they were fetched."""
    head_sha = comment.pull_request.head_sha
    text = marker.replaced(_text(folder, head_sha), comment)
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        file.write(os.fsencode(text))
        file.flush()
        blob = tell(folder, "hash-object", "-w", "--no-filters", "--", file.name)
    # From a blob, because a message given otherwise is tidied up, and quoted code with it.
    tell(folder, "notes", f"--ref={NOTES}", "add", "--force", "-C", blob, head_sha, variables=_AUTHOR)
    return tell(folder, "rev-parse", NOTES)
