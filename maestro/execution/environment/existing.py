"""Takes an environment that somebody else made as it is: an interpreter, with whatever is installed for it."""

import hashlib
import json
import subprocess
from pathlib import Path

from maestro.errors import BadInput
from maestro.execution.environment.build import Environment

TIMEOUT_SECONDS = 60.0

_QUERY = """
import importlib.metadata, json, sys
found = {(each.metadata["Name"] or "").lower(): each.version for each in importlib.metadata.distributions()}
print(json.dumps({"prefix": sys.prefix, "base": sys.base_prefix, "version": sys.version, "packages": found}))
"""


def existing(python: Path) -> Environment:
    """The environment of an interpreter. Its key changes with the Python and with what is installed.

    Starts the interpreter, outside any sandbox. ``BadInput`` when it does not answer, or has no pytest.
    """
    # Not resolved: the link is what makes it the interpreter of its environment.
    program = python.absolute()
    try:
        done = subprocess.run(
            (str(program), "-I", "-c", _QUERY), capture_output=True, check=True, timeout=TIMEOUT_SECONDS
        )
        found = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise BadInput(
            f"{program} is no Python that can be asked: {error}",
            field="--python",
            fix="name the interpreter of an environment, for example .venv/bin/python",
        ) from error
    if "pytest" not in found["packages"]:
        raise BadInput(
            f"{program} has no pytest",
            field="--python",
            fix="install pytest and what the tests need in its environment",
        )
    identity = json.dumps([str(program), found], sort_keys=True)
    return Environment(
        key=f"existing-{hashlib.sha256(identity.encode()).hexdigest()[:23]}",
        root=Path(found["prefix"]),
        python=program,
        interpreter_prefix=Path(found["base"]),
        build_seconds=0.0,
        reused=True,
    )
