"""A real PostgreSQL for a test session. It listens on a socket in a temporary folder, and waits for no disk."""

from collections.abc import Iterator
from contextlib import contextmanager

from workers.drill.postgresql import PACKAGE, embedded


@contextmanager
def embedded_postgresql(*, port: int | None = None, package: str = PACKAGE) -> Iterator[str]:
    """The folder of a running server's socket, which is its host for libpq; the user is maestro.

    With ``port`` it listens there on loopback too, for clients that know no sockets. ``package`` is another one to take
    the binaries from. Raises PlatformUnavailable, never skips.
    """
    with embedded(port=port, package=package, fsync="off") as folder:
        yield str(folder)
