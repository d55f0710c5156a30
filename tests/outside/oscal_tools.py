"""Tools for OSCAL that install as packages, each once into an environment of its own in the cache folder."""

import subprocess
from pathlib import Path

from uv import find_uv_bin

from workers.clusters.binary import cache_dir


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)


def programs(package: str, version: str) -> Path:
    """The folder of programs of an environment that has this release of the package, and what it asks for."""
    environment = cache_dir() / f"{package}-{version}"
    done = environment / "installed"
    if not done.is_file():
        environment.parent.mkdir(parents=True, exist_ok=True)
        uv = find_uv_bin()
        python = ("--python", str(environment / "bin" / "python"))
        for command in (
            (uv, "venv", "--quiet", "--clear", str(environment)),
            (uv, "pip", "install", "--quiet", *python, f"{package}=={version}"),
        ):
            made = run(environment.parent, *command)
            assert made.returncode == 0, made.stderr
        done.touch()
    return environment / "bin"
