"""``maestro.yaml``: what a conducted repository says about its own tests. Everything has a default: pytest, offline.

The file comes with the pull request, so it is untrusted: it can ask (for network, for packages), never allow.
"""

import shlex
from pathlib import Path, PurePosixPath
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from maestro.config.explain import Refusal
from maestro.config.yamlfile import load
from maestro.errors import BadInput
from maestro.model.base import Config

FILE_NAME = "maestro.yaml"

TESTS = "{tests}"
"""In ``runner.run``: replaced by the test ids, an argument each."""

TESTS_FILE = "{tests_file}"
"""In ``runner.run``: replaced by the path of a file with one test id per line, for suites beyond an argument list."""


def _words(command: str) -> str:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise Refusal(f"the command cannot be split into words: {error}", fix="close every quote") from error
    if not words:
        raise Refusal("the command is empty", fix="name a program and its arguments")
    return command


def _inside(path: str) -> str:
    pure = PurePosixPath(path)
    if not path or pure.is_absolute() or ".." in pure.parts:
        raise Refusal(
            f"{path!r} leads out of the repository", fix="give a path relative to the repository's top folder"
        )
    return path


Command = Annotated[str, AfterValidator(_words)]
"""A command line in shell quoting, run without a shell."""

InsidePath = Annotated[str, AfterValidator(_inside)]


class RunnerConfig(Config):
    """A runner other than pytest: ``list`` prints one test id per line, ``run`` writes JUnit XML to ``junit``."""

    list_command: Command = Field(alias="list")
    run_command: Command = Field(alias="run")
    junit: InsidePath

    @model_validator(mode="after")
    def _run_takes_the_tests_once(self) -> Self:
        words = shlex.split(self.run_command)
        count = sum(word.count(TESTS) + word.count(TESTS_FILE) for word in words)
        if count != 1:
            raise Refusal(
                f"run names the tests {count} times", fix=f"put exactly one of {TESTS} and {TESTS_FILE} into run"
            )
        if any(TESTS in word and word != TESTS for word in words):
            raise Refusal(
                f"{TESTS} is part of a longer word, but it becomes one argument per test",
                fix=f"let {TESTS} stand alone, or use {TESTS_FILE}",
            )
        return self


class TestsConfig(Config):
    """What the suite needs. ``network`` is a request: the tenant's policy decides. ``arguments`` go to pytest."""

    __test__ = False

    network: bool = False
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


class EnvironmentConfig(Config):
    """What is installed beside the project and its extras and groups, and which variables the tests see."""

    python: str | None = Field(default=None, pattern=r"^3\.[0-9]{1,2}(\.[0-9]{1,2})?$")
    install: tuple[str, ...] = ()
    variables: dict[str, str] = Field(default_factory=dict)


class ProjectConfig(Config):
    """The whole file. Without ``runner`` the tests are pytest's."""

    runner: RunnerConfig | None = None
    tests: TestsConfig = TestsConfig()
    environment: EnvironmentConfig = EnvironmentConfig()


def load_project(worktree: Path) -> ProjectConfig:
    """The settings at the top of ``worktree``, or the defaults when it has none; ``BadInput`` as in ``yamlfile``."""
    path = worktree / FILE_NAME
    if path.is_symlink():
        raise BadInput(
            "the file is a symbolic link, which could show a file of this machine",
            field=FILE_NAME,
            fix="commit the settings as a regular file",
        )
    return load(path, ProjectConfig, source=FILE_NAME) if path.exists() else ProjectConfig()
