"""A real repository with the merges that people make, for tests of releases."""

import os
import subprocess
from pathlib import Path

ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@shop.example",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@shop.example",
}


class Clone:
    """A clone that a test works in; the branch is ``main``, and ``v1`` is its first release."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seconds = 1_764_000_000
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("begin")
        self.git("tag", "v1")

    def git(self, *words: str, stdin: bytes | None = None) -> str:
        self._seconds += 60
        dates = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), f"{self._seconds} +0000")
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=ENVIRONMENT | dates, input=stdin, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def commit(self, subject: str, *, file: str = "", content: str = "") -> str:
        (self.folder / (file or f"{subject}.txt")).write_text(content or subject)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", subject)
        return self.head()

    def head(self, name: str = "HEAD") -> str:
        return self.git("rev-parse", name)

    def tree(self, name: str = "HEAD") -> str:
        return self.git("rev-parse", f"{name}^{{tree}}")

    def branch(self, name: str, *subjects: str, base: str = "main") -> str:
        """A branch with a commit for each subject; its head. The work tree is on main afterwards."""
        self.git("checkout", "--quiet", "-b", name, base)
        for subject in subjects:
            self.commit(subject)
        head = self.head()
        self.git("checkout", "--quiet", "main")
        return head

    def forward(self, name: str) -> str:
        self.git("merge", "--quiet", "--ff-only", name)
        return self.head()

    def merge(self, *names: str) -> str:
        self.git("merge", "--quiet", "--no-ff", "-m", f"merge {' '.join(names)}", *names)
        return self.head()

    def squash(self, name: str) -> str:
        self.git("merge", "--quiet", "--squash", name)
        self.git("commit", "--quiet", "-m", f"squash {name}")
        return self.head()

    def rebase(self, name: str) -> str:
        """As a forge does it: the same changes in new commits on top of main."""
        for sha in self.git("rev-list", "--reverse", f"main..{name}").split():
            self.git("cherry-pick", "--no-ff", "--allow-empty", sha)
        return self.head()

    def release(self, tag: str = "v2") -> None:
        self.git("tag", tag)
