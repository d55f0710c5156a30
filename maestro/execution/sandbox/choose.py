"""Which sandbox this machine can give, found out by starting a command in it once."""

import functools
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from maestro.errors import BadInput
from maestro.execution.sandbox.bubblewrap import Bubblewrap, programs
from maestro.execution.sandbox.launch import base_python
from maestro.execution.sandbox.namespaces import Namespaces
from maestro.execution.sandbox.view import View
from maestro.execution.settings import Isolation, IsolationWish
from maestro.model.base import Model

PROBE_SECONDS = 30.0


class Sandbox(Protocol):
    """Turns a command into one that sees only its view."""

    @property
    def isolation(self) -> Isolation: ...

    def wrap(self, argv: tuple[str, ...], view: View) -> tuple[str, ...]:
        """The command line that runs ``argv`` with nothing but ``view``."""
        ...


class Open(Model):
    """No sandbox: the command runs as the conductor's user, with only its environment replaced."""

    @property
    def isolation(self) -> Isolation:
        return Isolation.NONE

    def wrap(self, argv: tuple[str, ...], view: View) -> tuple[str, ...]:  # noqa: ARG002 - nothing restricts it
        return argv


def choose(wanted: IsolationWish) -> Sandbox:
    """The sandbox that was asked for, or with ``auto`` the strongest that works here; found once per process.

    Raises ``BadInput`` with what was tried and why it failed: ``none`` is never chosen unless it is asked for.
    """
    if wanted == "none":
        return Open()
    refused = []
    for sandbox in _candidates(wanted):
        reason = _probe(sandbox)
        if not reason:
            return sandbox
        refused.append(f"{sandbox.isolation}: {reason}")
    raise BadInput(
        "no sandbox works on this machine: " + ("; ".join(refused) or f"{wanted} is not installed"),
        field="run.isolation",
        fix="install bubblewrap and allow unprivileged user namespaces, "
        "or accept that pull-request code runs unprotected with isolation: none",
    )


def _candidates(wanted: IsolationWish) -> tuple[Bubblewrap | Namespaces, ...]:
    if sys.platform != "linux":
        return ()
    wrapped = tuple(Bubblewrap(program=program) for program in programs()) if wanted != "namespaces" else ()
    return (*wrapped, *((Namespaces(),) if wanted != "bubblewrap" else ()))


@functools.lru_cache
def _probe(sandbox: Bubblewrap | Namespaces) -> str:
    """Why the sandbox cannot run a command, or nothing when it can."""
    argv = sandbox.wrap((base_python(), "-I", "-S", "-c", "print('inside')"), View(folder=Path("/")))
    try:
        done = subprocess.run(argv, env={}, capture_output=True, check=False, timeout=PROBE_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    answer = done.stdout.decode("utf-8", "backslashreplace").strip()
    if done.returncode == 0 and answer == "inside":
        return ""
    return done.stderr.decode("utf-8", "backslashreplace").strip() or f"exit code {done.returncode}"
