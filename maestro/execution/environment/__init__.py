"""Builds the environment that a project's tests run in: once per lock file, in the sandbox, read-only afterwards."""

from maestro.execution.environment.build import Environment, ensure
from maestro.execution.environment.existing import existing

__all__ = ["Environment", "ensure", "existing"]
