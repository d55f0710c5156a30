"""A small installable project that needs no build tool: its build backend lies in its own tree."""

from tests.execution.repositories import Files

BACKEND = """
import os, pathlib, zipfile
def build_editable(folder, config_settings=None, metadata_directory=None):
    exec(pathlib.Path("backend/extra.py").read_text(), dict(globals()))
    name = "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("demo.pth", os.getcwd() + "/src")
        wheel.writestr("demo-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: demo\\nVersion: 1.0\\n")
        wheel.writestr("demo-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("demo-1.0.dist-info/RECORD", "")
    return name
build_wheel = build_editable
"""

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["backend"]
[project]
name = "demo"
version = "1.0"
"""


def demo(*, while_building: str = "", test: str = "import demo\ndef test_demo(): assert demo.x == 1") -> Files:
    """The files of a project; ``while_building`` is what its backend does beside building."""
    return {
        "pyproject.toml": PYPROJECT,
        "backend/backend.py": BACKEND,
        "backend/extra.py": while_building,
        "src/demo/__init__.py": "x = 1",
        "tests/test_demo.py": test,
    }
