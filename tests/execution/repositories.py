"""A git repository to conduct, made of the files that a test names."""

import os
import subprocess
from pathlib import Path

Files = dict[str | bytes, str | bytes]


class Repository:
    """A repository in ``folder``; each ``commit`` adds or replaces files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "Ada")
        self.git("config", "user.email", "ada@example.org")

    def git(self, *arguments: str) -> str:
        """What git prints, without the line end; an error of git is the test's error."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments], env=clean, capture_output=True, check=True, text=True
        )
        return done.stdout.strip()

    def write(self, files: Files) -> None:
        for name, content in files.items():
            path = self.folder / os.fsdecode(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: Files, message: str = "change") -> str:
        """Commit ``files`` and return the commit's id."""
        self.write(files)
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def clone(self, folder: Path, *options: str) -> "Repository":
        subprocess.run(
            ["git", "clone", "--quiet", *options, f"file://{self.folder}", str(folder)], check=True, capture_output=True
        )
        clone = object.__new__(Repository)
        clone.folder = folder
        return clone
