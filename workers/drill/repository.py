"""The repository of a drill: a bare one that keeps a log of every branch, and pull requests that are all sound.

Each pull request has a base branch of its own, so that no merge is in the way of another one. The suite is shell, which
needs no environment.
"""

import os
import subprocess
from pathlib import Path

from maestro.model.base import Model

CHECKS = ("is-there", "takes-a-moment", "is-a-number")
"""The tests of every pull request."""

_FILES = {
    "maestro.yaml": "runner:\n  list: ls checks\n  run: sh run.sh {tests_file}\n  junit: report.xml\n",
    "run.sh": """echo '<testsuite>' > report.xml
while read -r test; do
  if sh "checks/$test"; then bad=''; else bad='<failure message="it ended badly"/>'; fi
  echo "<testcase name=\\"$test\\">$bad</testcase>" >> report.xml
done < "$1"
echo '</testsuite>' >> report.xml
""",
    "checks/is-there": "test -f data.txt\n",
    "checks/takes-a-moment": "sleep 0.7\n",
    "checks/is-a-number": "grep --quiet '^[0-9]*$' data.txt\n",
    "data.txt": "0\n",
}

_AUTHOR = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "Drill"), ("EMAIL", "drill@localhost"))
}


class Proposal(Model):
    """A pull request to be: ``base`` and ``head`` are branches of the bare repository."""

    number: int
    base: str
    head: str
    base_sha: str
    head_sha: str
    tenant: str

    @property
    def pr(self) -> str:
        return f"drill-{self.number}"


class Repository:
    """The bare repository and the work tree that pull requests are made in."""

    def __init__(self, folder: Path) -> None:
        self.bare = folder / "repository.git"
        self._work = folder / "work"
        self._root = ""

    def make(self) -> None:
        """Both, with a first commit."""
        for path in (self.bare, self._work):
            path.mkdir(parents=True)
        git(self.bare, "init", "--quiet", "--bare", "--initial-branch=main")
        # A bare repository logs no reference by itself; the log is how it is seen that a branch moved once.
        git(self.bare, "config", "core.logAllRefUpdates", "always")
        git(self._work, "init", "--quiet", "--initial-branch=main")
        for name, text in _FILES.items():
            path = self._work / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self._root = self._commit("the suite")
        git(self._work, "push", "--quiet", str(self.bare), f"{self._root}:refs/heads/main")

    def propose(self, number: int, *, tenant: str) -> Proposal:
        """A new pull request with its own base branch."""
        git(self._work, "checkout", "--quiet", "--detach", self._root)
        (self._work / "data.txt").write_text(f"{number}\n", encoding="utf-8")
        head_sha = self._commit(f"change {number}")
        base, head = f"base/{number}", f"head/{number}"
        branches = (f"{self._root}:refs/heads/{base}", f"{head_sha}:refs/heads/{head}")
        git(self._work, "push", "--quiet", str(self.bare), *branches)
        return Proposal(number=number, base=base, head=head, base_sha=self._root, head_sha=head_sha, tenant=tenant)

    def _commit(self, message: str) -> str:
        git(self._work, "add", "--all", "--force")
        git(self._work, "commit", "--quiet", "--message", message)
        return git(self._work, "rev-parse", "HEAD")


def git(folder: Path, *arguments: str) -> str:
    """What git prints, without the line end."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], env=clean | _AUTHOR, capture_output=True, check=True, text=True
    )
    return done.stdout.strip()
