"""Builds the environment that a project's tests run in: once per lock file, in the sandbox, read-only afterwards."""

from maestro.execution.environment.build import Environment, ensure

__all__ = ["Environment", "ensure"]
