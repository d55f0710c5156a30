"""What the pusher reads. Every line has passed the room for untrusted text; a pusher that has gone is no error."""

import os
import sys

from maestro.errors import MaestroError
from maestro.render.untrusted import line


def say(text: str) -> None:
    """One line on the pusher's terminal. Raises ``GoneError`` where nobody reads any more."""
    try:
        sys.stderr.write(f"maestro: {line(text)}\n")
        sys.stderr.flush()
    except (BrokenPipeError, ConnectionError) as error:
        # Or the interpreter would complain again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
        raise GoneError from error


def say_anyway(text: str) -> None:
    """The same, for what goes on whether or not somebody reads it."""
    try:
        say(text)
    except GoneError:
        return


def complain(error: MaestroError) -> None:
    """What went wrong, and the fix on a line of its own."""
    say_anyway(f"{error.field}: {error.message}" if error.field else error.message)
    if error.fix:
        say_anyway(f"fix: {error.fix}")


class GoneError(Exception):
    """The pusher has gone: Ctrl-C, or a connection that broke."""
