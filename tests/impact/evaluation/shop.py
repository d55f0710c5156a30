"""A small shop with known faults, evaluated in the environment that these tests run in, without isolation."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maestro.config.project import ProjectConfig
from maestro.execution.settings import ExecutionSettings
from maestro.impact.evaluation.opening import Ground
from maestro.impact.knowledge.evidence import Evidence
from tests.execution.recorded import PLAIN
from tests.execution.repositories import Files, Repository

SHOP: Files = {
    "shop/__init__.py": "",
    "shop/price.py": "def price(pieces):\n    return pieces * 3\n\n\ndef discount(total):\n    return total - 1\n",
    "shop/rates.py": "RATE = 2\n\n\ndef unused():\n    return 0\n",
    "shop/tables.py": 'from shop.rates import RATE\n\nTABLE = {"a": RATE}\n',
    "tests/test_price.py": "from shop.price import discount, price\n\n\n"
    "def test_price():\n    assert price(2) == 6\n\n\ndef test_discount():\n    assert discount(5) == 4\n",
    "tests/test_tables.py": 'from shop.tables import TABLE\n\n\ndef test_table():\n    assert TABLE["a"] == 2\n',
    "tests/test_red.py": "def test_red():\n    assert False\n",
}
PRICE, DISCOUNT = "tests/test_price.py::test_price", "tests/test_price.py::test_discount"
TABLE, RED, NEW = "tests/test_tables.py::test_table", "tests/test_red.py::test_red", "tests/test_new.py::test_new"
LISTED = {PRICE, DISCOUNT, TABLE, RED}


class Shop(Repository):
    """The repository, and patches made in it. ``base`` is its one commit."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.base = self.commit(SHOP)

    def patch(self, files: Files) -> str:
        """The diff that writes these files; the commit is left as it is."""
        self.write(files)
        self.git("add", "--all")
        text = self.git("diff", "--cached")
        self.git("reset", "--quiet", "--hard", self.base)
        return f"{text}\n"

    def changed(self, file: str, old: str, new: str) -> str:
        """The diff that replaces ``old`` in one file."""
        before = (self.folder / file).read_text()
        assert before.count(old) == 1
        return self.patch({file: before.replace(old, new)})

    def case(self, patch: str, *failing: str, base: str = "") -> str:
        return json.dumps({"base": base or self.base, "patch": patch, "failing": failing, "kind": "anything"})

    def executed_line(self) -> str:
        return self.case(self.changed("shop/price.py", "total - 1", "total - 2"), DISCOUNT)

    def module_level(self) -> str:
        return self.case(self.changed("shop/rates.py", "RATE = 2", "RATE = 3"), TABLE)

    def new_test(self) -> str:
        return self.case(self.patch({"tests/test_new.py": "def test_new():\n    assert False\n"}), NEW)

    def lost_import(self) -> str:
        """A file of tests that can no longer be imported: its tests are not listed, but all end in errors."""
        return self.case(self.changed("tests/test_price.py", "import discount,", "import rebate,"), PRICE, DISCOUNT)


def case_file(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def ground(shop: Shop, home: Path) -> Ground:
    return Ground(
        repository=shop.folder,
        home=home,
        settings=ExecutionSettings(isolation="none", grace_seconds=1.0),
        project=ProjectConfig.model_validate({"tests": {"arguments": PLAIN}}),
        python=Path(sys.executable),
    )


@dataclass(frozen=True, eq=False)
class Picked:
    """A selection as the command's own would be."""

    run: NDArray[np.bool_]
    depth: NDArray[np.float64]
    everything: str = ""
    certified: bool = True


def by_coverage(evidence: Evidence, tau: float) -> Picked:
    """Stands in for the model: what executed the change or uses it, and what is forced; all tests below τ = 0.05."""
    run = (evidence.column("line_executed") > 0) | (evidence.column("use_executed") > 0)
    run |= np.array([test in evidence.forced for test in evidence.tests])
    everything = "too few cases" if tau < 0.05 else ""
    return Picked(run | bool(everything), np.where(run, 0.0, 1.0), everything)
