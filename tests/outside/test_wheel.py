"""The wheel, installed alone and far from the checkout, has everything that it needs. Fetches its dependencies."""

import os
import subprocess
from pathlib import Path

import pytest
from uv import find_uv_bin

ROOT = Path(__file__).parents[2]

READ_EVERYTHING = """
from maestro.assurance import load
from maestro.config.topology import load_topology
from maestro.policy.engine import RegorusEngine
from maestro.render import card_schema
from maestro.render.templates import source
from maestro.resources import controls_dir, policies_dir
print(len(load(controls_dir()).controls), len(load_topology().regions), RegorusEngine(policies_dir()).digest[:7])
assert card_schema()
assert source("narrative.typ")
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the wheel and what it asks for, and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    uv, environment = find_uv_bin(), folder / "environment"
    run(folder, uv, "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT))
    run(folder, uv, "venv", "--quiet", str(environment))
    [wheel] = folder.glob("*.whl")
    limits = ("--constraint", str(ROOT / "constraints.txt"))
    run(folder, uv, "pip", "install", "--quiet", "--python", str(environment), *limits, str(wheel))
    return environment / "bin"


def run(folder: Path, *command: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAESTRO_", "PYTHON"))}
    done = subprocess.run(
        command,
        cwd=folder,
        env=kept | {"MAESTRO_HOME": str(folder / "home"), "VIRTUAL_ENV": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_installed_maestro_has_its_controls_regions_policies_and_templates(programs: Path, tmp_path: Path) -> None:
    assert run(tmp_path, str(programs / "python"), "-I", "-c", READ_EVERYTHING) == "31 2 sha256:\n"


def test_an_installed_command_runs(programs: Path, tmp_path: Path) -> None:
    assert "maestro, version" in run(tmp_path, str(programs / "maestro"), "--version")
    assert "--wait-for-person" in run(tmp_path, str(programs / "maestro"), "pr", "start", "--help")
