"""A scratch clone of a repository, in which faults are made and suites run; the repository itself is only read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from maestro.errors import BadInput
from maestro.execution.git import ask, tell

_PLAIN_DIFF = ("--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/")
"""Undoes what a user's configuration may do to the form of a diff."""

_NOT_SHIPPED = frozenset({"bench", "benchmark", "benchmarks", "ci", "doc", "docs", "examples", "scripts", "tools"})
_TEST_FOLDERS = frozenset({"test", "tests", "testing"})
_BUILD_FILES = frozenset({"conf.py", "noxfile.py", "setup.py", "tasks.py"})


@dataclass(frozen=True)
class Tree:
    """The files of commit ``base`` in ``folder``, which is a clone that nobody else uses."""

    folder: Path
    base: str

    def reset(self) -> None:
        """Bring back the files of the base, and only those."""
        tell(self.folder, "reset", "--quiet", "--hard", self.base)
        tell(self.folder, "clean", "-d", "--force", "--force", "-x", "--quiet")

    def patched(self, patch: str) -> bool:
        """Reset and apply; False, with some of the patch applied or none, where it does not apply."""
        self.reset()
        path = self.folder / ".git" / "fault.patch"
        path.write_bytes(patch.encode())
        return ask(self.folder, "apply", "--whitespace=nowarn", os.fspath(path)).ok

    def diff(self) -> str:
        """All that differs from the base, as ``git diff`` prints it."""
        text = tell(self.folder, "diff", *_PLAIN_DIFF, self.base)
        return f"{text}\n" if text else ""

    def changed(self) -> list[str]:
        """The files that differ from the base."""
        return tell(self.folder, "diff", "--name-only", "-z", self.base).split("\0")[:-1]


@contextmanager
def scratch(repository: Path, revision: str) -> Iterator[Tree]:
    """A tree of ``revision`` that is gone after the block; BadInput where the repository has no such commit."""
    found = ask(repository, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if not found.ok:
        raise BadInput(
            f"{repository} has no commit {revision!r}",
            field="--base",
            fix="name a commit of a git repository, with its history",
        )
    with TemporaryDirectory(prefix="case-", ignore_cleanup_errors=True) as folder:
        clone = Path(folder) / repository.resolve().name
        # Objects are copied: where they are shared, git renews the times of those in the repository.
        options = ("--quiet", "--no-hardlinks", "--no-checkout")
        tell(repository, "clone", *options, os.fspath(repository.resolve()), str(clone))
        tree = Tree(clone, found.output.strip())
        tree.reset()
        yield tree


def is_test(path: str) -> bool:
    """A Python file that holds tests or what only they need."""
    file = PurePosixPath(path)
    named = file.name in {"conftest.py", "tests.py"} or file.name.startswith("test_") or file.stem.endswith("_test")
    return file.suffix == ".py" and (named or bool(_TEST_FOLDERS & set(file.parts[:-1])))


def is_source(path: str) -> bool:
    """A Python file of what the project ships: no test, no documentation, nothing that only builds it."""
    file = PurePosixPath(path)
    aside = file.name in _BUILD_FILES or bool(_NOT_SHIPPED & set(file.parts[:-1])) or path.startswith(".")
    return file.suffix == ".py" and not aside and not is_test(path)
