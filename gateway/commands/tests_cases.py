"""``maestro tests evaluate-cases``: known faults of a repository, and what would have run of its suite for each."""

import asyncio
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from gateway.commands.tests_evaluate import taus_of
from maestro.config.project import ProjectConfig
from maestro.config.yamlfile import load
from maestro.execution.settings import ExecutionSettings
from maestro.home import home
from maestro.impact.evaluation.casefile import read_cases
from maestro.impact.evaluation.cases import CasesEvaluation, Figures
from maestro.impact.evaluation.cases import evaluate_cases as evaluate
from maestro.impact.evaluation.opening import Ground
from maestro.impact.evaluation.outcome import Chosen
from maestro.impact.evaluation.testmon import VERSION
from maestro.impact.knowledge.evidence import Evidence
from maestro.impact.risk.change import select_change, shipped_change_model

TABLE_COLUMNS = 120

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--repo", "repository", required=True, type=FOLDER, help="A git repository with its history; only read.")
@click.option("--cases", "path", required=True, type=FILE, help='Lines of {"base": …, "patch": …, "failing": […]}.')
@click.option("--tau", "taus", default="0.01,0.02,0.05,0.10", show_default=True, callback=taus_of)
@click.option(
    "--python",
    type=FILE,
    help="An interpreter with all that the tests need; they run in it unprotected. Without it an environment is built.",
)
@click.option("--project", type=FILE, help="A maestro.yaml to use instead of the repository's own.")
@click.option("--no-testmon", is_flag=True, help="Do not compare with pytest-testmon.")
@click.option("--json", "as_json", is_flag=True, help="The figures and every case as JSON.")
def evaluate_cases(
    repository: Path,
    path: Path,
    taus: tuple[float, ...],
    python: Path | None,
    project: Path | None,
    *,
    no_testmon: bool,
    as_json: bool,
) -> None:
    """Hold known faults against what would have been selected for each, by Maestro, by fixed rules, by pytest-testmon.

    The suite runs on each base once, recorded; a second call uses what was recorded. Of the faults nothing runs.
    """
    file = read_cases(path)
    model = shipped_change_model()

    def select(evidence: Evidence, tau: float) -> Chosen:
        return select_change(evidence, tau=tau, model=model)

    ground = Ground(
        repository=repository,
        home=home(),
        settings=ExecutionSettings(isolation="auto" if python is None else "none"),
        project=load(project, ProjectConfig, source=str(project)) if project else None,
        python=python,
    )
    found = asyncio.run(
        evaluate(
            ground, file, taus=taus, select=select, testmon=not no_testmon, say=lambda text: click.echo(text, err=True)
        )
    )
    if as_json:
        click.echo(found.model_dump_json(indent=2))
    else:
        _show(found)


def _show(found: CasesEvaluation) -> None:
    # Into a file, where a console takes 80 columns for granted, cells would be cut off.
    console = Console(width=max(Console().width, TABLE_COLUMNS))
    for remark in (*found.left_out, *found.remarks):
        console.print(remark, markup=False, highlight=False)
    console.print(
        f"{found.cases} cases of {found.lines} lines. Caught: a failing test runs. Time and tests: shares of the suite"
    )
    table = Table(box=None)
    for title in ("", "caught", "all of them", "escaped", "time", "median", "90th", "tests"):
        table.add_column(title, no_wrap=True)
    for row in found.taus:
        table.add_row(f"τ {row.tau:g}", *_cells(row))
        table.add_row("  random, same time", f"{row.random_caught:.1f} of {row.cases}")
    for name, figures in found.rules.items():
        table.add_row(name, *_cells(figures))
    if found.testmon is not None:
        table.add_row(f"pytest-testmon {VERSION}", *_cells(found.testmon))
    console.print(table)
    for row in found.taus:
        for why, count in row.everything.items():
            console.print(f"τ {row.tau:g}: everything ran in {count}: {why}", markup=False, highlight=False)
    for base in found.bases:
        cost = base.testmon
        console.print(
            f"{base.sha[:12]}: {base.tests} tests, recorded in {base.recorded_seconds:.1f} s"
            + (
                f", plain in {cost.plain_seconds:.1f} s, under pytest-testmon in {cost.building_seconds:.1f} s"
                if cost
                else ""
            ),
            highlight=False,
        )


def _cells(figures: Figures) -> tuple[str, ...]:
    escaped = figures.escaped
    shares = (figures.time_mean, figures.time_median, figures.time_p90, figures.tests_mean)
    return (
        f"{figures.caught} of {figures.cases}",
        f"{figures.caught_all}",
        f"{escaped.rate:.1%} ({escaped.low:.1%} to {escaped.high:.1%})",
        *(f"{share:.1%}" for share in shares),
    )
