"""pytest-testmon as the peer: what it lists for a patch is what it runs for it, and nothing of it stays behind."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from maestro.execution.runners import Extra
from maestro.impact.evaluation import testmon as peer
from maestro.impact.evaluation.casefile import read_cases
from maestro.impact.evaluation.cases import evaluate_cases
from maestro.impact.evaluation.judging import Judge
from maestro.impact.evaluation.opening import open_base
from maestro.model.tests import TestOutcome
from tests.impact.evaluation.shop import Shop, by_coverage, case_file, ground


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "repository")


@pytest.fixture
async def judge(shop: Shop, tmp_path: Path) -> AsyncIterator[Judge]:
    async with open_base(ground(shop, tmp_path / "home"), shop.base) as opened:
        yield opened


async def test_what_is_listed_is_what_a_real_run_runs(shop: Shop, judge: Judge, tmp_path: Path) -> None:
    lines = [shop.executed_line(), shop.module_level(), shop.new_test()]
    testmon = await peer.testmon_on(judge.tree, judge.base, home=tmp_path / "home", workdir=tmp_path / "testmon")
    for number, case in enumerate(read_cases(case_file(tmp_path / "cases.jsonl", lines)).cases):
        judged = await judge.judged(case)
        listed = await testmon.selected(judged.texts, overlay=judge.overlay, workdir=tmp_path / f"list-{number}")
        assert set(case.failing) <= set(listed)
        assert set(listed) == await really_run(
            judge, testmon, judged.texts, judged.evidence.tests, tmp_path / str(number)
        )
    assert not list(judge.tree.source.glob(".testmondata*"))


async def really_run(
    judge: Judge, testmon: peer.Testmon, texts: dict[str, str | None], tests: tuple[str, ...], workdir: Path
) -> set[str]:
    ran: set[str] = set()

    async def note(outcomes: tuple[TestOutcome, ...]) -> None:
        ran.update(outcome.test for outcome in outcomes)

    with judge.overlay.laid(texts):
        (judge.tree.source / ".testmondata").write_bytes(testmon.database)
        tree = judge.tree.with_extra(Extra(packages=testmon.packages, options=("--testmon",)))
        await tree.run(tests, on_outcomes=note, workdir=workdir)
    for path in judge.tree.source.glob(".testmondata*"):
        path.unlink()
    return ran


async def test_it_is_compared_on_the_same_cases_in_the_same_run(shop: Shop, tmp_path: Path) -> None:
    lines = [shop.executed_line(), shop.module_level(), shop.new_test()]
    file = read_cases(case_file(tmp_path / "cases.jsonl", lines))
    found = await evaluate_cases(
        ground(shop, tmp_path / "home"), file, taus=(0.05,), select=by_coverage, testmon=True, say=lambda _: None
    )
    assert found.testmon is not None
    assert (found.testmon.cases, found.testmon.caught) == (3, 3)
    [base] = found.bases
    assert base.testmon is not None
    assert base.testmon.plain_seconds > 0
    assert base.testmon.building_seconds > 0


def testmon_here() -> set[Path]:
    return set(Path(sys.prefix).rglob("*testmon*"))


async def test_our_own_environment_does_not_get_it(judge: Judge, tmp_path: Path) -> None:
    before = testmon_here()
    await peer.testmon_on(judge.tree, judge.base, home=tmp_path / "home", workdir=tmp_path / "testmon")
    assert testmon_here() == before
