"""Cases made from a small shop with a history: what is taken back, what is mutated, what is left out and counted."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.case_making.case import Case, Drop, Fault, Tally
from benchmarks.case_making.mutants import mutants, mutations, parses
from benchmarks.case_making.reverts import reverts
from benchmarks.case_making.suite import Suite
from benchmarks.case_making.tree import Tree, is_source, is_test, scratch
from benchmarks.make_cases import Baseline, Maker, measure
from maestro.errors import BadInput
from tests.execution.repositories import Repository

PRICE = "def price(pieces):\n    return pieces * 3\n"
FIXED = "def price(pieces):\n    if pieces < 0:\n        raise ValueError(pieces)\n    return pieces * 3\n"
NAME = "def name():\n    return 'shop'\n"
LOUDER = NAME + "\n\ndef shout():\n    return name().upper()\n"
TESTS = "from shop.price import price\n\n\ndef test_price():\n    assert price(2) == 6\n"
FIX_TESTED = f"import pytest\n{TESTS}\n\ndef test_no_debts():\n    with pytest.raises(ValueError):\n        price(-1)\n"
NAME_TESTS = "from shop.name import name\n\n\ndef test_name():\n    assert name()\n"


SUITE = Suite(Path(sys.executable), ("--disable-plugin-autoload",))


def a_shop(folder: Path) -> Repository:
    """Four commits: a start, a fix with its test, an addition whose test asserts nothing, and one of no test."""
    shop = Repository(folder)
    shop.commit(
        {"shop/__init__.py": "", "shop/price.py": PRICE, "shop/name.py": NAME, "tests/test_price.py": TESTS}, "start"
    )
    shop.commit({"shop/price.py": FIXED, "tests/test_price.py": FIX_TESTED, "CHANGES.md": "No debts.\n"}, "fix")
    shop.commit({"shop/name.py": LOUDER, "tests/test_name.py": NAME_TESTS}, "addition")
    shop.commit({"shop/price.py": "# Prices.\n\n\n" + FIXED}, "layout")
    return shop


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    """A shop to go on with."""
    return a_shop(tmp_path / "shop")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tree, Baseline]]:
    """A shop that stays as it is, and how its suite does on it."""
    repository = a_shop(tmp_path_factory.mktemp("measured") / "shop")
    with scratch(repository.folder, "HEAD") as tree:
        yield tree, measure(tree, SUITE)


@pytest.fixture
def maker(measured: tuple[Tree, Baseline]) -> Maker:
    tree, baseline = measured
    return Maker(tree, SUITE, baseline)


def change(tree: Tree, files: dict[str, str]) -> Fault:
    tree.reset()
    for path, text in files.items():
        (tree.folder / path).write_text(text, encoding="utf-8")
    return Fault("mutant", "by hand", tree.diff())


def test_only_the_source_half_of_a_fix_is_taken_back_and_its_test_fails(maker: Maker, tmp_path: Path) -> None:
    [case] = maker.cases(reverts(maker.tree, maker.tally))
    assert (case.base, case.kind) == (maker.tree.base, "revert")
    assert case.failing == ("tests/test_price.py::test_no_debts",)
    assert maker.tally == {Drop.UNNOTICED: 1}

    again = Repository(maker.tree.folder).clone(tmp_path / "again")
    assert again.git("log", "-1", "--format=%s", case.source) == "fix"
    (tmp_path / "case.patch").write_text(case.patch, encoding="utf-8")
    again.git("checkout", "--quiet", case.base)
    again.git("apply", "--index", str(tmp_path / "case.patch"))
    assert again.git("diff", "--cached", "--name-only") == "shop/price.py"
    assert "raise" not in (again.folder / "shop/price.py").read_text(encoding="utf-8")


def test_a_fix_is_found_again_in_a_file_that_was_renamed_since(shop: Repository) -> None:
    shop.git("mv", "shop/price.py", "shop/prices.py")
    tested = FIX_TESTED.replace("shop.price", "shop.prices").replace("\n\n\n", "\n\n")
    shop.commit({"tests/test_price.py": tested}, "rename")
    with scratch(shop.folder, "HEAD") as tree:
        patches = [fault.patch for fault in reverts(tree, Tally()) if fault.source == shop.git("rev-parse", "HEAD~3")]
    assert len(patches) == 1
    assert "+++ b/shop/prices.py" in patches[0]


def test_a_fix_whose_lines_are_no_longer_there_is_counted_as_a_conflict(shop: Repository) -> None:
    shop.commit({"shop/price.py": "price = abs\n"}, "another way")
    with scratch(shop.folder, "HEAD") as tree:
        tally = Tally()
        assert shop.git("rev-parse", "HEAD~3") not in [fault.source for fault in reverts(tree, tally)]
    assert tally[Drop.CONFLICT] == 1


def test_the_repository_itself_is_left_as_it_was(shop: Repository) -> None:
    (shop.folder / "note.txt").write_text("mine", encoding="utf-8")
    before = sorted((path, path.stat().st_mtime_ns) for path in shop.folder.rglob("*"))
    with scratch(shop.folder, "HEAD") as tree:
        list(reverts(tree, Tally()))
        folder = tree.folder
    assert sorted((path, path.stat().st_mtime_ns) for path in shop.folder.rglob("*")) == before
    assert not folder.exists()


@pytest.mark.parametrize(
    ("files", "drop"),
    [
        pytest.param({"shop/name.py": "def name(): return 'store'\n"}, Drop.UNNOTICED, id="no test fails"),
        pytest.param({"shop/name.py": "def name(:\n"}, Drop.BROKEN, id="it does not compile"),
        pytest.param({"shop/__init__.py": "import nowhere\n"}, Drop.NOT_COLLECTED, id="no file can be imported"),
        pytest.param({"shop/price.py": "price = str\n", "shop/name.py": "name = str\n"}, Drop.TOO_WIDE, id="most fail"),
        pytest.param({"shop/name.py": "import os\nname = os.abort\n"}, Drop.STOPPED, id="it ends the test process"),
        pytest.param(
            {"shop/name.py": "import os, sys\ndef name(): return os.environ['MAESTRO_TESTS']\n"},
            Drop.UNSTEADY,
            id="its test passes when run again",
        ),
    ],
)
def test_a_fault_that_says_nothing_is_left_out_and_counted(files: dict[str, str], drop: Drop, maker: Maker) -> None:
    assert list(maker.cases(iter([change(maker.tree, files)]))) == []
    assert maker.tally == {drop: 1}


def test_the_tests_of_a_file_that_can_no_longer_be_imported_fail(maker: Maker) -> None:
    [case] = maker.cases(iter([change(maker.tree, {"shop/name.py": "title = str\n"})]))
    assert case.failing == ("tests/test_name.py::test_name",)


def test_equal_patches_make_one_case(maker: Maker) -> None:
    fault = change(maker.tree, {"shop/name.py": "def name(): return ''\n"})
    assert len(list(maker.cases(iter([fault, fault])))) == 1
    assert maker.tally == {Drop.EQUAL: 1}


def test_a_test_that_does_not_pass_each_time_is_no_witness(
    shop: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOOD", str(tmp_path / "mood"))
    moody = "import os\n\n\ndef test_moody():\n    os.mkdir(os.environ['MOOD'])\n"
    shop.commit({"tests/test_moody.py": moody}, "moody")
    with scratch(shop.folder, "HEAD") as tree:
        baseline = measure(tree, SUITE)
    assert baseline.tests == 4
    assert "tests/test_moody.py::test_moody" not in baseline.steady


@pytest.mark.parametrize(
    "file",
    [
        pytest.param("conftest.py", id="pytest does not start"),
        pytest.param("shop/__init__.py", id="no file with tests can be imported"),
    ],
)
def test_a_suite_that_cannot_run_is_refused_with_what_it_printed(file: str, shop: Repository) -> None:
    shop.commit({file: "import a_package_that_nobody_has\n"}, "needs more")
    with scratch(shop.folder, "HEAD") as tree, pytest.raises(BadInput, match="a_package_that_nobody_has") as caught:
        measure(tree, SUITE)
    assert "--install" in caught.value.field


def test_the_lines_that_the_suite_executes_are_known_and_others_are_not_among_them(maker: Maker) -> None:
    maker.tree.reset()
    executed = SUITE.executed_lines(maker.tree.folder)
    assert executed["shop/price.py"] == {4, 5, 6, 7}
    assert executed["shop/name.py"] == {1, 2, 5}


def test_mutants_touch_one_executed_line_each_and_come_in_the_order_of_the_seed(maker: Maker) -> None:
    executed = {"shop/price.py": frozenset({5, 7}), "tests/test_price.py": frozenset({1, 2, 3})}
    first, again = (list(mutants(maker.tree, executed, seed=3)) for _ in range(2))
    assert first == again
    assert {fault.source for fault in first} == {
        "shop/price.py:5: < -> <=",
        "shop/price.py:5: 0 -> 1",
        "shop/price.py:5: pieces < 0 -> not (pieces < 0)",
        "shop/price.py:7: 3 -> 4",
    }
    assert all(sum(line[0] == "-" for line in fault.patch.splitlines()) == 2 for fault in first)


def test_a_mutant_keeps_line_ends_and_characters_as_they_were(shop: Repository) -> None:
    shop.commit({"shop/price.py": "size = 'Größe\x0c', 1\r\n"}, "line ends")
    with scratch(shop.folder, "HEAD") as tree:
        [fault] = mutants(tree, {"shop/price.py": frozenset({1})}, seed=0)
        assert tree.patched(fault.patch)
        assert (tree.folder / "shop/price.py").read_bytes() == "size = 'Größe\x0c', 2\r\n".encode()


_NAMES = st.sampled_from(["alpha", "beta", "True", "1", "0x1F", "'text # 1'"])
_OPERATORS = st.sampled_from(["+", "<", "==", "and", "is not", "in"])
_TERMS = st.recursive(_NAMES, lambda inner: st.builds("({} {} {})".format, inner, _OPERATORS, inner), max_leaves=8)
_LAYOUTS = st.sampled_from(["if {}:\n    pass\n", "value = [\n    {},\n]\n", "x = 1; y = {}  # 2 < 3\n"])


@given(term=_TERMS, layout=_LAYOUTS)
def test_each_mutation_changes_the_meaning_of_one_line_and_nothing_else(term: str, layout: str) -> None:
    text = layout.format(term)
    for mutation in mutations(text):
        mutated = mutation.apply(text)
        differing = [old != new for old, new in zip(text.split("\n"), mutated.split("\n"), strict=True)]
        assert sum(differing) == 1
        assert not parses(mutated) or ast.dump(ast.parse(mutated)) != ast.dump(ast.parse(text))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("shop/price.py", "source"),
        ("src/shop/testing.py", "source"),
        ("shop/tests/helpers.py", "test"),
        ("conftest.py", "test"),
        ("docs/conf.py", "neither"),
        ("setup.py", "neither"),
        ("shop/data.json", "neither"),
    ],
)
def test_a_path_is_source_or_test_or_neither(path: str, kind: str) -> None:
    assert (is_source(path), is_test(path)) == (kind == "source", kind == "test")


def command(shop: Repository, out: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    words = [sys.executable, "-m", "benchmarks.make_cases", "--repo", str(shop.folder), "--out", str(out), *options]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_the_command_writes_a_case_a_line_and_says_what_it_left_out(shop: Repository, tmp_path: Path) -> None:
    made = tmp_path / "venvs" / "shop"
    (made / "bin").mkdir(parents=True)
    (made / "complete").touch()
    (made / "bin" / "python").symlink_to(sys.executable)
    out = tmp_path / "cases.jsonl"
    done = command(shop, out, "--mutants=0", "--venvs", str(made.parent), "--pytest=-p no:asyncio")
    [case] = map(Case.model_validate_json, out.read_text(encoding="utf-8").splitlines())
    assert case.failing == ("tests/test_price.py::test_no_debts",)
    summary = json.loads(done.stdout)
    assert (summary["tests"], summary["reverts"], summary["dropped"]) == (3, 1, {"no test fails": 1})


def test_an_unknown_base_is_refused_before_anything_is_made(shop: Repository, tmp_path: Path) -> None:
    done = command(shop, tmp_path / "out", "--base", "nowhere")
    assert done.returncode == 2
    assert "--base" in done.stderr
    assert not (tmp_path / "out").exists()
