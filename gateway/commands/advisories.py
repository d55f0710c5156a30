"""``maestro advisories import`` and ``status``: which advisories heads are held against, and how old they are."""

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import click

from gateway.tables import print_table
from maestro.errors import BadInput, IntegrityError
from maestro.home import advisories_dir, home
from maestro.sbom import LIMIT_DAYS, Ecosystem, Snapshot, import_advisories, open_snapshot
from workers.stack.plan import prepare_home

TITLES = ("Ecosystem", "Advisories", "Packages")

TOO_OLD = 1
"""The exit code of a snapshot that is missing or older than its limit."""


@click.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(exists=True, path_type=Path))
@click.option("--snapshot", "taken", required=True, metavar="YYYY-MM-DD", help="The day they were published (UTC).")
@click.option(
    "--ecosystem",
    "ecosystems",
    multiple=True,
    type=click.Choice([str(each) for each in Ecosystem]),
    help="One of which all advisories are there; repeat for more. [default: those that some advisory is about alone]",
)
def import_(paths: tuple[Path, ...], taken: str, ecosystems: tuple[str, ...]) -> None:
    """Take advisories in OSV form from folders or ZIP archives, in the place of those before: all of them, or none."""
    before = _former()
    prepare_home(home())
    snapshot = import_advisories(
        paths,
        taken=_day(taken),
        now=datetime.now(UTC),
        folder=advisories_dir(),
        ecosystems=[Ecosystem(each) for each in ecosystems],
    )
    _show(snapshot)
    gone = sorted(before - snapshot.covered)
    if gone:
        click.echo(f"note: {', '.join(gone)} was covered before and is not any more: import them together", err=True)


@click.command()
@click.option(
    "--limit-days", type=click.FloatRange(min=0), default=LIMIT_DAYS, show_default=True, help="How old it may be."
)
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def status(limit_days: float, as_json: bool) -> None:
    """Show the snapshot of advisories: date, age, counts, digest. Exit code 1 where there is none or it is too old."""
    snapshot = open_snapshot(advisories_dir())
    if snapshot is None:
        click.echo("there is no snapshot of advisories; `maestro advisories import` makes one", err=True)
        sys.exit(TOO_OLD)
    age = snapshot.age_days(datetime.now(UTC))
    if as_json:
        told = snapshot.about.model_dump(mode="json") | {"digest": snapshot.digest, "age_days": round(age, 3)}
        click.echo(json.dumps(told | {"limit_days": limit_days, "usable": 0 <= age <= limit_days}, indent=2))
    else:
        _show(snapshot)
        click.echo(f"{age:.1f} days old, and at most {limit_days:g} are taken")
    if not 0 <= age <= limit_days:
        sys.exit(TOO_OLD)


def _former() -> frozenset[Ecosystem]:
    try:
        snapshot = open_snapshot(advisories_dir())
    except IntegrityError:
        return frozenset()  # about to be replaced, which is the fix that the error names
    return snapshot.covered if snapshot else frozenset()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{text!r} is no day", field="--snapshot", fix="write it like 2026-11-20") from error


def _show(snapshot: Snapshot) -> None:
    print_table(
        TITLES,
        (
            (name, f"{counts.advisories:,}", f"{counts.packages:,}")
            for name, counts in snapshot.about.ecosystems.items()
        ),
    )
    click.echo(
        f"snapshot of {snapshot.taken}; its newest advisory was changed {snapshot.about.newest:%Y-%m-%d %H:%M} UTC"
    )
    click.echo(snapshot.digest)
