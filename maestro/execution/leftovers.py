"""Finds the processes that a command left behind by a mark in their environment.

Needed where no PID namespace ends them, and to know that those which one ends are gone before their files are.
"""

import psutil

MARK = "MAESTRO_RUN"
"""The environment variable that every process of a worktree inherits."""

WAIT_SECONDS = 5.0
"""How long a killed process may take to be gone; longer means that the kernel holds it in a system call."""


def kill_marked(mark: str) -> int:
    """Kill every process that carries ``mark`` and wait for its end; returns how many there were.

    A process that cleared its environment is missed.
    """
    found = [process for process in psutil.process_iter() if _carries(process, mark)]
    for process in found:
        _kill(process)
    psutil.wait_procs(found, timeout=WAIT_SECONDS)
    return len(found)


def _carries(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK) == mark
    except (psutil.Error, OSError):
        # Gone, a kernel thread, or another user's: none of them is ours.
        return False


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
