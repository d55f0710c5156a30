"""One push for review at a time from keeping a head to starting it, so that the last one kept is the one conducted."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.hooks.voice import say_anyway
from maestro.errors import PlatformUnavailable
from maestro.execution.locks import claim

NAME = "maestro-push.lock"

PATIENCE_SECONDS = 300.0
"""Longer than a push may hold its turn."""

POLL_SECONDS = 0.1


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Hold the turn in the repository ``folder``. Raises ``PlatformUnavailable`` where nobody gives it back in time."""
    descriptor = _taken(folder / NAME)
    try:
        yield
    finally:
        os.close(descriptor)


def _taken(path: Path) -> int:
    give_up = time.monotonic() + PATIENCE_SECONDS
    told = False
    while (descriptor := claim(path)) is None:
        if time.monotonic() > give_up:
            raise PlatformUnavailable(
                "other pushes for review are still being taken over", field=str(path), fix="push again in a while"
            )
        if not told:
            say_anyway("another push for review is being taken over: waiting for it")
            told = True
        time.sleep(POLL_SECONDS)
    return descriptor
