"""``maestro tests evaluate``: walk a history forward and say what would have been promised, kept and saved."""

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from maestro.errors import BadInput
from maestro.impact.evaluation.figures import Evaluation
from maestro.impact.evaluation.figures import evaluate as evaluate_history
from maestro.impact.history.reading import form_of, read_history
from maestro.impact.risk.ranking import Failures


def taus_of(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[float, ...]:
    """``0.01,0.05`` as rising numbers. Raises BadInput for anything that is no probability."""
    try:
        taus = sorted({float(part) for part in value.split(",")})
    except ValueError:
        taus = []
    if not taus or not all(0 < tau < 1 for tau in taus):
        raise BadInput(f"{value!r} is no list of probabilities", field="--tau", fix="write for example 0.01,0.02,0.05")
    return tuple(taus)


@click.command()
@click.option(
    "--history", "path", required=True, type=click.Path(exists=True, path_type=Path), help="CSV, or a folder."
)
@click.option("--tau", "taus", default="0.01,0.02,0.05,0.10", show_default=True, callback=taus_of)
@click.option(
    "--tests",
    "universe",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="All tests there are, for an export that has rows of failing tests only: a JSON list, or test to file.",
)
@click.option("--failures", type=click.Choice(["all", "new", "both"]), default="both", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
def evaluate(path: Path, taus: tuple[float, ...], universe: Path | None, failures: str, *, as_json: bool) -> None:
    """Walk a history forward: what would have been promised, what would have escaped, what would have been saved.

    Every build is decided on earlier builds only. An escape is a red build of which no failing test would have run.
    """
    history = read_history(path, form_of(path), tests=universe)
    for remark in (*history.problems.left_out, *history.problems.notes):
        click.echo(f"{path.name}: {remark}", err=True)
    if not history.builds:
        raise BadInput("there is no build to walk through", field="--history", fix="export builds that ran tests")
    kinds = list(Failures) if failures == "both" else [Failures(failures)]
    found = [evaluate_history(history, taus=taus, failures=kind) for kind in kinds]
    if as_json:
        click.echo(json.dumps({one.failures: one.model_dump(mode="json") for one in found}, indent=2))
        return
    for one in found:
        _show(one)


def _show(found: Evaluation) -> None:
    console = Console()
    which = "all failures" if found.failures is Failures.ALL else "new failures (the test passed the time before)"
    said = "" if found.ece is None else f"; calibration error {found.ece:.4f}, Brier score {found.brier:.4f}"
    console.print(f"{which}: {found.builds} builds, {found.red_builds} red, {found.outcomes} outcomes{said}")
    table = Table(
        "τ", "escapes", "rate", "95 % interval", "kept", "any missed", "saved", "certified builds save", box=None
    )
    for row in found.taus:
        rate, certified = row.false_green, row.saved_when_certified
        table.add_row(
            f"{row.tau:g}", f"{rate.count} of {rate.of}", f"{rate.rate:.2%}", f"{rate.low:.2%} to {rate.high:.2%}",
            "yes" if row.kept else "no", f"{row.any_missed.count}", f"{row.saved:.1%}",
            "none is" if certified is None else f"{certified:.1%}",
        )  # fmt: skip
    console.print(table)
    table = Table(
        "with hindsight, saved when caught",
        "90 %",
        "95 %",
        "99 %",
        *(f"as at τ {row.tau:g}" for row in found.taus),
        box=None,
    )
    for name, baseline in found.baselines.items():
        caught = ("" if saved is None else f"{saved:.1%}" for saved in baseline.saved_at_caught.values())
        same = (row.baselines[name].saved_at_same_rate for row in found.taus)
        table.add_row(name, *caught, *("" if saved is None else f"{saved:.1%}" for saved in same))
    console.print(table)
