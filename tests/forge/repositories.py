"""Small repositories for the tests at a Gitea."""

import subprocess
from pathlib import Path


def two_branches(folder: Path) -> None:
    """``main`` with one commit, and ``feature``, which is checked out, with one on top."""
    folder.mkdir(exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder, "a.txt", "one\n")
    git(folder, "switch", "--quiet", "--create", "feature")
    commit(folder, "a.txt", "two\n")


def commit(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content)
    git(folder, "add", name)
    git(folder, "commit", "--quiet", "--message", f"Change {name}")


def git(folder: Path, *arguments: str) -> str:
    """What git says, as Ada."""
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@forge.example")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()
