"""A runner of the project's own is driven by its two commands."""

import sys
from pathlib import Path

import pytest

from maestro.config.project import ProjectConfig
from maestro.execution.environment import Environment
from maestro.execution.runners import CommandRunner, RunOutput
from maestro.model.tests import TestOutcome
from tests.execution.conftest import MakeBench
from tests.execution.repositories import Files

RUNNER = """
import pathlib, sys
from xml.sax.saxutils import quoteattr
tests = pathlib.Path(sys.argv[2]).read_text().splitlines() if sys.argv[1] == "--file" else sys.argv[1:]
def body(test): return "<failure message='no'/>" if "bad" in test else ""
cases = "".join(f"<testcase name={quoteattr(t)} time='0.5'>{body(t)}</testcase>" for t in tests if t != "forgotten")
pathlib.Path("out").mkdir(exist_ok=True)
pathlib.Path("out/junit.xml").write_text(f"<testsuite>{cases}</testsuite>", encoding="utf-8")
pathlib.Path("calls").open("a").write("x")
sys.exit(1 if any("bad" in test for test in tests) else 0)
"""


class Conducted:
    def __init__(self, runner: CommandRunner, folder: Path) -> None:
        self.runner, self._folder = runner, folder
        self.outcomes: list[TestOutcome] = []

    @property
    def verdicts(self) -> dict[str, str]:
        return {outcome.test: outcome.verdict.value for outcome in self.outcomes}

    async def run(self, *tests: str) -> RunOutput:
        async def take(outcomes: tuple[TestOutcome, ...]) -> None:
            self.outcomes.extend(outcomes)

        return await self.runner.run(tests, self._folder / "run", on_outcomes=take)


@pytest.fixture
def conducted(make_bench: MakeBench, this_environment: Environment, tmp_path: Path):  # type: ignore[no-untyped-def]
    def make(files: Files, *, lists: str = "cat tests.txt", runs: str = "python run.py {tests}") -> Conducted:
        project = ProjectConfig.model_validate(
            {"runner": {"list": lists, "run": runs, "junit": "out/junit.xml"}},
        )
        assert project.runner is not None
        bench = make_bench({"run.py": RUNNER, **files})
        runner = CommandRunner(bench=bench, environment=this_environment, project=project, runner=project.runner)
        return Conducted(runner, tmp_path / "work")

    return make


async def test_each_printed_line_is_a_test(conducted, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    project = conducted({"tests.txt": b'a b\n\nit\'s::"x"\n\xc3\xbc\ncaf\xe9\na b\n'})
    listing = await project.runner.list(tmp_path / "list")
    assert listing.tests == ("a b", 'it\'s::"x"', "ü", "caf\\xe9")
    assert listing.problem is None


@pytest.mark.parametrize("runs", ["python run.py {tests}", "python run.py --file {tests_file}"])
async def test_the_verdicts_come_from_the_report(conducted, runs: str) -> None:  # type: ignore[no-untyped-def]
    project = conducted({}, runs=runs)
    output = await project.run("good one", "$(bad); 'x'", "ü")
    assert project.verdicts == {"good one": "pass", "$(bad); 'x'": "fail", "ü": "pass"}
    assert (output.problem, output.missing) == (None, ())
    assert output.junit_path is not None
    assert output.junit_path.exists()


async def test_a_test_that_the_report_forgets_is_missing(conducted) -> None:  # type: ignore[no-untyped-def]
    project = conducted({})
    output = await project.run("good", "forgotten")
    assert output.missing == ("forgotten",)
    assert output.problem is not None
    assert "forgotten" in output.problem.message


async def test_more_tests_than_a_command_line_takes_are_run_in_parts(conducted) -> None:  # type: ignore[no-untyped-def]
    project = conducted({})
    tests = [f"{number}-{'x' * 1000}" for number in range(1200)]
    output = await project.run(*tests)
    assert (len(project.verdicts), output.problem) == (1200, None)
    assert (project.runner.bench.worktree.source / "calls").read_text() == "xxx"


@pytest.mark.parametrize("command", ["no-such-runner {tests}", "./no-such-file {tests}"])
async def test_a_runner_that_is_missing_is_a_problem_with_a_fix(conducted, command: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    project = conducted({}, runs=command, lists=command.removesuffix(" {tests}"))
    output = await project.run("a")
    listing = await project.runner.list(tmp_path / "list")
    for problem in (output.problem, listing.problem):
        assert problem is not None
        assert problem.kind == "runner_missing"
        assert "no-such" in problem.message
        assert problem.fix


async def test_a_list_command_that_fails_is_a_problem_and_lists_nothing(conducted, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    project = conducted({}, lists="python -c \"import sys; print('half'); sys.exit('no database')\"")
    listing = await project.runner.list(tmp_path / "list")
    assert listing.tests == ()
    assert listing.problem is not None
    assert "no database" in listing.problem.message


async def test_a_report_that_the_commit_carries_is_not_believed(conducted) -> None:  # type: ignore[no-untyped-def]
    forged = "<testsuite><testcase name='a'/></testsuite>"
    project = conducted({"out/junit.xml": forged}, runs="python -c pass {tests}")
    output = await project.run("a")
    assert project.verdicts == {}
    assert output.problem is not None
    assert output.problem.kind == "report"


async def test_a_report_that_is_no_xml_is_a_problem(conducted) -> None:  # type: ignore[no-untyped-def]
    write = "import pathlib; pathlib.Path('out').mkdir(); pathlib.Path('out/junit.xml').write_text('ok')"
    output = await conducted({}, runs=f'{sys.executable} -c "{write}" {{tests}}').run("a")
    assert output.problem is not None
    assert "out/junit.xml" in output.problem.message


async def test_a_report_s_word_on_seconds_is_bounded_by_those_that_passed(conducted) -> None:  # type: ignore[no-untyped-def]
    project = conducted({"run.py": RUNNER.replace("time='0.5'", "time='1e300'")})
    output = await project.run("a")
    [outcome] = project.outcomes
    assert outcome.duration_seconds <= output.seconds + 60
