"""Finds the Python that a project asks for among those that are installed; none is ever downloaded."""

import functools
import json
import os
import re
import subprocess
from pathlib import Path

from uv import find_uv_bin

from maestro.errors import BadInput
from maestro.execution.sandbox.launch import base_python
from maestro.model.base import Model

_VERSIONS = re.compile(r"^[0-9.,<>=!~* ]+$")
"""What a project may ask for. A path or a program's name would let a pull request choose what we start."""

_QUERY = "import json, sys; print(json.dumps([sys.version, sys.base_prefix, sys.executable]))"

TIMEOUT_SECONDS = 60.0


class Interpreter(Model):
    """An installed Python: ``prefix`` is the folder that a sandbox must show for it to start."""

    version: str
    prefix: Path
    program: Path


@functools.lru_cache
def find_interpreter(versions: str) -> Interpreter:
    """An installed Python that satisfies ``versions`` (as in ``requires-python``), preferably the conductor's own.

    Raises ``BadInput`` when there is none.
    """
    if versions and not _VERSIONS.match(versions):
        raise BadInput(
            f"{versions!r} is no range of versions", field="requires-python", fix='write for example ">=3.11"'
        )
    program = _found(versions) if versions else base_python()
    if not program:
        raise BadInput(
            f"no Python {versions} is installed here",
            field="requires-python",
            fix="install it on the region's machines, or name another in maestro.yaml: environment.python",
        )
    version, prefix, executable = json.loads(_answer(program, "-I", "-S", "-c", _QUERY))
    return Interpreter(version=version, prefix=Path(prefix), program=Path(executable).resolve())


def _found(versions: str) -> str:
    own_first = os.pathsep.join((str(Path(base_python()).parent), os.environ.get("PATH", os.defpath)))
    done = subprocess.run(
        (find_uv_bin(), "python", "find", "--no-project", "--no-config", "--no-python-downloads", "--system", versions),
        env={"PATH": own_first, "HOME": os.environ.get("HOME", "/")},
        cwd="/",
        capture_output=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
        text=True,
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def _answer(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, check=True, timeout=TIMEOUT_SECONDS, text=True).stdout
