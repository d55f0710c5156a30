"""pytest is listed, run and watched exactly, whatever the project's tests are named or do."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from maestro.config.project import ProjectConfig
from maestro.execution.bench import Bench
from maestro.execution.environment import Environment
from maestro.execution.runners import Listing, PytestRunner, RunOutput
from maestro.model.tests import TestOutcome
from tests.execution.conftest import MakeBench
from tests.execution.repositories import Files


class Conducted:
    """A project with these files; remembers the verdicts in the order in which they came."""

    def __init__(self, bench: Bench, environment: Environment, folder: Path, project: ProjectConfig) -> None:
        self._runner = PytestRunner(bench=bench, environment=environment, project=project)
        self._folder = folder
        self._number = 0
        self.outcomes: list[TestOutcome] = []

    @property
    def verdicts(self) -> dict[str, str]:
        return {outcome.test: outcome.verdict.value for outcome in self.outcomes}

    def message(self, test: str) -> str:
        return next(outcome.message for outcome in self.outcomes if outcome.test == test)

    async def list(self) -> Listing:
        return await self._runner.list(self._fresh())

    async def run(self, tests: Sequence[str]) -> RunOutput:
        return await self._runner.run(tests, self._fresh(), on_outcomes=self._take)

    async def run_all(self) -> RunOutput:
        return await self.run((await self.list()).tests)

    async def _take(self, outcomes: tuple[TestOutcome, ...]) -> None:
        self.outcomes.extend(outcomes)

    def _fresh(self) -> Path:
        self._number += 1
        return self._folder / f"run-{self._number}"


@pytest.fixture
def conducted(make_bench: MakeBench, this_environment: Environment, tmp_path: Path):  # type: ignore[no-untyped-def]
    def make(files: Files, *, arguments: tuple[str, ...] = (), **settings: object) -> Conducted:
        # The plugins of our own environment are not the project's.
        plain = ("-p", "no:asyncio", "-p", "no:hypothesispytest", "-p", "no:xdist", *arguments)
        project = ProjectConfig.model_validate({"tests": {"arguments": plain}})
        return Conducted(make_bench(files, **settings), this_environment, tmp_path / "work", project)

    return make


EVERY_END = """
import pytest
def test_pass(): pass
def test_fail(): assert 1 == 2, "one is not two"
@pytest.mark.skip(reason="not today")
def test_skip(): pass
def test_skip_inside(): pytest.skip("found out late")
@pytest.mark.xfail(reason="known")
def test_xfail(): assert False
@pytest.mark.xfail
def test_xpass(): pass
@pytest.mark.xfail(strict=True)
def test_xpass_strict(): pass
@pytest.fixture
def broken(): raise RuntimeError("no set-up")
def test_set_up(broken): pass
@pytest.fixture
def tears():
    yield
    raise RuntimeError("no tear-down")
def test_tear_down(tears): pass
def test_fail_and_tear_down(tears): assert False, "the first reason"
"""


async def test_a_test_that_moves_the_clock_lasts_no_longer_for_it(conducted) -> None:  # type: ignore[no-untyped-def]
    moved = "import time\nimport _pytest.timing\ndef test_a(monkeypatch):\n"
    moved += "    for place in (time, _pytest.timing):\n        for clock in ('time', 'perf_counter'):\n"
    moved += "            setattr(place, clock, lambda: 1e11)\n"
    project = conducted({"test_a.py": moved})
    output = await project.run_all()
    [outcome] = project.outcomes
    assert outcome.verdict.value == "pass"
    assert outcome.duration_seconds <= output.seconds


async def test_every_way_to_end_has_its_verdict(conducted) -> None:  # type: ignore[no-untyped-def]
    project = conducted({"test_a.py": EVERY_END})
    output = await project.run_all()
    assert (output.problem, output.missing) == (None, ())
    assert project.verdicts == {
        "test_a.py::test_pass": "pass",
        "test_a.py::test_fail": "fail",
        "test_a.py::test_skip": "skip",
        "test_a.py::test_skip_inside": "skip",
        "test_a.py::test_xfail": "skip",
        "test_a.py::test_xpass": "pass",
        "test_a.py::test_xpass_strict": "fail",
        "test_a.py::test_set_up": "error",
        "test_a.py::test_tear_down": "error",
        "test_a.py::test_fail_and_tear_down": "fail",
    }
    assert "one is not two" in project.message("test_a.py::test_fail")
    assert project.message("test_a.py::test_fail").startswith("test_a.py:4: ")
    assert "not today" in project.message("test_a.py::test_skip")
    assert "expected failure: known" in project.message("test_a.py::test_xfail")
    assert "the first reason" in project.message("test_a.py::test_fail_and_tear_down")
    assert output.junit_path is not None
    assert b"<testsuite" in output.junit_path.read_bytes()


ODD_NAMES = """
import pytest
ODD = ["a b", "it's", '"quoted"', "[", "]", "::",
  "$(x)", "*?", "a\\nb", "ü", "日本", "\\udce9", "a/b", "-k"]
@pytest.mark.parametrize("x", ODD)
def test_odd(x): pass
class TestÜ:
    def test_in_class(self): pass
"""


async def test_ids_with_odd_characters_are_run_one_by_one(conducted) -> None:  # type: ignore[no-untyped-def]
    project = conducted({"test_odd.py": ODD_NAMES, "with space/test_ü (1).py": "def test_x(): pass"})
    listing = await project.list()
    assert (len(listing.tests), listing.problem, listing.errors) == (16, None, ())
    assert listing.model_dump_json()
    assert "with space/test_ü (1).py::test_x" in listing.tests
    for number in (0, 3, 8, 15):
        wanted = listing.tests[number]
        project.outcomes.clear()
        output = await project.run([wanted])
        assert (project.verdicts, output.problem) == ({wanted: "pass"}, None)


async def test_a_file_name_that_is_not_utf8_is_listed_and_run(conducted) -> None:  # type: ignore[no-untyped-def]
    project = conducted({b"test_caf\xe9.py": "def test_x(): pass", "test_b.py": "def test_y(): pass"})
    listing = await project.list()
    assert set(listing.tests) == {"test_caf\\xe9.py::test_x", "test_b.py::test_y"}
    await project.run(["test_caf\\xe9.py::test_x"])
    assert project.verdicts == {"test_caf\\xe9.py::test_x": "pass"}


async def test_only_the_files_of_the_wanted_tests_are_imported(conducted) -> None:  # type: ignore[no-untyped-def]
    files = {"a/test_a.py": "def test_a(): pass", "b/test_b.py": "import sys; sys.exit(7)"}
    project = conducted(files)
    output = await project.run(["a/test_a.py::test_a"])
    assert (project.verdicts, output.problem) == ({"a/test_a.py::test_a": "pass"}, None)


async def test_a_file_that_cannot_be_imported_is_an_error_and_the_others_run(conducted) -> None:  # type: ignore[no-untyped-def]
    project = conducted({"test_a.py": "import nothing_here\ndef test_a(): pass", "test_b.py": "def test_b(): pass"})
    listing = await project.list()
    assert listing.tests == ("test_b.py::test_b",)
    assert [error.test for error in listing.errors] == ["test_a.py"]
    assert "nothing_here" in listing.errors[0].message
    assert listing.problem is None
    await project.run(["test_a.py::test_a", "test_a.py", "test_b.py::test_b"])
    assert project.verdicts == {"test_a.py::test_a": "error", "test_a.py": "error", "test_b.py::test_b": "pass"}
    assert "nothing_here" in project.message("test_a.py::test_a")


async def test_a_conftest_that_breaks_is_a_problem_with_its_own_words(conducted) -> None:  # type: ignore[no-untyped-def]
    listing = await conducted({"conftest.py": "raise RuntimeError('half a conftest')", "test_a.py": ""}).list()
    assert listing.problem is not None
    assert "half a conftest" in listing.problem.message
    assert listing.problem.fix


async def test_no_tests_at_all_are_no_problem(conducted) -> None:  # type: ignore[no-untyped-def]
    listing = await conducted({"module.py": "x = 1"}).list()
    assert (listing.tests, listing.errors, listing.problem) == ((), (), None)


@pytest.mark.parametrize(
    ("deed", "sign"),
    [
        pytest.param("os._exit(3)", "exit code 3", id="leaves at once"),
        pytest.param("os.kill(os.getpid(), 11)", "signal 11", id="crashes"),
        pytest.param("pytest.exit('enough', 9)", "exit code 9", id="stops the run"),
    ],
)
async def test_a_test_that_ends_the_run_is_named_and_earlier_verdicts_are_kept(conducted, deed: str, sign: str) -> None:  # type: ignore[no-untyped-def]
    source = f"import os, pytest\ndef test_a(): pass\ndef test_b(): {deed}\ndef test_c(): pass"
    project = conducted({"test_a.py": source})
    output = await project.run_all()
    assert project.verdicts == {"test_a.py::test_a": "pass"}
    assert output.missing == ("test_a.py::test_b", "test_a.py::test_c")
    assert output.problem is not None
    assert sign in output.problem.message
    assert "test_a.py::test_b" in output.problem.message


async def test_a_test_that_hangs_is_named_and_stopped(conducted) -> None:  # type: ignore[no-untyped-def]
    source = "import time\ndef test_a(): pass\ndef test_b(): time.sleep(60)"
    project = conducted({"test_a.py": source}, hang_timeout_seconds=3)
    output = await project.run(["test_a.py::test_a", "test_a.py::test_b"])
    assert project.verdicts == {"test_a.py::test_a": "pass"}
    assert output.problem is not None
    assert output.problem.kind == "hang"
    assert "during test_a.py::test_b" in output.problem.message


async def test_verdicts_arrive_while_later_tests_still_run(conducted) -> None:  # type: ignore[no-untyped-def]
    source = "import time\ndef test_a(): pass\ndef test_b(): time.sleep(60)"
    project = conducted({"test_a.py": source})
    task = asyncio.create_task(project.run(["test_a.py::test_a", "test_a.py::test_b"]))
    async with asyncio.timeout(30):
        while not project.outcomes:  # noqa: ASYNC110 - the event is a line in a file
            await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert project.verdicts == {"test_a.py::test_a": "pass"}


async def test_a_test_that_is_gone_is_missing_and_named(conducted) -> None:  # type: ignore[no-untyped-def]
    project = conducted({"test_a.py": "def test_a(): pass"})
    output = await project.run(["test_a.py::test_a", "test_a.py::test_gone"])
    assert output.missing == ("test_a.py::test_gone",)
    assert output.problem is not None
    assert "test_a.py::test_gone" in output.problem.message


async def test_two_tests_with_one_id_give_the_worse_verdict_once(conducted) -> None:  # type: ignore[no-untyped-def]
    twice = "def pytest_collection_modifyitems(items): items[:] = [*items, *items]"
    count = "import pathlib\ndef test_a():\n    p = pathlib.Path('n'); n = p.exists(); p.touch(); assert not n"
    project = conducted({"conftest.py": twice, "test_a.py": count})
    output = await project.run_all()
    assert [(each.test, each.verdict.value) for each in project.outcomes] == [("test_a.py::test_a", "fail")]
    assert output.problem is None


async def test_the_projects_own_options_do_not_cost_verdicts(conducted) -> None:  # type: ignore[no-untyped-def]
    options = "[pytest]\naddopts = -x -q --tb=short -m 'not slow'\nmarkers = slow\ntestpaths = tests"
    source = "import pytest\ndef test_a(): assert 0\ndef test_b(): pass\n@pytest.mark.slow\ndef test_slow(): pass"
    project = conducted({"pytest.ini": options, "tests/test_a.py": source, "test_outside.py": "def test_o(): pass"})
    output = await project.run_all()
    assert project.verdicts == {"tests/test_a.py::test_a": "fail", "tests/test_a.py::test_b": "pass"}
    assert output.problem is None


async def test_a_child_of_a_test_does_not_speak_for_it(conducted) -> None:  # type: ignore[no-untyped-def]
    source = (
        "import os\ndef test_fork():\n    if os.fork() == 0:\n        raise SystemError('the child')\n    os.wait()"
    )
    project = conducted({"test_a.py": source}, hang_timeout_seconds=20)
    await project.run(["test_a.py::test_fork"])
    assert project.verdicts == {"test_a.py::test_fork": "pass"}


async def test_forged_events_are_only_believed_about_wanted_tests(conducted) -> None:  # type: ignore[no-untyped-def]
    forged = """
import json, os
def test_forge():
    with open(os.environ["MAESTRO_EVENTS"], "a") as file:
        file.write('no json\\n[1]\\n{"event":"ended"}\\n')
        file.write(json.dumps({"event": "ended", "id": "other.py::test_x", "verdict": "pass"}) + "\\n")
        file.write("x" * 300000 + "\\n")
def test_after(): assert False
"""
    project = conducted({"test_a.py": forged})
    output = await project.run(["test_a.py::test_forge", "test_a.py::test_after"])
    assert project.verdicts == {"test_a.py::test_forge": "pass", "test_a.py::test_after": "fail"}
    assert output.problem is None


async def test_a_report_that_became_a_link_is_not_followed(conducted, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "secret").write_text("geheim")
    hook = f"""
import atexit, os, sys
target = next(word for word in sys.argv if word.startswith("--junitxml=")).split("=", 1)[1]
def swap():
    os.path.lexists(target) and os.remove(target)
    os.symlink({str(tmp_path / "secret")!r}, target)
atexit.register(swap)
"""
    project = conducted({"conftest.py": hook, "test_a.py": "def test_a(): pass"})
    output = await project.run(["test_a.py::test_a"])
    assert project.verdicts == {"test_a.py::test_a": "pass"}
    assert output.junit_path is None


async def test_ten_thousand_tests_are_listed_and_run(conducted) -> None:  # type: ignore[no-untyped-def]
    source = "import pytest\n@pytest.mark.parametrize('n', range(100))\ndef test_a(n): pass"
    project = conducted({f"tests/test_{number:03}.py": source for number in range(100)})
    listing = await project.list()
    assert len(listing.tests) == len(set(listing.tests)) == 10_000
    output = await project.run(listing.tests)
    assert (output.missing, output.problem) == ((), None)
    assert set(project.verdicts.values()) == {"pass"}
    assert len(project.outcomes) == 10_000


async def test_tests_see_their_project_and_not_the_conductor(  # type: ignore[no-untyped-def]
    conducted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "geheim")
    source = (
        "import os, package\ndef test_a(): assert package.x == 1\ndef test_b(): assert 'SECRET_TOKEN' not in os.environ"
    )
    project = conducted({"src/package/__init__.py": "x = 1", "tests/test_a.py": source})
    await project.run_all()
    assert set(project.verdicts.values()) == {"pass"}


async def test_in_a_sandbox_verdicts_come_the_same_way(conducted, this_environment: Environment) -> None:  # type: ignore[no-untyped-def]
    project = conducted({"src/package/__init__.py": "", "tests/test_a.py": EVERY_END}, isolation="bubblewrap")
    output = await project.run_all()
    assert output.problem is None
    assert len(project.verdicts) == 10
    assert sys.prefix == str(this_environment.root)
