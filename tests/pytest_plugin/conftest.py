"""A small project with the plugin in its pytest: real runs, in processes of their own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.execution.repositories import Files, Repository

ROOT = Path(__file__).parents[2]

FILES: Files = {
    ".gitignore": "__pycache__/\nreport.json\n",
    "pytest.ini": "[pytest]\npythonpath = .\ntestpaths = tests\nfilterwarnings = error\n",
    "shop/__init__.py": "",
    "shop/price.py": "def price(pieces):\n    return pieces * 3\n\n\ndef discount(total):\n    return total - 1\n",
    "shop/stock.py": "def left(stock, sold):\n    return stock - sold\n",
    "tests/test_price.py": "from shop.price import discount, price\n\n\n"
    "def test_price():\n    assert price(2) == 6\n\n\ndef test_discount():\n    assert discount(5) == 4\n",
    "tests/test_stock.py": "import os\n\nimport pytest\n\nfrom shop.stock import left\n\n\n"
    "@pytest.mark.parametrize('sold', range(12))\ndef test_left(sold):\n    assert left(12, sold) == 12 - sold\n\n\n"
    "def test_weather():\n    assert 'RAIN' not in os.environ\n",
}
PRICE, DISCOUNT = "tests/test_price.py::test_price", "tests/test_price.py::test_discount"
STOCK = tuple(f"tests/test_stock.py::test_left[{sold}]" for sold in range(12))
WEATHER = "tests/test_stock.py::test_weather"
ALL = {PRICE, DISCOUNT, *STOCK, WEATHER}


@dataclass(frozen=True)
class Ran:
    """How a run ended: its exit code, what it printed, the report, and the tests that it ran."""

    code: int
    output: str
    report: dict[str, Any]
    passed: AbstractSet[str]
    failed: AbstractSet[str]

    @property
    def tests(self) -> AbstractSet[str]:
        return self.passed | self.failed


class Project(Repository):
    """A repository whose pytest has the plugin."""

    def change(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))

    def pytest(self, *words: str, plugins: str = "", variables: Mapping[str, str] | None = None) -> Ran:
        """Run pytest with ``words`` and nothing of this environment's other plugins."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "MAESTRO", "GIT"))}
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-P", "-m", "pytest", "-rA", f"--maestro-report={report}", *words],
            cwd=self.folder,
            env=kept
            | {
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                "PYTEST_PLUGINS": f"maestro.pytest_plugin{plugins}",
                "PYTHONPATH": str(ROOT),
            }
            | dict(variables or {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        said = [line.split(" ") for line in done.stdout.splitlines()]
        return Ran(
            code=done.returncode,
            output=done.stdout + done.stderr,
            report=json.loads(report.read_text()) if report.exists() else {},
            passed=frozenset(words[1] for words in said if words[0] == "PASSED"),
            failed=frozenset(words[1] for words in said if words[0] == "FAILED"),
        )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one commit, in which the plugin never ran."""
    made = Project(tmp_path / "project")
    made.commit(FILES)
    return made


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Project(tmp_path_factory.mktemp("template") / "project")
    made.commit(FILES)
    assert made.pytest("--maestro").code == 0
    return made.folder


@pytest.fixture
def recorded(template: Path, tmp_path: Path) -> Project:
    """A project with one commit, of which everything ran once with the plugin."""
    folder = tmp_path / "project"
    shutil.copytree(template, folder)
    copy = object.__new__(Project)
    copy.folder = folder
    return copy
