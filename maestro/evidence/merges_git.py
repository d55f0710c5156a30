"""Git as an auditor asks it: deaf to configuration, grafts, replacements, caches and networks, each commit re-hashed.

A name is never given to git where it could be read as an option or a range.
"""

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from maestro.assurance.gitread import TIMEOUT_SECONDS, command, environment
from maestro.errors import BadInput, IntegrityError, PlatformUnavailable

ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
TITLE_LIMIT = 200
"""Characters of a subject that are kept; a commit's message can be a book."""

# A commit graph is a cache that anybody can have written beside the objects.
_SETTINGS = ("-c", "core.commitGraph=false", "-c", "log.showSignature=false", "-c", "protocol.allow=never")
_PERSON = re.compile(rb"(?P<who>.*) (?P<seconds>-?\d{1,12}) (?P<sign>[+-])(?P<hours>\d\d)(?P<minutes>\d\d)")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as it was hashed. ``at`` is the committer's own claim, ``author`` and ``subject`` are anybody's text."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: str
    at: str
    subject: str


class Repository:
    """Reads from one repository. ``asked`` are the command lines, without the folder, to be repeated by a reader."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._git_dir = _git_dir(folder)
        self.asked: list[str] = []

    def require_whole(self) -> None:
        """Raises BadInput for a shallow clone: where its history was cut, nobody can say what is missing."""
        if self.ask("rev-parse", "--is-shallow-repository").strip() == b"true":
            raise BadInput(
                "the clone is shallow: its history is cut, and what is behind the cut cannot be counted",
                field=str(self.folder),
                fix="git fetch --unshallow --tags (in CI: fetch-depth: 0)",
            )

    def ask(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What git prints. Raises PlatformUnavailable where it fails."""
        done = self._run(arguments, stdin)
        if done.returncode != 0:
            complaint = done.stderr.decode(errors="backslashreplace").strip()
            raise PlatformUnavailable(
                f"git {arguments[0]} failed: {complaint[:1_000]}",
                field=str(self.folder),
                fix="check the repository with git fsck, or take another clone",
            )
        return done.stdout

    def query(self, *arguments: str) -> bytes:
        """As ``ask``, and noted in ``asked``: an answer that decides what the population is."""
        self.asked.append(" ".join(("git", *arguments)))
        return self.ask(*arguments)

    def object_of(self, name: str) -> tuple[str, str] | None:
        """Id and type of the object that a full reference or a whole id names, None for none."""
        # On standard input, so that a name is never an option.
        answer = self.ask("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=name.encode() + b"\n")
        found = answer.decode(errors="backslashreplace").split()
        return (found[0], found[1]) if len(found) == 2 and ID.fullmatch(found[0]) else None

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether the commit ``newer`` contains ``older``, which both must be there."""
        done = self._run(("merge-base", "--is-ancestor", older, newer), b"")
        if done.returncode not in {0, 1}:
            raise PlatformUnavailable(
                f"git merge-base failed: {done.stderr.decode(errors='backslashreplace').strip()[:1_000]}",
                field=str(self.folder),
                fix="check the repository with git fsck, or take another clone",
            )
        return done.returncode == 0

    def commits(self, shas: Iterable[str]) -> Iterator[Commit]:
        """The commits of these whole ids that are there, in their order, each checked against its id.

        Raises IntegrityError for one whose bytes do not hash to it.
        """
        wanted = "".join(f"{sha}\n" for sha in shas if ID.fullmatch(sha)).encode()
        answer = self.ask("cat-file", "--batch", stdin=wanted) if wanted else b""
        place = 0
        while place < len(answer):
            end = answer.index(b"\n", place)
            header = answer[place:end].split()
            place = end + 1
            if len(header) != 3:
                continue  # missing; whoever asked sees that it is not among the answers
            size = int(header[2])
            body, place = answer[place : place + size], place + size + 1
            if header[1] == b"commit":
                yield _commit(header[0].decode(), body)

    def _run(self, arguments: tuple[str, ...], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
        quiet = {"GIT_GRAFT_FILE": os.devnull, "GIT_ALLOW_PROTOCOL": "none", "GIT_TERMINAL_PROMPT": "0"}
        try:
            return subprocess.run(
                command(self._git_dir, *_SETTINGS, *arguments),
                env=environment() | quiet,
                input=stdin,
                capture_output=True,
                check=False,
                timeout=TIMEOUT_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PlatformUnavailable(
                f"git {arguments[0]} could not run: {error}", field=str(self.folder), fix="check that git is installed"
            ) from error


def _git_dir(folder: Path) -> Path:
    """Found without git, which would refuse a folder of another user, or look for one further up."""
    inside = folder / ".git"
    try:
        if inside.is_file():  # a linked work tree, or a submodule
            named = inside.read_text(encoding="utf-8", errors="surrogateescape").strip().removeprefix("gitdir:").strip()
            return folder / named
        found = inside if inside.is_dir() else folder
        if (found / "HEAD").is_file() and (found / "objects").is_dir():
            return found
    except OSError as error:
        raise BadInput(f"it cannot be read: {error.strerror}", field=str(folder), fix="name a clone") from error
    raise BadInput("there is no git repository", field=str(folder), fix="name the top folder of a clone by --repo")


def _commit(sha: str, body: bytes) -> Commit:
    hashed = hashlib.sha1(usedforsecurity=False) if len(sha) == 40 else hashlib.sha256()
    hashed.update(b"commit %d\0" % len(body))
    hashed.update(body)
    if hashed.hexdigest() != sha:
        raise IntegrityError(
            "the stored commit does not hash to its id: it was changed", field=sha, fix="take another clone"
        )
    head, _, message = body.partition(b"\n\n")
    fields: dict[bytes, list[bytes]] = {}
    for entry in head.split(b"\n"):
        name, _, value = entry.partition(b" ")
        fields.setdefault(name, []).append(value)
    tree = fields.get(b"tree", [b""])[0].decode(errors="backslashreplace")
    parents = tuple(parent.decode(errors="backslashreplace") for parent in fields.get(b"parent", []))
    author, _ = _person(fields.get(b"author", [b""])[0])
    _, at = _person(fields.get(b"committer", [b""])[0])
    first = message.lstrip(b"\n").split(b"\n", 1)[0]
    subject = first[: TITLE_LIMIT * 4].decode(errors="backslashreplace")[:TITLE_LIMIT]
    return Commit(sha=sha, tree=tree, parents=parents, author=author[:TITLE_LIMIT], at=at, subject=subject)


def _person(value: bytes) -> tuple[str, str]:
    """Who, and when as ISO 8601; empty where it cannot be read."""
    found = _PERSON.fullmatch(value)
    if found is None:
        return value.decode(errors="backslashreplace"), ""
    offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"]))
    try:
        zone = timezone(-offset if found["sign"] == b"-" else offset)
        at = datetime.fromtimestamp(int(found["seconds"]), tz=UTC).astimezone(zone).isoformat()
    except (ValueError, OverflowError, OSError):
        at = ""
    return found["who"].decode(errors="backslashreplace"), at
