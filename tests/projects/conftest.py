"""What was measured on each project, as a table at the end and as ``out/projects.json``."""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Measured:
    """One conducted change. ``seconds`` is the whole call, ``test_seconds`` what its tests took, ``plain_seconds`` the
    whole suite by plain pytest; ``escapes`` are tests that fail plainly but were left out.
    """

    project: str
    change: str
    listed: int
    selected: int
    left_out: int
    seconds: float
    test_seconds: float
    plain_seconds: float
    isolation: str
    verdict: str
    failed: int
    escapes: int


Measurements = list[Measured]

MEASURED = pytest.StashKey[Measurements]()


@pytest.fixture(scope="session")
def measured(request: pytest.FixtureRequest) -> Iterator[Measurements]:
    """Where each test puts what it measured."""
    rows: Measurements = []
    request.config.stash[MEASURED] = rows
    yield rows
    target = request.config.rootpath / "out" / "projects.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    table = Table(*(field.name.replace("_", " ") for field in dataclasses.fields(Measured)), box=None)
    for row in config.stash.get(MEASURED, []):
        table.add_row(*(_cell(value) for value in dataclasses.astuple(row)))
    console = Console(width=180)
    with console.capture() as captured:
        console.print(table)
    terminalreporter.section("public projects")
    terminalreporter.write_line(captured.get())


def _cell(value: str | float) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
