"""Real changes of public projects: each is conducted green, and red with the right test named when a line is broken.

Held against plain pytest on the same commit: what fails there was selected and failed here too, and nothing else did.
"""

import time

import pytest

from maestro.model.decision import DecisionState
from maestro.model.tests import PlanBody
from tests.e2e.conducting import Conducted, conduct
from tests.execution.repositories import Repository
from tests.localstack import LocalStack
from tests.projects.conftest import Measured, Measurements
from tests.projects.plainly import PlainRun, run_plainly
from tests.projects.projects import PROJECTS, Project, break_one_line, bring


@pytest.fixture(scope="module", params=PROJECTS, ids=lambda project: project.name)
def project(request: pytest.FixtureRequest) -> Project:
    chosen: Project = request.param
    return chosen


@pytest.fixture(scope="module")
def repository(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return bring(project, tmp_path_factory.mktemp("releases"))


def held_against_pytest(
    stack: LocalStack, project: Project, repository: Repository, change: str, measured: Measurements
) -> tuple[Conducted, PlanBody, PlainRun]:
    """Conduct the last commit, run its whole suite plainly, and note both."""
    started = time.monotonic()
    done = conduct(stack, repository.folder)
    seconds = time.monotonic() - started
    plan, report = done.card.plan, done.card.report
    assert plan is not None, done.reasons
    assert report is not None, done.reasons
    body = PlanBody.model_validate_json(stack.maestro("evidence", "show", plan.body.digest).stdout)
    python = stack.home / "environments" / plan.environment_key / "venv" / "bin" / "python"
    plain = run_plainly(repository.folder, python, project.arguments)
    measured.append(
        Measured(
            project=project.name,
            change=change,
            listed=plan.selected_count + plan.left_out_count,
            selected=plan.selected_count,
            left_out=plan.left_out_count,
            seconds=round(seconds, 1),
            test_seconds=round(report.test_seconds, 2),
            plain_seconds=round(plain.seconds, 1),
            isolation=", ".join(report.isolation),
            verdict=done.card.decision.state.value,
            failed=report.failed_count,
            escapes=len(plain.failed.intersection(test.id for test in body.left_out)),
        )
    )
    return done, body, plain


def test_a_real_change_is_green(
    stack: LocalStack, project: Project, repository: Repository, measured: Measurements
) -> None:
    change = f"{project.older} → {project.newer}"
    done, body, plain = held_against_pytest(stack, project, repository, change, measured)
    assert plain.failed == frozenset(), "the release itself does not pass here, so it shows nothing"
    assert {test.id for test in body.selected} | {test.id for test in body.left_out} == plain.tests
    assert done.card.decision.state is DecisionState.GREEN, done.reasons
    assert done.exit_code == 0


def test_a_broken_line_is_red_with_the_right_test_named(
    stack: LocalStack, project: Project, repository: Repository, measured: Measurements
) -> None:
    break_one_line(project, repository)
    done, body, plain = held_against_pytest(stack, project, repository, "one line broken", measured)
    assert plain.failed, "the broken line breaks no test, so it shows nothing"
    assert plain.failed <= {test.id for test in body.selected}, "a failing test was left out"
    assert set(done.failed) == plain.failed
    assert done.card.decision.state is DecisionState.BLOCKED
    assert done.exit_code == 1
    assert any(test in done.card.decision.reasons[0] for test in plain.failed)
