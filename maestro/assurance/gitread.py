"""Reads from a bare mirror with git, deaf to the configuration of the machine and of the user.

Fetching needs that configuration (credentials, proxies); evidence must not: ``log.showSignature`` alone would change
what is read.
"""

import os
import subprocess
from pathlib import Path

from maestro.errors import PlatformUnavailable

TIMEOUT_SECONDS = 300.0
"""Far above what a large repository takes; keeps a dead file system from holding a worker for ever."""


def command(mirror: Path, *arguments: str) -> list[str]:
    """The command line; replacement objects are off, so what is read is what was hashed."""
    return ["git", "--no-replace-objects", "--git-dir", str(mirror), *arguments]


def environment() -> dict[str, str]:
    """The caller's path and nothing of its git settings."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
    }


def git(mirror: Path, *arguments: str) -> bytes:
    """What git prints; ``PlatformUnavailable`` carries its complaint."""
    try:
        done = subprocess.run(
            command(mirror, *arguments),
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        complaint = error.stderr.decode(errors="backslashreplace").strip()
        raise PlatformUnavailable(
            f"git {arguments[0]} failed: {complaint}", field=str(mirror), fix="fetch the mirror again"
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PlatformUnavailable(
            f"git {arguments[0]} could not run: {error}", field=str(mirror), fix="check that git is installed"
        ) from error
    return done.stdout


def tree_of(mirror: Path, commit: str) -> str:
    """The id of a commit's tree; ``PlatformUnavailable`` when the mirror lacks it."""
    return git(mirror, "rev-parse", "--verify", f"{commit}^{{tree}}").decode().strip()
