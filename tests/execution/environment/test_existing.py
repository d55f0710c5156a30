"""Environments that are there already: what is taken, what is refused, and when their key changes."""

import sys
import venv
from pathlib import Path

import pytest

from maestro.errors import BadInput
from maestro.execution.environment import existing


def test_an_interpreter_with_pytest_is_an_environment() -> None:
    found = existing(Path(sys.executable))
    assert found.python == Path(sys.executable)
    assert (found.root, found.interpreter_prefix) == (Path(sys.prefix), Path(sys.base_prefix))
    assert existing(Path(sys.executable)).key == found.key


def test_the_key_changes_with_what_is_installed(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    [packages] = (tmp_path / "venv" / "lib").glob("python3.*/site-packages")
    add_package(packages, "pytest", "9.0")
    before = existing(python)
    assert before.python == python, "the link is what makes it the environment's interpreter"
    add_package(packages, "attrs", "25.1")
    assert existing(python).key != before.key


def add_package(packages: Path, name: str, version: str) -> None:
    (folder := packages / f"{name}-{version}.dist-info").mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def test_an_interpreter_without_pytest_is_refused(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", symlinks=True)
    with pytest.raises(BadInput, match="has no pytest"):
        existing(tmp_path / "venv" / "bin" / "python")


@pytest.mark.parametrize("script", ["exit 3", "echo no JSON"])
def test_what_is_no_python_is_refused(tmp_path: Path, script: str) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    with pytest.raises(BadInput, match="is no Python that can be asked") as refused:
        existing(program)
    assert refused.value.field == "--python"
