"""Runs git as the conductor itself: no prompt, no hook, no foreign protocol, nothing inherited from a calling git.

The user's own configuration stays in force, because credentials and proxies for fetching live there. For the forges of
the topology a worker and a gateway lend git their own credentials (``maestro/forges/lending.py``).
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from maestro.errors import MaestroError, PlatformUnavailable
from maestro.execution.access import Access, parted
from maestro.model.base import Model

PROTOCOLS = "file:git:http:https:ssh"
"""What a repository may be fetched by; ``ext::`` would run a command that the address names."""

TIMEOUT_SECONDS = 1800.0

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "fetch.recurseSubmodules=false",
    "gc.auto=0",
    "advice.detachedHead=false",
)

_OF_A_CALLING_GIT = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)


class GitAnswer(Model):
    """What git said. ``output`` is its standard output; bytes that are not UTF-8 stay in it as surrogates. ``access``
    is what it was given to get in with, where it asked us for that.
    """

    code: int
    output: str
    error: str
    access: Access | None = None

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def kept_out(self) -> MaestroError | None:
        """The error to raise where the credentials that git was lent are what failed, else None."""
        return self.access.problem(self.error) if self.access and not self.ok else None


def ask(folder: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> GitAnswer:
    """Run git in ``folder`` and return its answer, whatever it is.

    Raises ``PlatformUnavailable`` when git is not installed or did not end within ``TIMEOUT_SECONDS``.
    """
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    try:
        done = subprocess.run(
            ["git", *settings, "-C", os.fspath(folder), *arguments],
            env=_environment() | dict(variables or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
    except FileNotFoundError as error:
        raise PlatformUnavailable("git is not installed", field="git", fix="install git 2.31 or newer") from error
    except subprocess.TimeoutExpired as error:
        raise PlatformUnavailable(
            f"git {arguments[0]} did not end within {TIMEOUT_SECONDS:.0f} s",
            field="git",
            fix="look whether the repository's host answers, then try again",
        ) from error
    complaint, access = parted(os.fsdecode(done.stderr).strip())
    return GitAnswer(code=done.returncode, output=os.fsdecode(done.stdout), error=complaint, access=access)


def tell(folder: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
    """Run git and return what it printed, without the last newline; ``PlatformUnavailable`` when it refuses."""
    answer = ask(folder, *arguments, variables=variables)
    if not answer.ok:
        raise answer.kept_out or PlatformUnavailable(
            f"git {arguments[0]} failed: {answer.error or f'exit code {answer.code}'}",
            field="git",
            fix="mend what git names, then try again",
        )
    return answer.output.removesuffix("\n")


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _OF_A_CALLING_GIT}
    return kept | {
        "GIT_ALLOW_PROTOCOL": PROTOCOLS,
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        # What git traces of its own accord would stand in our errors.
        "GIT_TRACE_REDACT": "1",
        "LC_ALL": "C",
    }
