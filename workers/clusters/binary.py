"""Finds the full Temporal server, or builds it: the dev server of the ``temporal`` command cannot be joined to another.

Looked for in ``MAESTRO_TEMPORAL_SERVER``, on the PATH as ``temporal-server``, and in the cache folder; where it is
nowhere, Go builds it there. ``python -m workers.clusters.binary`` does that and prints the path.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from maestro.errors import BadInput, MaestroError, PlatformUnavailable

VERSION = "v1.32.2"
OLDEST = (1, 30)
"""Releases before it lack the planned handover that failovers use."""

VARIABLE = "MAESTRO_TEMPORAL_SERVER"
CACHE_VARIABLE = "MAESTRO_CACHE"

ANSWER_SECONDS = 20.0
"""How long a program may take to say its version, on a busy machine with a cold disk."""

BUILD_SECONDS = 3_600.0

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Program:
    """A program of the Temporal server's Go module; ``names`` are those under which it may stand on the PATH."""

    title: str
    package: str
    names: tuple[str, ...]
    variable: str

    @property
    def built(self) -> Path:
        """Where it is built, of the one release that is built."""
        return cache_dir() / "bin" / f"{self.names[0]}-{VERSION}"


SERVER = Program("the Temporal server", "go.temporal.io/server/cmd/server", ("temporal-server",), VARIABLE)

SQL_TOOL = Program(
    "Temporal's SQL schema tool",
    "go.temporal.io/server/cmd/tools/sql",
    ("temporal-sql-tool",),
    "MAESTRO_TEMPORAL_SQL_TOOL",
)


def cache_dir() -> Path:
    """``MAESTRO_CACHE``, else ``maestro`` under ``XDG_CACHE_HOME`` or ``~/.cache``; the Makefile has the same rule."""
    chosen = os.environ.get(CACHE_VARIABLE, "")
    if chosen:
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "maestro"


def find(program: Program, tell: Tell) -> Path:
    """The program, built now where it has to be; ``tell`` hears of that, since it takes minutes.

    Raises BadInput for a variable that names something else, PlatformUnavailable with the ways to get it where it is
    nowhere and cannot be built.
    """
    named = os.environ.get(program.variable, "")
    if named:
        return _named(program, named)
    for name in program.names:
        found = shutil.which(name)
        if found and _is_new_enough(program, Path(found)):
            return Path(found)
    if not program.built.exists():
        _build(program, tell)
    return program.built


def server_version(binary: Path) -> tuple[int, int, int] | None:
    """The release that a Temporal server says it is, or None where it is no such server.

    The ``temporal`` command says something alike about itself, and then more.
    """
    try:
        told = subprocess.run(
            [str(binary), "--version"], capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    found = re.fullmatch(r"temporal version (\d+)\.(\d+)\.(\d+)\S*", told.stdout.strip())
    return (int(found[1]), int(found[2]), int(found[3])) if found and told.returncode == 0 else None


def _named(program: Program, named: str) -> Path:
    path = Path(named).expanduser().absolute()
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise BadInput(
            f"there is no program {named!r}", field=program.variable, fix=f"name {program.title}, or unset it"
        )
    if not _is_new_enough(program, path):
        raise BadInput(
            f"{named!r} is not {program.title} of release {'.'.join(map(str, OLDEST))} or later",
            field=program.variable,
            fix=f"name one (go install {program.package}@{VERSION} makes it), or unset the variable; the `temporal` "
            "command is another program",
        )
    return path


def _is_new_enough(program: Program, path: Path) -> bool:
    if program is not SERVER:
        # The schema tool has no version of its own.
        return True
    version = server_version(path)
    return version is not None and version[:2] >= OLDEST


def _build(program: Program, tell: Tell) -> None:
    go = shutil.which("go")
    if go is None:
        raise PlatformUnavailable(
            f"{program.title} is not there, and without Go it cannot be built",
            field=program.variable,
            fix=f"one of: name it in {program.variable}; put it on the PATH as {program.names[0]} (Temporal's releases "
            f"and its server image have it); install Go, and it is built once into {program.built.parent}",
        )
    with _alone(program.built):
        if program.built.exists():
            return
        tell(f"building {program.title} {VERSION} once, into {program.built}: this takes some minutes")
        with tempfile.TemporaryDirectory(dir=program.built.parent, prefix=".build-") as folder:
            _install(program, go, Path(folder))
            made = Path(folder) / program.package.rpartition("/")[2]
            if not _is_new_enough(program, made):
                raise PlatformUnavailable(
                    f"what was built of {program.title} does not say its version",
                    field=program.package,
                    fix=f"build it by hand and name it in {program.variable}",
                )
            # Whole or not at all: whoever looks meanwhile must not find half a program.
            made.replace(program.built)


def _install(program: Program, go: str, folder: Path) -> None:
    # The server may want a newer Go than the one that is here, which fetches it then.
    environment = os.environ | {"GOBIN": str(folder), "GOTOOLCHAIN": "auto"}
    command = [go, "install", f"{program.package}@{VERSION}"]
    try:
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=BUILD_SECONDS
        )
        problem = done.stderr if done.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        problem = str(error)
    if problem:
        last = "\n".join(problem.strip().splitlines()[-6:])
        raise PlatformUnavailable(
            f"{program.title} cannot be built:\n{last}",
            field="go install",
            fix=f"see that Go reaches its module proxy and the disk has 3 GB, or name a server in {program.variable}",
        )


@contextmanager
def _alone(built: Path) -> Iterator[None]:
    """Two that build at once: the second waits, and finds what the first has built."""
    try:
        built.parent.mkdir(parents=True, exist_ok=True)
        lock = built.with_name(f".{built.name}.lock").open("ab")
    except OSError as error:
        raise PlatformUnavailable(
            f"{built.parent} cannot be written: {error.strerror}",
            field=CACHE_VARIABLE,
            fix=f"make it writable, or set {CACHE_VARIABLE} to another folder",
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    try:
        sys.stdout.write(f"{find(SERVER, lambda line: print(line, file=sys.stderr))}\n")  # noqa: T201
    except MaestroError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
