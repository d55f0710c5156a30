"""A served repository per test, whose way to a stack leads nowhere."""

from pathlib import Path

import pytest

from tests.gateway.hooks.served import Served


@pytest.fixture
def served(tmp_path: Path) -> Served:
    """Not installed yet; ``TEMPORAL_ADDRESS`` is a port that nobody listens on."""
    variables = {"MAESTRO_HOME": str(tmp_path / "home"), "TEMPORAL_ADDRESS": "127.0.0.1:1"}
    return Served.under(tmp_path, {"calc.py": "x = 1\n"}, variables)
