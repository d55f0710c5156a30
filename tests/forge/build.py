"""A real Gitea for the tests: found in the cache folder, or built there once from its Go module.

What is not built is the part that browsers run; pages are therefore plain, and everything else is as it is released.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from workers.clusters.binary import cache_dir

VERSION = "1.26.0"
"""The last release whose Go module can be built as it is."""

MODULE = f"code.gitea.io/gitea@v{VERSION}"
BUILD_SECONDS = 3_600.0
ANSWER_SECONDS = 60.0


class NotHereError(Exception):
    """Gitea is not here and cannot be built; the text says what is missing."""


def place() -> Path:
    """The folder of the program (``gitea``) and of what it reads at run time (``src``)."""
    return cache_dir() / f"gitea-v{VERSION}"


def need() -> Path:
    """The folder. Raises NotHereError where it has to be built first."""
    if not _is_whole(place()):
        raise NotHereError(f"Gitea {VERSION} is not here: `make gitea` builds it once (a quarter of an hour; needs Go)")
    return place()


def build() -> Path:
    """The folder, built now if it has to be. Of two that build at once the second finds what the first has built."""
    if _is_whole(place()):
        return place()
    go = shutil.which("go")
    if go is None:
        raise NotHereError(
            f"Gitea {VERSION} is not here, and without Go it cannot be built: install Go (https://go.dev/dl/, or the "
            "package golang of the system), then say `make gitea` again"
        )
    place().parent.mkdir(parents=True, exist_ok=True)
    with place().with_name(f".{place().name}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return place() if _is_whole(place()) else _built(go)


def _built(go: str) -> Path:
    sys.stderr.write(f"building Gitea {VERSION} once, into {place()}: about a quarter of an hour\n")
    with tempfile.TemporaryDirectory(dir=place().parent, prefix=".build-") as name:
        made = Path(name) / "made"
        told = json.loads(_said([go, "mod", "download", "-json", MODULE], cwd=Path(name)))
        # A copy that can be written: Go's own is not, and Gitea reads its pages from it.
        shutil.copytree(told["Dir"], made / "src")
        for path in (made / "src", *(made / "src").rglob("*")):
            path.chmod(path.stat().st_mode | 0o200)
        flags = ["-trimpath", "-tags", "sqlite sqlite_unlock_notify", "-ldflags", f"-s -w -X main.Version={VERSION}"]
        _said([go, "build", *flags, "-o", str(made / "gitea"), "."], cwd=made / "src")
        # Whole or not at all: whoever looks meanwhile must not find half of it.
        shutil.rmtree(place(), ignore_errors=True)
        made.replace(place())
    return place()


def _said(command: list[str], *, cwd: Path) -> str:
    environment = os.environ | {"GOTOOLCHAIN": "auto", "CGO_ENABLED": "1", "GOFLAGS": "-mod=mod -p=2"}
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=BUILD_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotHereError(f"Gitea {VERSION} cannot be built: {error}") from error
    if done.returncode:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-6:])
        raise NotHereError(f"Gitea {VERSION} cannot be built (it needs Go, its module proxy and a C compiler):\n{last}")
    return done.stdout


def _is_whole(folder: Path) -> bool:
    program = folder / "gitea"
    if not (program.is_file() and (folder / "src" / "templates").is_dir()):
        return False
    try:
        told = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return VERSION in told.stdout.lower()
