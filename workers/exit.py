"""Leaves a process that used Temporal's client with the exit code that was meant."""

import atexit
import os
import sys
from typing import NoReturn


class Leave:
    """Ends the process with a code. Made first thing in ``main``, called last.

    A thread of the SDK's core may still hold the interpreter while it shuts down, which then aborts: about one
    process in thirty ended with 134 or 139 instead of its own code. So nothing is torn down: exit handlers run, the
    last of them (the first registered) is ours.
    """

    def __init__(self) -> None:
        # What an exception that nobody expected ends with.
        self._code = 1
        atexit.register(self._end)

    def __call__(self, code: int) -> NoReturn:
        self._code = code
        raise SystemExit(code)

    def _end(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(self._code)
