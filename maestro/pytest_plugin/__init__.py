"""Test selection in a project's own pytest: ``pytest --maestro``. No server and no sandbox; it runs more, never fewer.

Every pytest of an environment with Maestro in it loads this file, so it holds the options and imports nothing else.
"""

import argparse

import pytest

DEFAULT_TAU = 0.05

FOLDER = ".maestro"
"""In pytest's root folder: what was recorded, and the outcomes of past sessions."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("maestro", "select the tests that a change can break, under a stated risk")
    group.addoption(
        "--maestro", action="store_true", help="Leave out the tests that the change since the base is unlikely to break"
    )
    group.addoption(
        "--maestro-base",
        metavar="REV",
        default="",
        help="What the working tree is compared with, from where both parted. [default: the default branch, else HEAD]",
    )
    group.addoption(
        "--maestro-tau",
        metavar="TAU",
        type=_tau,
        default=DEFAULT_TAU,
        help="Probability that a change which breaks something goes unnoticed. [default: %(default)s]",
    )
    group.addoption(
        "--maestro-shadow",
        action="store_true",
        help="Run everything, and say what would have been left out and whether a failure would have escaped",
    )
    group.addoption(
        "--maestro-record", action="store_true", help="Run everything, and record anew what each test executes"
    )
    group.addoption(
        "--maestro-report", metavar="FILE", default="", help="Write selection, reasons and escapes to FILE as JSON"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    # Before any file of the project is imported: what runs at import is recorded too.
    if early_config.known_args_namespace.maestro:
        from maestro.pytest_plugin.session import begin  # noqa: PLC0415 - see above: nothing else is imported here

        begin(early_config)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("maestro"):
        from maestro.pytest_plugin.session import register  # noqa: PLC0415 - as above

        register(config)


def _tau(text: str) -> float:
    try:
        tau = float(text)
    except ValueError:
        tau = 0.0
    if not 0 < tau < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no probability between 0 and 1; write for example 0.05")
    return tau
