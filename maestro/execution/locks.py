"""Locks between processes that a killed holder cannot leave behind: the kernel drops them with the process."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

POLL_SECONDS = 0.1
"""How often a waiting coroutine asks again; a blocking wait in a thread could not be cancelled."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold ``path`` as an exclusive lock; waits for whoever has it. Other threads and processes are kept out."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@asynccontextmanager
async def locked_async(path: Path) -> AsyncIterator[None]:
    """The same as ``locked`` for a coroutine, which may be cancelled while it waits."""
    descriptor = _open(path)
    try:
        while not _try(descriptor):  # noqa: ASYNC110 - the holder is another process, which can set no event here
            await asyncio.sleep(POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)


def claim(path: Path) -> int | None:
    """Take the lock at ``path`` and return its descriptor, or None when a living process holds it.

    Close the descriptor to give the lock back. Whoever claims may remove the file while it holds the lock.
    """
    descriptor = _open(path)
    # A holder may have removed the file between our open and our lock: then we hold a lock that nobody can see.
    if _try(descriptor) and _is_file(descriptor, path):
        return descriptor
    os.close(descriptor)
    return None


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
