"""The verifiers that other people wrote: found, or built once into the cache folder. `make test-outside` runs this.

Looked for in the cache folder and on the PATH, each in the one release that the tests know.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from workers.clusters.binary import cache_dir

BUILD_SECONDS = 3_600.0
ANSWER_SECONDS = 60.0


@dataclass(frozen=True)
class Tool:
    """A Go program: its module with the release, and the package of it that is the program."""

    name: str
    module: str
    package: str
    version: str

    @property
    def built(self) -> Path:
        return cache_dir() / "bin" / f"{self.name}-{self.version}"

    def found(self) -> Path | None:
        """Where the tool is, in this release; None where it is nowhere."""
        on_path = shutil.which(self.name)
        places = [self.built, self.built.with_name(self.name), *([Path(on_path)] if on_path else [])]
        return next((place for place in places if place.is_file() and self._is_this_release(place)), None)

    def _is_this_release(self, place: Path) -> bool:
        try:
            told = subprocess.run(
                [place, "version"], capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
            return False
        return self.version in (told.stdout + told.stderr).split()


COSIGN = Tool("cosign", "github.com/sigstore/cosign/v3", "github.com/sigstore/cosign/v3/cmd/cosign", "v3.1.3")
SLSA_VERIFIER = Tool(
    "slsa-verifier",
    "github.com/slsa-framework/slsa-verifier/v2",
    "github.com/slsa-framework/slsa-verifier/v2/cli/slsa-verifier",
    "v2.7.1",
)


class NotHereError(Exception):
    """A tool is nowhere; the text says how to get it."""


def need(tool: Tool) -> Path:
    """The tool. Raises NotHereError where it has to be built first."""
    found = tool.found()
    if found is None:
        raise NotHereError(
            f"{tool.name} {tool.version} is not here: run `make test-outside`, which builds it once (minutes; needs Go "
            f"and its module proxy), or put that release on the PATH or at {tool.built}"
        )
    return found


def build(tool: Tool) -> Path:
    """The tool, built now if it has to be. Of two that build at once the second finds what the first has built.

    Raises NotHereError with the end of what Go said.
    """
    found = tool.found()
    if found is not None:
        return found
    go = shutil.which("go")
    if go is None:
        raise NotHereError(f"{tool.name} {tool.version} is not here, and without Go it cannot be built: install Go")
    tool.built.parent.mkdir(parents=True, exist_ok=True)
    with tool.built.with_name(f".{tool.built.name}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = tool.found()
        return found or _compiled(tool, go)


def _compiled(tool: Tool, go: str) -> Path:
    sys.stderr.write(f"building {tool.name} {tool.version} once, into {tool.built}: minutes\n")
    with tempfile.TemporaryDirectory(dir=tool.built.parent, prefix=".build-") as name:
        folder = Path(name)
        # Not `go install PACKAGE@VERSION`: that refuses modules with replacements, which these have had.
        (folder / "go.mod").write_text(f"module scratch\n\ngo 1.24\n\nrequire {tool.module} {tool.version}\n")
        made = folder / "made"
        command = [go, "build", "-mod=mod", "-trimpath", "-o", str(made), tool.package]
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | {"GOTOOLCHAIN": "auto"},
            capture_output=True,
            text=True,
            check=False,
            timeout=BUILD_SECONDS,
        )
        if done.returncode:
            last = "\n".join(done.stderr.strip().splitlines()[-6:])
            raise NotHereError(f"{tool.name} {tool.version} cannot be built:\n{last}")
        # Whole or not at all: whoever looks meanwhile must not find half a program.
        made.replace(tool.built)
    return tool.built


def main() -> int:
    try:
        for tool in (COSIGN, SLSA_VERIFIER):
            sys.stdout.write(f"{build(tool)}\n")
    except NotHereError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
