"""``maestro regions drill``: hurt two clusters of one's own while pull requests run, and see what held."""

import sys
from pathlib import Path

import click

from gateway.tables import print_table
from workers.drill.report import page, tables, verdict
from workers.drill.running import Wanted, run
from workers.drill.sink import Way

BROKEN = 1
"""The exit code of a drill in which a promise of Maestro's way broke."""

WAYS = ",".join(way.value for way in Way)


@click.command()
@click.option("--faults", type=click.IntRange(min=1), default=20, show_default=True, help="How many are injected.")
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed gives the same faults.")
@click.option("--ways", default=WAYS, show_default=True, help="Which ways to an effect are measured, with commas.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the report there, as HTML.")
@click.option("--ledger-url", default="", help="A PostgreSQL to keep the ledger in. [default: one of the drill's own]")
@click.option("--keep", is_flag=True, help="Leave the drill's folder behind, with logs and repository.")
@click.option("--json", "as_json", is_flag=True, help="All that was read and found, as JSON.")
def drill(faults: int, seed: int, ways: str, report: Path | None, ledger_url: str, keep: bool, as_json: bool) -> None:
    """Hurt two clusters of one's own, and see what holds.

    Faults are injected while pull requests run on clusters that the drill starts, and all is judged from outside.
    Nothing of a stack that runs is touched. Exit code 0 where every promise held, 1 where one broke, 3 where the drill
    cannot be started. The other ways to an effect (run id and activity id as the key; plain Temporal) are measured
    beside Maestro's and never fail a drill.
    """
    found = run(
        Wanted(faults=faults, seed=seed, ways=_ways(ways), ledger_url=ledger_url, keep=keep),
        lambda line: click.echo(line, err=True),
    )
    if report is not None:
        report.write_text(page(found), encoding="utf-8")
    if as_json:
        click.echo(found.model_dump_json(indent=2))
    else:
        for part in tables(found):
            click.echo(f"\n{part.caption}")
            print_table(part.titles, part.rows)
        click.echo(f"\n{verdict(found)}")
    sys.exit(BROKEN if found.findings.broken else 0)


def _ways(text: str) -> tuple[Way, ...]:
    named = [part.strip() for part in text.split(",") if part.strip()]
    known = [way.value for way in Way]
    for name in named:
        if name not in known:
            raise click.BadParameter(f"there is no way {name!r}; there is {', '.join(known)}", param_hint="--ways")
    return tuple(Way(name) for name in dict.fromkeys(named))
