"""``maestro.yaml`` of a conducted repository: defaults, other runners, and requests that lead out of it."""

from pathlib import Path

import pytest

from maestro.config.project import ProjectConfig, load_project
from maestro.errors import BadInput

RUNNER = "runner:\n  list: make -s list\n  run: make test NAMES={tests_file}\n  junit: out/junit.xml\n"


def project(tmp_path: Path, text: str) -> ProjectConfig:
    (tmp_path / "maestro.yaml").write_text(text)
    return load_project(tmp_path)


def test_a_repository_without_the_file_has_pytest_and_no_network(tmp_path: Path) -> None:
    settings = load_project(tmp_path)
    assert settings.runner is None
    assert settings.tests.network is False


def test_another_runner_is_three_settings(tmp_path: Path) -> None:
    runner = project(tmp_path, RUNNER).runner
    assert runner is not None
    assert (runner.list_command, runner.junit) == ("make -s list", "out/junit.xml")


@pytest.mark.parametrize(
    ("old", "new", "field", "fix"),
    [
        pytest.param("NAMES={tests_file}", "", "1: runner", "exactly one of", id="a run that takes no tests"),
        pytest.param("{tests_file}", "{tests}", "1: runner", "let {tests} stand alone", id="glued to a word"),
        pytest.param("NAMES={tests_file}", "{tests} {tests}", "1: runner", "exactly one of", id="taking them twice"),
        pytest.param("make -s list", "make 'list", "2: runner.list", "quote", id="a quote that is never closed"),
        pytest.param("make -s list", "''", "2: runner.list", "name a program", id="an empty command"),
        pytest.param(
            "out/junit.xml", "../junit.xml", "4: runner.junit", "relative", id="a report above the repository"
        ),
        pytest.param("out/junit.xml", "/tmp/junit.xml", "4: runner.junit", "relative", id="a report elsewhere"),
        pytest.param("  junit", "  junitt", "4: runner.junitt", "'junit'", id="a misspelt setting"),
        pytest.param("  list", "  lst", "2: runner.lst", "'list'", id="the misspelt name of a command"),
    ],
)
def test_a_runner_that_cannot_work_is_refused(tmp_path: Path, old: str, new: str, field: str, fix: str) -> None:
    with pytest.raises(BadInput) as caught:
        project(tmp_path, RUNNER.replace(old, new))
    assert caught.value.field == f"maestro.yaml:{field}"
    assert fix in str(caught.value)


def test_errors_name_the_file_as_the_repository_does_and_no_folder_of_this_machine(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        project(tmp_path, "test: {}")
    assert str(tmp_path) not in str(caught.value)
    assert caught.value.field == "maestro.yaml:1: test"
    assert caught.value.fix == "did you mean 'tests'?"


def test_a_link_to_a_file_of_this_machine_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("password")
    (tmp_path / "maestro.yaml").symlink_to(tmp_path / "secret")
    with pytest.raises(BadInput, match="symbolic link"):
        load_project(tmp_path)
