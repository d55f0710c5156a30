"""The text files of a commit, read from a repository's objects: no checkout, no link, filter or hook is followed."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from maestro.assurance.gitread import command, environment, git
from maestro.errors import PlatformUnavailable
from maestro.impact.knowledge.patch import Read

SIZE_LIMIT_BYTES: Final = 5_000_000
"""No source that a person wrote is larger; a larger one counts as no text, so nobody claims to have read it."""

_REGULAR: Final = frozenset({"100644", "100755"})


@contextmanager
def texts_of(repository: Path, sha: str) -> Iterator[Read]:
    """Reads the files of ``sha`` as long as the block lasts, in one thread; ``repository`` is its git folder.

    What is no regular file, not UTF-8 or too large has no text. Raises ``PlatformUnavailable`` when git cannot answer.
    """
    blobs = _blobs(repository, sha)
    with subprocess.Popen(
        command(repository, "cat-file", "--batch"), env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("both pipes were asked for")
        requests, answers = process.stdin, process.stdout

        def read(path: str) -> str | None:
            blob = blobs.get(path)
            if blob is None:
                return None
            requests.write(blob.encode() + b"\n")
            requests.flush()
            try:
                return _content(answers, blob, repository).decode()
            except UnicodeDecodeError:
                return None

        yield read


def _blobs(repository: Path, sha: str) -> dict[str, str]:
    """The object of each regular file that is small enough; names keep bytes that are not UTF-8 as surrogates."""
    listing = os.fsdecode(git(repository, "ls-tree", "-r", "-z", "-l", "--full-tree", sha)).split("\0")[:-1]
    found = {}
    for entry in listing:
        attributes, path = entry.split("\t", 1)
        mode, _, blob, size = attributes.split()
        if mode in _REGULAR and int(size) <= SIZE_LIMIT_BYTES:
            found[path] = blob
    return found


def _content(answers: IO[bytes], blob: str, repository: Path) -> bytes:
    """One answer of ``cat-file --batch``: ``<id> blob <size>``, the bytes, a line feed."""
    header = answers.readline().split()
    if len(header) != 3:
        raise PlatformUnavailable(f"git lacks the object {blob}", field=str(repository), fix="fetch it again")
    content = answers.read(int(header[2]))
    answers.readline()
    return content
