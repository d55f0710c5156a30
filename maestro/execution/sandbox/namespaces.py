"""The sandbox where bubblewrap is missing: the kernel's namespaces and Landlock, set up by our own launcher script."""

import os

from maestro.execution.sandbox.bubblewrap import UNPRIVILEGED_ID
from maestro.execution.sandbox.launch import launcher_argv, launcher_mount, port_ranges
from maestro.execution.sandbox.view import View, system_mounts
from maestro.execution.settings import Isolation
from maestro.model.base import Model


class Namespaces(Model):
    """User, mount, PID, network, IPC, UTS and cgroup namespaces around a root of its own, and Landlock inside."""

    @property
    def isolation(self) -> Isolation:
        return Isolation.NAMESPACES

    def wrap(self, argv: tuple[str, ...], view: View) -> tuple[str, ...]:
        """The command line that runs ``argv`` with nothing but ``view``."""
        mounts = (*system_mounts(network=view.network), *view.mounts, launcher_mount())
        ports = view.allowed_ports
        plan = {
            "mounts": [(str(each.outside), str(each.inside), each.writable) for each in mounts],
            "folder": str(view.folder),
            "network": view.network,
            "user": os.getuid() or UNPRIVILEGED_ID,
            "group": os.getgid() or UNPRIVILEGED_ID,
            "connect_ranges": None if ports is None else port_ranges(ports),
        }
        return launcher_argv("isolate", plan, argv)
