"""``pytest --maestro`` on a real project: what runs, what is left out, what is said of it, and what is kept."""

import pytest

from tests.pytest_plugin.conftest import ALL, DISCOUNT, PRICE, STOCK, WEATHER, Project

XDIST = ",xdist.plugin"


def test_the_first_run_runs_everything_and_records_it(project: Project) -> None:
    ran = project.pytest("--maestro")
    assert ran.code == 0
    assert ran.tests == ALL
    assert "All 15 tests run, because what they execute is not recorded yet" in ran.output
    assert project.git("status", "--porcelain") == ""
    project.change("shop/price.py", "total - 1", "total - 1 + 0")
    assert project.pytest("--maestro").tests < ALL


def test_only_what_the_change_can_break_runs_and_the_promise_is_said(recorded: Project) -> None:
    recorded.change("shop/price.py", "total - 1", "total - 1 + 0")
    ran = recorded.pytest("--maestro", "-v", "--maestro-tau", "0.1")
    assert ran.code == 0
    assert DISCOUNT in ran.tests
    assert len(ran.tests) < 8
    assert f"maestro: {len(ran.tests)} of 15 tests run, which saves" in ran.output
    assert "τ 0.1; residual risk" in ran.output
    assert f"  runs  {DISCOUNT}: it executed the changed statement, in discount in shop/price.py" in ran.output
    assert {test["id"] for test in ran.report["selected"]} == ran.tests
    assert {test["id"] for test in ran.report["left_out"]} == ALL - ran.tests
    assert ran.report["risk"]["tau"] == 0.1


def test_a_break_is_caught_by_what_runs(recorded: Project) -> None:
    recorded.change("shop/price.py", "total - 1", "total - 2")
    ran = recorded.pytest("--maestro")
    assert (ran.code, ran.failed) == (1, {DISCOUNT})


def test_what_is_committed_on_a_branch_counts_as_well(recorded: Project) -> None:
    recorded.git("checkout", "--quiet", "-b", "cheaper")
    recorded.change("shop/price.py", "total - 1", "total - 2")
    recorded.git("commit", "--quiet", "--all", "--message", "cheaper")
    ran = recorded.pytest("--maestro")
    assert ran.failed == {DISCOUNT}
    assert recorded.pytest("--maestro", "--maestro-base", "HEAD", "--maestro-shadow").report["changed_files"] == []


def test_without_a_change_no_test_runs_and_that_is_no_failure(recorded: Project) -> None:
    ran = recorded.pytest("--maestro")
    assert (ran.code, ran.tests) == (0, frozenset())
    assert "0 files changed" in ran.output


def test_what_failed_last_runs_again_whatever_is_changed(recorded: Project) -> None:
    recorded.change("shop/stock.py", "stock - sold", "stock - sold + 0")
    assert recorded.pytest("--maestro", "--maestro-record", variables={"RAIN": "1"}).failed == {WEATHER}
    recorded.git("checkout", "--quiet", "--", ".")
    ran = recorded.pytest("--maestro")
    assert (ran.code, ran.tests) == (0, {WEATHER})
    assert [test["reason"] for test in ran.report["selected"]] == ["it failed when it ran last"]


def test_a_new_test_runs_though_git_does_not_track_it_yet(recorded: Project) -> None:
    recorded.write({"tests/test_new.py": "def test_new():\n    assert True\n"})
    assert "tests/test_new.py::test_new" in recorded.pytest("--maestro").tests


def test_what_nobody_can_judge_runs_everything_and_is_named(recorded: Project) -> None:
    recorded.change("pytest.ini", "filterwarnings = error\n", "")
    ran = recorded.pytest("--maestro")
    assert ran.tests == ALL
    assert "All 15 tests run, because pytest.ini" in ran.output


def test_workers_of_xdist_select_alike_and_record(project: Project) -> None:
    assert project.pytest("--maestro", "-n2", plugins=XDIST).tests == ALL
    project.change("shop/price.py", "total - 1", "total - 2")
    ran = project.pytest("--maestro", "-n2", "--maestro-shadow", plugins=XDIST)
    assert ran.tests == ALL
    would = {test["id"] for test in ran.report["selected"]}
    assert DISCOUNT in would < ALL
    ran = project.pytest("--maestro", "-n2", plugins=XDIST)
    assert (ran.code, ran.failed, ran.tests) == (1, {DISCOUNT}, would)
    assert "tests run, which saves" in ran.output


def test_selection_is_among_what_was_asked_for(recorded: Project) -> None:
    recorded.change("shop/price.py", "total - 1", "total - 1 + 0")
    assert DISCOUNT in recorded.pytest("--maestro", "tests/test_price.py").tests
    assert recorded.pytest("--maestro", "-k", "left or weather").tests.isdisjoint({PRICE, DISCOUNT})
    # What other runs recorded of the rest is not forgotten.
    assert recorded.pytest("--maestro").tests < ALL


def test_last_failed_is_respected(recorded: Project) -> None:
    assert recorded.pytest(variables={"RAIN": "1"}).failed == {WEATHER}
    recorded.change("shop/price.py", "total - 1", "total - 1 + 0")
    assert recorded.pytest("--maestro", "--lf").tests == {WEATHER}


def test_shadow_runs_everything_and_tells_an_escape(recorded: Project) -> None:
    recorded.change("shop/price.py", "total - 1", "total - 1 + 0")
    ran = recorded.pytest("--maestro", "--maestro-shadow", variables={"RAIN": "1"})
    assert ran.tests == ALL
    assert "would run, and would save" in ran.output
    left_out = {test["id"] for test in ran.report["left_out"]}
    assert left_out >= {WEATHER, STOCK[0]}
    assert f"an escape: {WEATHER} failed and would have been left out" in ran.output
    assert (ran.report["escape"], ran.report["failed_left_out"]) == (True, [WEATHER])


def test_a_failure_beside_one_that_is_selected_is_no_escape(recorded: Project) -> None:
    recorded.change("shop/price.py", "total - 1", "total - 2")
    ran = recorded.pytest("--maestro", "--maestro-shadow", variables={"RAIN": "1"})
    assert ran.failed == {WEATHER, DISCOUNT}
    assert ran.report["escape"] is False
    assert "others that run failed too" in ran.output


def test_recording_anew_runs_everything(recorded: Project) -> None:
    ran = recorded.pytest("--maestro", "--maestro-record")
    assert ran.tests == ALL
    assert "because all were asked for" in ran.output


def test_a_new_recording_takes_the_place_of_the_older_one(recorded: Project) -> None:
    kept = [path for path in (recorded.folder / ".maestro" / "artifacts" / "sha256").rglob("*") if path.is_file()]
    recorded.change("shop/price.py", "total - 1", "total - 1 + 0")
    assert recorded.pytest("--maestro").code == 0
    now = [path for path in (recorded.folder / ".maestro" / "artifacts" / "sha256").rglob("*") if path.is_file()]
    assert (len(kept), len(now)) == (1, 1)
    assert kept != now
    assert list((recorded.folder / ".maestro" / "runs").iterdir()) == []


def test_a_damaged_state_runs_everything_and_says_why(recorded: Project) -> None:
    (recorded.folder / ".maestro" / "ledger.sqlite").write_bytes(b"no database")
    ran = recorded.pytest("--maestro")
    assert (ran.code, ran.tests) == (0, ALL)
    assert "maestro: everything runs: " in ran.output
    assert "ledger.sqlite" in ran.output


@pytest.mark.parametrize(
    ("words", "why"),
    [
        pytest.param(("--maestro-base", "nobody"), "'nobody' is no revision", id="an unknown base"),
        pytest.param(("--rootdir", "tests"), "is not the top of its repository", id="a folder inside"),
    ],
)
def test_what_cannot_be_compared_runs_everything(recorded: Project, words: tuple[str, ...], why: str) -> None:
    ran = recorded.pytest("--maestro", *words)
    assert ran.code == 0
    assert len(ran.tests) == len(ALL)
    assert why in ran.output


def test_a_bound_that_no_model_can_keep_runs_everything(recorded: Project) -> None:
    recorded.change("shop/price.py", "total - 1", "total - 1 + 0")
    ran = recorded.pytest("--maestro", "--maestro-tau", "0.0001")
    assert ran.tests == ALL
    assert "0.0001" in ran.output


@pytest.mark.parametrize("tau", ["0", "1", "nan", "much"])
def test_a_tau_that_is_no_probability_is_refused(project: Project, tau: str) -> None:
    ran = project.pytest("--maestro", "--maestro-tau", tau)
    assert ran.code == 4
    assert "is no probability between 0 and 1" in ran.output


def test_who_does_not_ask_gets_nothing_of_it(project: Project) -> None:
    project.write(
        {
            "tests/test_modules.py": "import sys\n\n\ndef test_modules():\n"
            "    ours = {name for name in sys.modules if name.split('.')[0] == 'maestro'}\n"
            "    assert ours == {'maestro', 'maestro.pytest_plugin'}\n"
        }
    )
    ran = project.pytest("-k", "modules")
    assert (ran.code, len(ran.passed)) == (0, 1)
    assert not (project.folder / ".maestro").exists()


def test_the_process_of_the_tests_stays_free_of_our_libraries(project: Project) -> None:
    project.write(
        {
            "tests/test_modules.py": "import sys\n\n\ndef test_modules():\n"
            "    assert {'numpy', 'pydantic', 'sqlalchemy', 'alembic'}.isdisjoint(sys.modules)\n"
        }
    )
    ran = project.pytest("--maestro", "-k", "modules")
    assert (ran.code, len(ran.passed)) == (0, 1)
