"""Explore every case and print what came of it: ``python -m tests.protocol``, or one of them with its traces."""

import click

from tests.protocol.cases import Case, cases

NAMES = [case.name for case in cases()]


@click.command()
@click.option("--trace", "name", type=click.Choice(NAMES), help="Show the shortest way to each broken promise.")
def main(name: str | None) -> None:
    """Two regions, leases, fences and epochs: every state that they can reach, with and without each guard."""
    if name is None:
        table()
    else:
        trace(next(case for case in cases() if case.name == name))


def table() -> None:
    click.echo(f"{'case':17}{'states':>9}{'steps':>11}  what is taken out, and what that breaks after how many steps")
    model = ""
    for case in cases():
        if case.model != model:
            model = case.model
            click.echo(f"\n{model}")
        done = case.explore()
        click.echo(f"{case.name:17}{done.states:9,}{done.steps:11,}  {case.without or 'nothing'}")
        for violation in done.violations:
            click.echo(f"{'':37}{len(violation.trace):4}  broken: {violation.promise}")
        if not done.violations:
            click.echo(f"{'':37}   -  every promise holds")


def trace(case: Case) -> None:
    done = case.explore()
    click.echo(f"{case.model}, without: {case.without or 'nothing'}; {done.states:,} states, {done.steps:,} steps")
    for violation in done.violations:
        click.echo(f"\nBroken: {violation.promise}")
        for number, sentence in enumerate(violation.trace, 1):
            click.echo(f"{number:4}. {sentence}")
    if not done.violations:
        click.echo("Every promise holds.")


if __name__ == "__main__":
    main()
