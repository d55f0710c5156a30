"""Known faults of a small shop: what is caught, what is left out and named, and what a second evaluation costs."""

import shutil
from pathlib import Path

import pytest

from maestro.errors import BadInput
from maestro.impact.evaluation.casefile import read_cases
from maestro.impact.evaluation.cases import CasesEvaluation, evaluate_cases
from maestro.impact.evaluation.outcome import CaseOutcome
from tests.impact.evaluation.shop import DISCOUNT, LISTED, NEW, PRICE, RED, TABLE, Shop, by_coverage, case_file, ground

TAUS = (0.01, 0.05)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop") / "repository")


@pytest.fixture(scope="module")
def lines(shop: Shop) -> list[str]:
    """Good ones first, so that they are on lines 1 to 4."""
    patch = shop.changed("shop/price.py", "pieces * 3", "pieces * 4")
    return [
        shop.executed_line(),
        shop.module_level(),
        shop.new_test(),
        shop.lost_import(),
        "{ no JSON",
        shop.case(patch, PRICE, base="no-such-revision"),
        shop.case(patch.replace("pieces * 3", "pieces * 9"), PRICE),
        shop.case(patch, "tests/test_price.py::test_that_nobody_wrote", RED),
        shop.case(patch, PRICE, RED, "tests/test_price.py::test_that_nobody_wrote"),
    ]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
async def evaluation(shop: Shop, lines: list[str], home: Path) -> CasesEvaluation:
    return await evaluated(shop, lines, home)


async def evaluated(shop: Shop, lines: list[str], home: Path) -> CasesEvaluation:
    file = read_cases(case_file(home / "cases.jsonl", lines))
    return await evaluate_cases(
        ground(shop, home), file, taus=TAUS, select=by_coverage, testmon=False, say=lambda _: None
    )


def on_line(evaluation: CasesEvaluation, line: int) -> CaseOutcome:
    [found] = (outcome for outcome in evaluation.outcomes if outcome.line == line)
    return found


def test_a_broken_line_is_caught_by_the_test_that_executed_it(evaluation: CasesEvaluation) -> None:
    outcome = on_line(evaluation, 1)
    picked = outcome.taus[1]
    assert outcome.failing == (DISCOUNT,)
    assert (picked.caught, picked.selected, outcome.rank) == (True, 1, 1)
    assert outcome.reasons == (f"{DISCOUNT}: it executed the changed statement, in discount in shop/price.py",)


def test_a_value_made_at_import_is_caught_by_the_test_that_uses_it(evaluation: CasesEvaluation) -> None:
    outcome = on_line(evaluation, 2)
    assert outcome.failing == (TABLE,)
    assert outcome.taus[1].caught
    assert not outcome.rules["function coverage"].caught, "no function is changed, so this rule runs nothing"


def test_a_test_that_comes_with_the_patch_is_listed_and_always_runs(evaluation: CasesEvaluation) -> None:
    outcome = on_line(evaluation, 3)
    assert (outcome.tests, outcome.failing, outcome.forced) == (len(LISTED) + 1, (NEW,), 1)
    assert outcome.taus[1].caught
    assert all(rule.caught for rule in outcome.rules.values())


def test_the_tests_of_a_file_that_can_no_longer_be_imported_still_count(evaluation: CasesEvaluation) -> None:
    outcome = on_line(evaluation, 4)
    assert set(outcome.failing) == {PRICE, DISCOUNT}
    assert outcome.taus[1].caught


def test_lines_that_give_no_case_are_named_by_line_and_field(evaluation: CasesEvaluation) -> None:
    assert (evaluation.lines, evaluation.cases) == (9, 5)
    assert len(evaluation.left_out) == 4
    said = "\n".join(evaluation.left_out)
    assert "line 5: the line: it is no JSON" in said
    assert "base: the repository has no such commit (line 6: no-such-revision)" in said
    assert "line 7: the diff does not apply: hunk 1 of shop/price.py" in said
    assert "line 8: none of its 2 failing tests can tell anything: 1 fail on the base as well, 1 are not listed" in said


def test_failing_tests_that_tell_nothing_are_named_and_do_not_count(evaluation: CasesEvaluation) -> None:
    outcome = on_line(evaluation, 9)
    assert outcome.failing == (PRICE,)
    assert outcome.red_before == (RED,)
    assert outcome.unknown == ("tests/test_price.py::test_that_nobody_wrote",)
    said = "\n".join(evaluation.remarks)
    assert f"tests that fail on the base as well (line 9: {RED})" in said
    assert f"1 × tests fail on their base already, and count in no case ({RED})" in said  # noqa: RUF001


def test_cases_in_which_everything_runs_are_counted_with_the_reason(evaluation: CasesEvaluation) -> None:
    strict, usual = evaluation.taus
    assert (strict.everything, usual.everything) == ({"too few cases": 5}, {})
    assert (strict.caught_all, strict.time_mean, strict.random_caught) == (5, 1.0, 5.0)
    assert (usual.caught, usual.escaped.count) == (5, 0)
    assert usual.escaped.high == pytest.approx(1 - 0.025 ** (1 / 5)), "no escape in five cases still allows for many"
    assert usual.time_mean < 1


async def test_a_second_evaluation_says_the_same_and_runs_no_suite(
    shop: Shop, lines: list[str], home: Path, evaluation: CasesEvaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object, **__: object) -> None:
        raise AssertionError("it was recorded before")

    monkeypatch.setattr("maestro.execution.tree.Tree.record", never)
    monkeypatch.setattr("maestro.execution.tree.Tree.list_tests", never)
    again = await evaluated(shop, lines, home)
    assert [base.reused for base in again.bases] == [True]
    assert again.outcomes == evaluation.outcomes


async def test_the_repository_is_only_read(shop: Shop, evaluation: CasesEvaluation) -> None:
    assert shop.git("status", "--porcelain", "--ignored") == ""
    assert shop.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"


async def test_a_file_of_which_no_case_can_be_evaluated_is_refused_with_the_reasons(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match=r"not one case could be evaluated: .* no such commit \(line 1: no-such-revision"
    ):
        await evaluated(shop, [shop.case(shop.patch({"a.txt": "a"}), PRICE, base="no-such-revision")], tmp_path)


async def test_a_suite_that_cannot_be_collected_costs_its_cases_and_says_why(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "repository")
    good = shop.executed_line()
    broken = shop.commit({"tests/conftest.py": "raise RuntimeError('no database here')\n"})
    bad = shop.case(shop.patch({"shop/price.py": ""}), PRICE, base=broken)
    found = await evaluated(shop, [good, bad], tmp_path)
    assert found.cases == 1
    assert "no database here" in found.left_out[0]


async def test_a_folder_that_is_no_repository_is_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "repository")
    line = shop.executed_line()
    shutil.rmtree(shop.folder / ".git")
    with pytest.raises(BadInput, match="is no git repository"):
        await evaluated(shop, [line], tmp_path)
