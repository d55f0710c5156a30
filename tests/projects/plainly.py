"""A project's whole suite by plain pytest, outside Maestro, in the environment that Maestro built for it."""

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PlainRun:
    """Every test that pytest collected, and those that failed, by the ids of its own cache."""

    tests: frozenset[str]
    failed: frozenset[str]
    seconds: float


def run_plainly(source: Path, python: Path, arguments: tuple[str, ...]) -> PlainRun:
    """Run every test of ``source`` with the project's own ``arguments``; its code comes from there, its dependencies
    from ``python``.
    """
    started = time.monotonic()
    packages = [str(path) for path in (source / "src", source) if path.is_dir()]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHON"))}
    with tempfile.TemporaryDirectory() as cache:
        done = subprocess.run(
            (
                *(str(python), "-m", "pytest", "--quiet", "--rootdir", str(source), "-o", f"cache_dir={cache}"),
                *arguments,
            ),
            cwd=source,
            # Nothing may be written into the source: it would be part of the next commit.
            env=clean | {"PYTHONPATH": os.pathsep.join(packages), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        tests, failed = Path(cache, "v/cache/nodeids"), Path(cache, "v/cache/lastfailed")
        assert tests.exists(), done.stdout + done.stderr
        return PlainRun(
            tests=frozenset(json.loads(tests.read_bytes())),
            failed=frozenset(json.loads(failed.read_bytes())) if failed.exists() else frozenset(),
            seconds=time.monotonic() - started,
        )
