"""How the tests of a project are listed and run: pytest by default, anything else by two commands in ``maestro.yaml``.

A runner answers with verdicts or with a ``Problem`` and the verdicts so far; red tests are verdicts. What a runner is
told comes from inside the sandbox: it is only believed about tests that were asked for, and the first word counts.
"""

from maestro.execution.runners.answers import Listing, OnOutcomes, Runner, RunOutput
from maestro.execution.runners.command_runner import CommandRunner
from maestro.execution.runners.pytest_runner import Extra, PytestRunner

__all__ = ["CommandRunner", "Extra", "Listing", "OnOutcomes", "PytestRunner", "RunOutput", "Runner"]
