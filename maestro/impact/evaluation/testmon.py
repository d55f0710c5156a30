"""The peer: what pytest-testmon selects of the same cases, in the same tree and environment, listed and never run.

It is installed into a folder of its own, which stands before the environment; its database is built on the base and
put back for each case.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from uv import find_uv_bin

from maestro.errors import BadInput, PlatformUnavailable
from maestro.execution.environment import Environment
from maestro.execution.output import last_lines
from maestro.execution.runners import Extra, RunOutput
from maestro.execution.settings import Isolation
from maestro.execution.tree import Tree
from maestro.impact.evaluation.base import Base, keep_file, with_broken
from maestro.impact.evaluation.overlay import Overlay
from maestro.model.base import Model
from maestro.model.tests import TestOutcome

VERSION: Final = "2.2.0"

_PACKAGES = (f"pytest-testmon=={VERSION}", "coverage>=7,<8")
_DATABASE = ".testmondata"
_BUILDING = ("--testmon",)

# Selects as always, also where the project's own options have -m or -k, and writes nothing.
_LISTING = ("--testmon", "--testmon-forceselect", "--testmon-nocollect")

INSTALL_SECONDS = 600.0


class TestmonCost(Model):
    """Seconds of the whole suite: plain, and while pytest-testmon builds its database."""

    __test__ = False

    plain_seconds: float
    building_seconds: float


@dataclass(frozen=True, eq=False)
class Testmon:
    """pytest-testmon, installed in the folder ``packages``, with the ``database`` of one base."""

    __test__ = False

    tree: Tree
    base: Base
    cost: TestmonCost
    packages: Path
    database: bytes

    async def selected(self, texts: Mapping[str, str | None], *, overlay: Overlay, workdir: Path) -> tuple[str, ...]:
        """The tests that it would run with these texts in the tree. A file that can no longer be imported counts with
        all its tests: its error is seen.
        """
        with overlay.laid(texts):
            _put(self.tree.source, self.database)
            listing = await self.tree.with_extra(Extra(packages=self.packages, options=_LISTING)).list_tests(
                workdir=workdir
            )
        _put(self.tree.source, None)
        return with_broken(listing, known=self.base.run.tests)


async def testmon_on(tree: Tree, base: Base, *, home: Path, workdir: Path) -> Testmon:
    """Install pytest-testmon and build its database, unless both are kept from before.

    ``BadInput`` when it cannot run the suite, ``PlatformUnavailable`` when it cannot be installed.
    """
    if tree.environment is None:
        raise BadInput("there is no environment to install pytest-testmon beside", field="testmon", fix="--no-testmon")
    packages = _installed(tree.environment, tree.isolation, base.recording.python, home=home)
    database, cost = base.kept / f"testmon-{VERSION}.sqlite", base.kept / f"testmon-{VERSION}.json"
    if not cost.is_file():
        plain = await _run(tree, base, workdir / "plain")
        built = await _run(tree.with_extra(Extra(packages=packages, options=_BUILDING)), base, workdir / "building")
        made = tree.source / _DATABASE
        if not made.is_file() or made.is_symlink():
            raise BadInput(
                f"pytest-testmon wrote no database:\n{last_lines(built.log_path) if built.log_path else ''}",
                field="testmon",
                fix="see whether the suite runs with --testmon by hand, or leave it out with --no-testmon",
            )
        keep_file(database, made.read_bytes())
        keep_file(
            cost, TestmonCost(plain_seconds=plain.seconds, building_seconds=built.seconds).model_dump_json().encode()
        )
        _put(tree.source, None)
    return Testmon(tree, base, TestmonCost.model_validate_json(cost.read_bytes()), packages, database.read_bytes())


async def _run(tree: Tree, base: Base, workdir: Path) -> RunOutput:
    async def ignore(_: tuple[TestOutcome, ...]) -> None:
        """Its verdicts are known already."""

    output = await tree.run(base.run.tests, on_outcomes=ignore, workdir=workdir)
    if output.problem is not None and len(output.missing) > len(base.run.silent):
        raise BadInput(output.problem.message, field="testmon", fix="leave it out with --no-testmon")
    return output


def _put(source: Path, database: bytes | None) -> None:
    """Have exactly this database in the tree, and none of the files that SQLite may have left beside it."""
    for path in source.glob(f"{_DATABASE}*"):
        path.unlink()
    if database is not None:
        (source / _DATABASE).write_bytes(database)


def _installed(environment: Environment, isolation: Isolation, python: str, *, home: Path) -> Path:
    """The folder with the packages. Only wheels are unpacked into it, so no code of anybody runs."""
    folder = home / "peers" / f"testmon-{VERSION}-{environment.key}"
    if (folder / "complete").is_file():
        return folder
    # An environment that pull-request code was built into is not started outside its sandbox.
    version = re.match(r"\d+\.\d+", python)
    trusted = environment.interpreter_prefix / "bin" / f"python{version.group() if version else 3}"
    program = environment.python if isolation is Isolation.NONE else trusted
    options = ("--quiet", "--no-deps", "--no-build", "--no-config", "--python", str(program), "--target", str(folder))
    try:
        done = subprocess.run(
            (find_uv_bin(), "pip", "install", *options, *_PACKAGES),
            cwd=os.sep,
            capture_output=True,
            check=False,
            timeout=INSTALL_SECONDS,
            text=True,
        )
    except subprocess.TimeoutExpired as error:
        raise _not_installed(f"no answer in {INSTALL_SECONDS:.0f} s") from error
    if done.returncode:
        raise _not_installed(done.stderr.strip())
    (folder / "complete").touch()
    return folder


def _not_installed(why: str) -> PlatformUnavailable:
    return PlatformUnavailable(
        f"pytest-testmon {VERSION} cannot be installed: {why}",
        field="testmon",
        fix="see that the package index can be reached, or leave it out with --no-testmon",
    )
