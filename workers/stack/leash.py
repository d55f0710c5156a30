"""Runs a command that must not outlive its parent: ``python leash.py PARENT_PID COMMAND ...``.

On Linux the kernel kills the command when its parent dies, even by SIGKILL. Elsewhere the next ``maestro up`` or
``maestro down`` ends what is left. Standard library only, since this runs before everything else.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        # A parent that died before the call above will never be reported.
        if os.getppid() != parent:
            sys.exit(f"the parent {parent} is gone")
    os.execv(command[0], command)  # noqa: S606 - the supervisor's own command, a list without a shell


if __name__ == "__main__":
    main()
