"""A bare repository with the hooks installed, and a clone that pushes to it, without any stack."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.execution.repositories import Files, Repository

COMMAND = Path(sys.executable).with_name("maestro")
SECONDS = 300
"""Only so that a hook that hangs fails its test."""


@dataclass(frozen=True)
class Served:
    """``variables`` are those of whatever serves git, which hooks inherit."""

    folder: Path
    clone: Repository
    variables: dict[str, str] = field(default_factory=dict)

    @classmethod
    def under(cls, folder: Path, files: Files, variables: dict[str, str]) -> "Served":
        """A new one whose branch ``main`` has ``files``; the clone stands one commit ahead on ``feature``."""
        bare = folder / "served" / "project.git"
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(bare)], check=True)
        clone = Repository(folder / "clone")
        clone.commit(files, "Begin")
        clone.git("remote", "add", "origin", str(bare))
        clone.git("push", "--quiet", "origin", "main")
        clone.git("checkout", "--quiet", "-b", "feature")
        return cls(bare, clone, variables)

    def install(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self.hooks("install", *options)

    def hooks(self, command: str, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(COMMAND), "hooks", command, str(self.folder), *options, **more)

    def push(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """``git push`` out of the clone."""
        return self.run("git", "-C", str(self.clone.folder), "push", *arguments, **more)

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env=self.environment() | more,
            cwd=self.folder.parent,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            check=False,
            timeout=SECONDS,
        )

    def environment(self) -> dict[str, str]:
        drop = ("MAESTRO_", "TEMPORAL_", "GIT_")
        return {name: value for name, value in os.environ.items() if not name.startswith(drop)} | self.variables

    def git(self, *arguments: str) -> str:
        """What git says in the bare repository."""
        done = self.run("git", "-C", str(self.folder), *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def has(self, commit: str) -> bool:
        return self.run("git", "-C", str(self.folder), "cat-file", "-e", commit).returncode == 0

    def refs(self) -> dict[str, str]:
        """Every reference, with what it is at."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return dict(line.split(" ", 1) for line in lines)
