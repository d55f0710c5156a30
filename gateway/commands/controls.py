"""``maestro controls check`` and ``maestro controls coverage``: whether a catalogue is sound, and what it answers."""

import json
from collections import Counter
from pathlib import Path

import click

from gateway.tables import print_table
from maestro.assurance.catalogue import Catalogue, load
from maestro.assurance.coverage import OSPS_BASELINE, Requirement, as_markdown, coverage, gaps, summary
from maestro.errors import BadInput
from maestro.resources import controls_dir

TITLES = ("Requirement", "Asks", "Answered", "By", "What stays open")
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
THE_FOLDER = click.option("--controls", "folder", type=FOLDER, help="A catalogue. [default: the one in force]")


@click.command()
@THE_FOLDER
def check(folder: Path | None) -> None:
    """Read a catalogue as a worker does; exit code 2 with file, line, column and fix where it cannot be used."""
    folder = folder or controls_dir()
    catalogue = load(folder)
    missing = gaps(catalogue)
    if missing:
        raise BadInput(
            f"neither a control nor a reason for {', '.join(missing)}",
            field=str(folder),
            fix="map a control to it, or list it with the reason why it cannot be seen",
        )
    tiers = Counter(control.tier for control in catalogue.controls)
    click.echo(
        f"{len(catalogue.controls)} controls: {', '.join(f'{n} of tier {tier}' for tier, n in sorted(tiers.items()))}"
    )
    click.echo(f"{_mapped(catalogue)} requirements of {len(catalogue.frameworks)} frameworks are mapped")
    for name in catalogue.outside:
        if name in catalogue.frameworks:
            click.echo(f"{name}: {summary(coverage(catalogue, name))}")
    for control in catalogue.controls:
        if control.left_out:
            click.echo(
                f"{control.id} leaves out {', '.join(control.left_out)}: its defaults hold (tier {control.tier})"
            )


@click.command("coverage")
@THE_FOLDER
@click.option("--framework", default=OSPS_BASELINE, show_default=True, help="The framework, as mappings name it.")
@click.option("--json", "form", flag_value="json", help="As JSON.")
@click.option("--markdown", "form", flag_value="markdown", help="As a table for a page.")
def coverage_(folder: Path | None, framework: str, form: str | None) -> None:
    """Show which controls answer each requirement of a framework, or why none can."""
    requirements = coverage(load(folder or controls_dir()), framework)
    if form == "json":
        click.echo(json.dumps([found.model_dump(mode="json") for found in requirements], indent=2))
    elif form == "markdown":
        click.echo(as_markdown(requirements), nl=False)
    else:
        print_table(TITLES, map(_row, requirements))
        click.echo(summary(requirements))


def _row(requirement: Requirement) -> tuple[str, ...]:
    by = ", ".join(f"{found.id} (tier {found.tier}: {', '.join(found.kinds)})" for found in requirement.controls)
    return requirement.id, requirement.title, requirement.answered.value, by, requirement.reason


def _mapped(catalogue: Catalogue) -> int:
    return len(
        {(name, id_) for control in catalogue.controls for name in control.mappings for id_ in control.mappings[name]}
    )
