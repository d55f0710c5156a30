"""What a command inside a sandbox sees of the machine: the list is complete, everything else is absent."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from maestro.model.base import Model

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")

_CONFIGURATION = (
    "alternatives",
    "ca-certificates",
    "fonts",
    "group",
    "host.conf",
    "hosts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "magic",
    "mime.types",
    "nsswitch.conf",
    "passwd",
    "pki",
    "protocols",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "terminfo",
    "timezone",
)
"""What libraries read of ``/etc``. No private key, no machine identity, no password hash lives there."""

_NETWORK_CONFIGURATION = ("gai.conf", "resolv.conf")


class Mount(Model):
    """A file or folder of the machine (``outside``) at a place that the command sees (``inside``)."""

    outside: Path
    inside: Path
    writable: bool = False


class View(Model):
    """All that a command sees beside the read-only system: ``mounts`` in their order, its folder, its network.

    With ``network``, ``connect_ports`` are the only TCP ports that it may connect to (None: every port) and
    ``protected_ports`` are refused in any case.
    """

    mounts: tuple[Mount, ...] = ()
    folder: Path
    network: bool = False
    connect_ports: tuple[int, ...] | None = None
    protected_ports: tuple[int, ...] = ()

    @property
    def allowed_ports(self) -> tuple[int, ...] | None:
        """The ports that may be connected to, or None where none is refused."""
        if not self.network or (self.connect_ports is None and not self.protected_ports):
            return None
        ports = range(1, 65_536) if self.connect_ports is None else self.connect_ports
        return tuple(port for port in ports if port not in self.protected_ports)


def mount(path: Path, *, writable: bool = False) -> Mount:
    """``path`` at its own place."""
    return Mount(outside=path, inside=path, writable=writable)


def system_mounts(*, network: bool) -> tuple[Mount, ...]:
    """The system's programs and libraries and the base interpreter, read-only."""
    names = (*_CONFIGURATION, *(_NETWORK_CONFIGURATION if network else ()))
    folders = [Path(name) for name in (*_SYSTEM, sys.base_prefix, *(f"/etc/{name}" for name in names))]
    return tuple(Mount(outside=Path(os.path.realpath(path)), inside=path) for path in _outermost(folders))


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """The paths that exist, without those that lie in another one."""
    present = [path for path in paths if path.exists()]
    return [path for path in present if not any(other in path.parents for other in present)]
