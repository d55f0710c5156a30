"""Public projects with real history: two neighbouring source releases become two commits, and one broken line a third.

Nothing of them is kept here: the releases are fetched from the package index that the machine is set up for.
"""

import json
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from tests.execution.repositories import Files, Repository

MADE_FOR_THE_RELEASE = ("PKG-INFO", "*.egg-info")
"""What is in a source release but in no commit of the project."""


@dataclass(frozen=True)
class Break:
    """One line of the newer release, and what it becomes so that a test must fail."""

    file: str
    line: str
    broken: str


@dataclass(frozen=True)
class Project:
    """A project on the index. ``install`` is what tests need beside what it declares, ``arguments`` are pytest's."""

    name: str
    older: str
    newer: str
    broken: Break
    install: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()

    @property
    def settings(self) -> Files:
        """The project's ``maestro.yaml``, where it needs one."""
        if not self.install and not self.arguments:
            return {}
        settings = {"environment": {"install": self.install}, "tests": {"arguments": self.arguments}}
        return {"maestro.yaml": json.dumps(settings, indent=2)}


PROJECTS = (
    # A src layout, and a change from setup.py to pyproject.toml with flit.
    Project(
        name="itsdangerous",
        older="2.1.2",
        newer="2.2.0",
        broken=Break(
            file="src/itsdangerous/encoding.py",
            line="    except (TypeError, ValueError) as e:",
            broken="    except TypeError as e:",
        ),
    ),
    # A flat layout, pyproject.toml with hatchling.
    Project(
        name="sqlparse",
        older="0.5.0",
        newer="0.5.1",
        broken=Break(
            file="sqlparse/filters/tokens.py",
            line="        self.convert = getattr(str, case)",
            broken="        self.convert = getattr(str, 'swapcase')",
        ),
    ),
    # A flat layout, setup.py.
    Project(
        name="boltons",
        older="24.0.0",
        newer="24.1.0",
        broken=Break(
            file="boltons/mathutils.py",
            line="    return min(max(x, lower), upper)",
            broken="    return min(max(x, lower), x)",
        ),
        # Its conftest.py uses a hook argument that pytest 9 took away.
        install=("pytest<9",),
        # It strips its own path off by letters, so whether it passes depends on where the files lie.
        arguments=("--deselect=tests/test_fileutils.py::test_iter_find_files",),
    ),
)


def bring(project: Project, folder: Path) -> Repository:
    """A repository in ``folder`` with the two releases as its two commits."""
    repository = Repository(folder / project.name)
    for version in (project.older, project.newer):
        source = _fetch(project.name, version, folder / version)
        for old in repository.folder.iterdir():
            if old.name != ".git":
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        shutil.copytree(source, repository.folder, dirs_exist_ok=True, symlinks=True)
        repository.commit(project.settings, f"Release {version}")
    return repository


def break_one_line(project: Project, repository: Repository) -> None:
    """Commit the project's broken line."""
    path = repository.folder / project.broken.file
    text = path.read_text(encoding="utf-8")
    assert text.count(project.broken.line) == 1, f"{project.broken.file} has changed"
    path.write_text(text.replace(project.broken.line, project.broken.broken), encoding="utf-8")
    repository.commit({}, "Break one line")


def _fetch(name: str, version: str, folder: Path) -> Path:
    """The unpacked source release, without what was only made for it."""
    command = (find_uv_bin(), "tool", "run", "--quiet", "pip", "download", "--quiet", "--no-deps")
    options = ("--no-binary", ":all:", "--dest", str(folder), f"{name}=={version}")
    subprocess.run((*command, *options), check=True)
    [archive] = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    [source] = (path for path in folder.iterdir() if path.is_dir())
    for pattern in MADE_FOR_THE_RELEASE:
        for path in list(source.rglob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return source
