"""Runners that cannot give verdicts, and runners that are not pytest: each with its own sentence on the card."""

import json

import pytest

from maestro.model.decision import DecisionState
from tests.e2e.conducting import conduct
from tests.e2e.conftest import MakeProject
from tests.execution.repositories import Files, Repository
from tests.localstack import LocalStack

UNITTEST = """
import sys, unittest
from xml.sax.saxutils import quoteattr

def each(suite):
    for test in suite:
        yield from each(test) if isinstance(test, unittest.TestSuite) else [test]

if sys.argv[1] == "list":
    print(*[test.id() for test in each(unittest.defaultTestLoader.discover("checks", top_level_dir="."))], sep="\\n")
else:
    cases = []
    for name in sys.argv[2:]:
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromName(name).run(result)
        bad = "".join(f"<failure message={quoteattr(text)}/>" for _, text in result.failures + result.errors)
        cases.append(f"<testcase name={quoteattr(name)}>{bad}</testcase>")
    open("report.xml", "w").write("<testsuite>" + "".join(cases) + "</testsuite>")
"""

UNITTEST_PROJECT: Files = {
    "runner.py": UNITTEST,
    "maestro.yaml": """
runner:
  list: python3 runner.py list
  run: python3 runner.py run {tests}
  junit: report.xml
""",
    "checks/__init__.py": "",
    "checks/test_sum.py": "import unittest\nclass Sum(unittest.TestCase):\n    def test_sum(self):\n"
    "        self.assertEqual(open('sum.txt').read(), '4')\n    def test_other(self): pass\n",
    "sum.txt": "4",
}

SHELL_PROJECT: Files = {
    "run.sh": """
echo '<testsuite>' > report.xml
while read -r test; do
  if sh "checks/$test"; then bad=''; else bad='<failure message="it ended badly"/>'; fi
  echo "<testcase name=\\"$test\\">$bad</testcase>" >> report.xml
done < "$1"
echo '</testsuite>' >> report.xml
""",
    "maestro.yaml": "runner:\n  list: ls checks\n  run: sh run.sh {tests_file}\n  junit: report.xml\n",
    "checks/with a space": "test -f data.txt",
    "checks/plain": "grep --quiet 1 data.txt",
    "data.txt": "1",
}


def maestro_yaml(text: str) -> Files:
    return {"maestro.yaml": text, "calc.py": "def double(x):\n    return x + x\n"}


@pytest.fixture(scope="module")
def hanging(stack: LocalStack, make_project: MakeProject) -> Repository:
    """A pull request with a test that never ends, started by the first test here and waited for by the last."""
    test = "import time\nimport calc\ndef test_waits_for_ever():\n    time.sleep(3600)\n"
    return make_project({"tests/test_hangs.py": test})


def test_a_head_that_is_being_conducted_is_joined(stack: LocalStack, hanging: Repository) -> None:
    ask = ("pr", "start", "--repo", str(hanging.folder), "--base", "HEAD^", "--json")
    first, second = (json.loads(stack.maestro(*ask).stdout) for _ in range(2))
    assert not first["joined"]
    assert second["joined"]
    assert second["workflow_id"] == first["workflow_id"]


def test_a_ci_job_that_may_not_wait_longer_is_told_how_to_go_on(stack: LocalStack, hanging: Repository) -> None:
    ask = ("pr", "start", "--repo", str(hanging.folder), "--base", "HEAD^", "--wait", "--timeout", "1", "--json")
    given_up = stack.maestro(*ask)
    assert given_up.returncode == 3
    assert given_up.stdout == ""
    assert "no verdict after 1 s" in given_up.stderr
    assert "maestro pr watch" in given_up.stderr


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(
            maestro_yaml("tests:\n  netwrk: true\n"),
            "maestro.yaml:2: tests.netwrk: there is no such setting",
            id="a maestro.yaml with a misspelt setting",
        ),
        pytest.param(
            maestro_yaml("runner:\n  list: no-such-program\n  run: no-such-program {tests}\n  junit: report.xml\n"),
            "runner.list: there is no program 'no-such-program'",
            id="a runner that is missing",
        ),
        pytest.param(
            maestro_yaml(
                "runner:\n  list: sh -c 'echo broken pipes >&2; exit 9'\n  run: 'true {tests}'\n  junit: r.xml\n"
            ),
            "the list command ended with exit code 9:\nbroken pipes",
            id="a list command that fails",
        ),
        pytest.param(
            maestro_yaml("environment:\n  install: ['pytest>=999']\n"),
            "installing the project and what its tests need failed",
            id="a dependency that cannot be installed",
        ),
        pytest.param(
            {"pytest.ini": "[pytest]\naddopts = --no-such-option\n"},
            "unrecognized arguments: --no-such-option",
            id="a pytest that refuses its settings",
        ),
        pytest.param(
            {"tests/test_exits.py": "import os\nimport calc\ndef test_exits():\n    os._exit(7)\n"},
            "the run during tests/test_exits.py::test_exits ended with exit code 7",
            id="a test that ends the process",
        ),
    ],
)
def test_a_runner_without_verdicts_blocks_with_its_own_sentence(
    stack: LocalStack, make_project: MakeProject, change: Files, told: str
) -> None:
    done = conduct(stack, make_project(change).folder)
    assert done.exit_code == 1
    assert done.card.decision.state is DecisionState.BLOCKED
    assert told in done.reasons
    assert "affected" not in done.reasons
    assert done.card.decision.next_step is not None


def test_a_head_without_tests_is_blocked_and_told_what_to_add(stack: LocalStack, make_project: MakeProject) -> None:
    done = conduct(stack, make_project({"calc.py": "x = 2\n"}, {"calc.py": "x = 1\n"}).folder)
    assert done.exit_code == 1
    assert "no test was found" in done.reasons
    assert done.card.decision.next_step is not None
    assert "add tests" in done.card.decision.next_step.description


def test_a_file_that_crashes_at_collection_is_a_failure_of_that_file(
    stack: LocalStack, make_project: MakeProject
) -> None:
    done = conduct(
        stack, make_project({"tests/test_crash.py": "import calc\nraise RuntimeError('too early')\n"}).folder
    )
    assert done.exit_code == 1
    assert set(done.failed) == {"tests/test_crash.py"}
    assert done.failed["tests/test_crash.py"].message.startswith("tests/test_crash.py:2: RuntimeError: too early")


def test_unittest_by_two_commands_is_red_with_the_right_test(stack: LocalStack, make_project: MakeProject) -> None:
    done = conduct(stack, make_project({"sum.txt": "5"}, UNITTEST_PROJECT).folder)
    assert done.exit_code == 1
    assert set(done.failed) == {"checks.test_sum.Sum.test_sum"}
    assert "'5' != '4'" in done.failed["checks.test_sum.Sum.test_sum"].message


def test_shell_checks_by_a_file_of_names_are_green(stack: LocalStack, make_project: MakeProject) -> None:
    done = conduct(stack, make_project({"data.txt": "1 2"}, SHELL_PROJECT).folder)
    assert done.exit_code == 0
    assert done.card.report is not None
    assert done.card.report.counts == {"pass": 2}


def test_a_test_that_hangs_is_stopped_and_named(stack: LocalStack, hanging: Repository) -> None:
    done = conduct(stack, hanging.folder)
    assert done.exit_code == 1
    assert "tests/test_hangs.py::test_waits_for_ever gave no sign for 60 s and was stopped" in done.reasons
