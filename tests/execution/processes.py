"""Whether a process runs; one that ended and that nobody has buried yet does not."""

import time

import psutil


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def ends(pid: int) -> bool:
    """Whether the process ends by itself; a signal that the kernel sends takes a moment to arrive."""
    for _ in range(200):
        if not is_running(pid):
            return True
        time.sleep(0.05)
    return False
