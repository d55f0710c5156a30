"""TCP ports of this machine: free ones, and who uses one that is taken."""

import errno
import random
import socket
from collections.abc import Iterable
from pathlib import Path

import psutil

from maestro.errors import PlatformUnavailable

LOOPBACK = "127.0.0.1"

FIRST = 10_000
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST_EPHEMERAL = 32_768
"""From here on the system gives ports to outgoing connections, which could take one between its choice and its use."""

TRIES = 1_000


def free_port(taken: set[int]) -> int:
    """A port that nobody uses and that is not in ``taken``."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            return port


def free_block(offsets: Iterable[int], taken: set[int]) -> int:
    """A port that is free together with those at ``offsets`` from it, none of them in ``taken``."""
    wanted = tuple(offsets)
    # Not secret: only so that two stacks that start at once rarely choose the same.
    choose = random.SystemRandom()
    for _ in range(TRIES):
        first = choose.randrange(FIRST, _first_ephemeral() - max(wanted))
        ports = [first + offset for offset in wanted]
        if taken.isdisjoint(ports) and not any(in_use(LOOPBACK, port) for port in ports):
            return first
    raise PlatformUnavailable(
        f"no {len(wanted)} free ports that fit together were found", field="ports", fix="end servers that run here"
    )


def _first_ephemeral() -> int:
    try:
        return max(int(EPHEMERAL.read_text(encoding="ascii").split()[0]), FIRST + 1_000)
    except (OSError, ValueError, IndexError):
        return FIRST_EPHEMERAL


def in_use(host: str, port: int) -> bool:
    """Whether a server could not listen there."""
    with socket.socket() as probe:
        # As a server would: a connection that is only winding down does not keep the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return True
            raise
    return False


def by_whom(port: int) -> str:
    """`` by NAME (process ID)`` where the system tells, else nothing: others' processes are not ours to see."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if listens and connection.pid is not None:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return ""
    return ""
