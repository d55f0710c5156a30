"""Files of keys: read only where nobody else can have read or changed them, written whole or not at all.

A private key that anybody else can read is refused: a signature by it would prove nothing.
"""

import contextlib
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maestro.errors import BadInput, PlatformUnavailable

FILE_LIMIT_BYTES = 64 * 1024
"""Of a key or a PIN: the largest RSA key takes a fifth of it."""

FOLDER_MODE = 0o700
PARTIAL_PREFIX = ".partial-"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def prepare_folder(folder: Path) -> None:
    """Make the folder of keys where there is none. Raises BadInput for one that others can change."""
    with usable(folder):
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    check_folder(folder)


def check_folder(folder: Path) -> None:
    """Raises BadInput for a folder in which somebody else could exchange the keys."""
    with usable(folder):
        state = folder.stat()
    _check_owner(state, folder)
    if state.st_mode & _OTHERS_WRITE:
        raise BadInput(
            "others can write into the folder of keys, and exchange them",
            field=str(folder),
            fix="if nobody can have done so, chmod 700 the folder; else make new keys in another one",
        )


def read_secret(path: Path, *, what: str) -> bytes:
    """The content of a file that only its owner can use. ``what`` names it in the errors ("the signing key").

    Raises BadInput for a link, for what is no plain file, and for a file of another user or that others can use.
    """
    with usable(path.parent), _opened(path, what=what) as file:
        # Of the open file, so that nobody exchanges it between the look and the reading.
        state = os.fstat(file)
        if not stat.S_ISREG(state.st_mode):
            raise BadInput(f"{what} is no plain file", field=str(path), fix="name the file itself")
        _check_owner(state, path)
        if state.st_mode & _OTHERS:
            raise BadInput(
                f"{what} can be read by others, so a signature by it proves nothing",
                field=str(path),
                fix="if nobody can have copied it, chmod 600 the file; else make a new one in its place",
            )
        content = _read(file)
    if len(content) > FILE_LIMIT_BYTES:
        raise BadInput(f"{what} has more than {FILE_LIMIT_BYTES} bytes", field=str(path), fix="name the right file")
    return content


def read_public(path: Path, *, limit_bytes: int = FILE_LIMIT_BYTES) -> bytes:
    """The content of a file that anybody may read."""
    try:
        with path.open("rb") as file:
            content = file.read(limit_bytes + 1)
    except FileNotFoundError as error:
        raise BadInput("there is no such file", field=str(path), fix="correct the path") from error
    except OSError as error:
        raise BadInput(
            f"the file cannot be read ({error.strerror})", field=str(path), fix="make it a readable file"
        ) from error
    if len(content) > limit_bytes:
        raise BadInput(f"the file has more than {limit_bytes} bytes", field=str(path), fix="name the right file")
    return content


def create(path: Path, content: bytes) -> bool:
    """Write a new file that its owner alone can read; False where the name is taken, whose file then stays."""
    with usable(path.parent), _partial(path, content) as partial:
        try:
            # A link fails where the name is taken, so of two that make a key one wins and both then use it.
            path.hardlink_to(partial)
        except FileExistsError:
            return False
        sync(path.parent)
    return True


def replace(path: Path, content: bytes) -> None:
    """Write the file, which its owner alone can read, in one step: a reader sees the old or the new one."""
    with usable(path.parent), _partial(path, content) as partial:
        partial.replace(path)
        sync(path.parent)


def sync(folder: Path) -> None:
    """Make the names in the folder survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(folder: Path, *, exclusive: bool) -> Iterator[None]:
    """Holds the folder against those who change it, or with ``exclusive`` against those who read it as well.

    The lock ends with the process that holds it. It is not to be taken twice by the same caller. An error of the
    system within is PlatformUnavailable.
    """
    with usable(folder):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with usable(folder):
            fcntl.flock(handle, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
            yield
    finally:
        os.close(handle)


@contextmanager
def usable(folder: Path) -> Iterator[None]:
    """Turns an error of the system within into PlatformUnavailable about the folder."""
    try:
        yield
    except OSError as error:
        raise PlatformUnavailable(
            f"the signing keys cannot be used: {error.strerror}",
            field=str(folder),
            fix="let this user read and write the folder, or move it with MAESTRO_HOME",
        ) from error


@contextmanager
def _opened(path: Path, *, what: str) -> Iterator[int]:
    # A pipe would wait for its writer; a link could be turned to another file at any time.
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if path.is_symlink():
            raise BadInput(f"{what} is a link", field=str(path), fix="name the file that it leads to") from error
        raise
    try:
        yield handle
    finally:
        os.close(handle)


def _read(handle: int) -> bytes:
    parts = []
    left = FILE_LIMIT_BYTES + 1
    while left and (part := os.read(handle, left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


@contextmanager
def _partial(path: Path, content: bytes) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=PARTIAL_PREFIX
    )  # readable by its owner alone from the start
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield partial
    finally:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()


def _check_owner(state: os.stat_result, path: Path) -> None:
    if state.st_uid not in {os.geteuid(), 0}:
        raise BadInput(
            f"it belongs to another user (number {state.st_uid}), who can change it",
            field=str(path),
            fix="run Maestro as that user, or give the file to this one with chown",
        )
