"""``maestro tests select`` and ``explain`` on a real repository: the plan, the reasons, and wrong use."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import cli
from maestro.config.project import FILE_NAME
from tests.execution.recorded import PLAIN
from tests.execution.repositories import Repository
from tests.impact.evaluation.shop import DISCOUNT, LISTED, SHOP, TABLE

HEAD = "cheaper"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A shop whose branch changes one function."""
    made = Repository(tmp_path_factory.mktemp("shop") / "shop")
    made.commit({**SHOP, FILE_NAME: json.dumps({"tests": {"arguments": PLAIN}})})
    made.git("checkout", "--quiet", "-b", HEAD)
    made.commit({"shop/price.py": str(SHOP["shop/price.py"]).replace("total - 1", "total - 2")})
    return made


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, shop: Repository) -> Path:
    """A home that knows what the tests of the base execute."""
    folder = tmp_path_factory.mktemp("recorded") / "home"
    told = maestro_tests(folder, "select", shop, "--record")
    assert told.exit_code == 0, told.output
    assert "recorded 4 tests" in told.stderr
    assert "on the base already, 1 test failed: tests/test_red.py::test_red" in told.stderr
    return folder


def maestro_tests(home: Path, command: str, shop: Repository, *words: object) -> Result:
    options = (command, "--repo", shop.folder, "--python", sys.executable, *words)
    return CliRunner().invoke(cli, ["tests", *map(str, options)], env={"MAESTRO_HOME": str(home)})


def test_the_plan_has_a_reason_for_each_test_and_a_promise(home: Path, shop: Repository, tmp_path: Path) -> None:
    out = tmp_path / "tests.txt"
    told = maestro_tests(home, "select", shop, "--rule", "public", "--tau", "0.1", "--json", "--out", out)
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    selected = {test["id"]: test["reason"] for test in found["selected"]}
    assert selected[DISCOUNT] == "it executed the changed statement, in discount in shop/price.py"
    assert {*selected, *(test["id"] for test in found["left_out"])} == LISTED
    assert TABLE not in selected
    assert out.read_text().splitlines() == list(selected)
    assert (found["risk"]["tau"], found["risk"]["method"]) == (0.1, "conformal control on faults of public projects")


def test_people_read_the_risk_and_the_terms_of_tau(home: Path, shop: Repository) -> None:
    told = maestro_tests(home, "select", shop)
    assert told.exit_code == 0, told.output
    assert "residual risk" in told.stdout
    assert "τ starts at 0.05" in told.stdout
    assert f"  {DISCOUNT}: it executed the changed statement" in told.stdout


def test_in_shadow_everything_is_to_be_run(home: Path, shop: Repository) -> None:
    found = json.loads(maestro_tests(home, "select", shop, "--shadow", "--json").stdout)
    assert {test["id"] for test in found["selected"]} == LISTED
    assert "because selection is in shadow" in found["reason"]


def test_one_test_is_explained_by_what_is_known_of_it(home: Path, shop: Repository) -> None:
    told = maestro_tests(home, "explain", shop, DISCOUNT)
    assert told.exit_code == 0, told.output
    first, *rest = told.stdout.splitlines()
    assert first == f"{DISCOUNT} runs: it executed the changed statement, in discount in shop/price.py"
    assert "its source names a changed symbol" in rest
    assert "0 runs in the builds that are kept, 0 failures" in rest
    out = json.loads(maestro_tests(home, "explain", shop, TABLE, "--rule", "public", "--json").stdout)
    assert out["selected"] is False
    assert 0 < out["fail_probability"] < 0.5


def test_a_test_that_there_is_not_is_answered_with_the_nearest(home: Path, shop: Repository) -> None:
    told = maestro_tests(home, "explain", shop, "tests/test_price.py::test_discont")
    assert told.exit_code == 2
    assert "TEST: the head has no test" in told.stderr
    assert f"did you mean {DISCOUNT}" in told.stderr


@pytest.mark.parametrize(
    ("words", "field"),
    [
        pytest.param(("--head", "nobody"), "head", id="an unknown head"),
        pytest.param(("--base", "nobody"), "base", id="an unknown base"),
        pytest.param(("--repo", "/"), "repository", id="no repository"),
        pytest.param(("--tau", "1"), "--tau", id="a tau that is none"),
    ],
)
def test_wrong_use_names_the_field_before_anything_runs(
    shop: Repository, tmp_path: Path, words: tuple[str, ...], field: str
) -> None:
    told = maestro_tests(tmp_path / "home", "select", shop, *words)
    assert told.exit_code == 2
    assert field in told.stderr


def test_what_is_not_committed_is_left_aside_and_said(home: Path, shop: Repository, tmp_path: Path) -> None:
    dirty = Repository.__new__(Repository)
    dirty.folder = tmp_path / "shop"
    shutil.copytree(shop.folder, dirty.folder)
    dirty.write({"notes.txt": "x"})
    assert "1 uncommitted change in the work tree left aside" in maestro_tests(home, "select", dirty).stderr
