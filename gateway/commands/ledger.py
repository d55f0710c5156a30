"""``maestro ledger show`` and ``maestro ledger verify``: what was decided, and whether the chain of records holds."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from gateway.tables import print_table
from maestro.errors import BadInput
from maestro.home import ledger_url
from maestro.ledger import ChainHead, Ledger
from maestro.model.record import RecordKind, StoredRecord
from maestro.render.untrusted import line

TITLES = ("No.", "At (UTC)", "Kind", "Pull request", "Head", "Outcome", "By", "Reason")

SQLITE = "sqlite:///"

BROKEN = 1
"""The exit code of a chain that does not hold."""


@click.command()
@click.option("--repo", help="Only of this repository.")
@click.option("--pr", help="Only of this pull request.")
@click.option("--head", help="Only of this head, by its whole commit id.")
@click.option("--kind", type=click.Choice([kind.value for kind in RecordKind]), help="Only of this kind.")
@click.option("--after", type=click.IntRange(min=0), default=0, help="Only records after this number.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="A list as JSON, with inputs and hashes.")
def show(
    repo: str | None, pr: str | None, head: str | None, kind: str | None, after: int, limit: int, as_json: bool
) -> None:
    """Show decision records, oldest first."""
    wanted = None if kind is None else RecordKind(kind)
    with existing_ledger() as ledger:
        records = ledger.records.list(repo=repo, pr=pr, head_sha=head, kind=wanted, after=after, limit=limit)
    if as_json:
        click.echo(json.dumps([record.model_dump(mode="json") for record in records], indent=2))
    elif records:
        print_table(TITLES, map(_row, records))
    else:
        click.echo("no record fits", err=True)


@click.command()
@click.option("--anchor", help="A head noted earlier, NUMBER:HASH; shows also a chain that was rewritten as a whole.")
def verify(anchor: str | None) -> None:
    """Check that no decision record was changed, dropped or inserted. Exit code 1 where one was."""
    noted = None if anchor is None else _anchor(anchor)
    with existing_ledger() as ledger:
        problems = ledger.records.verify(anchor=noted)
        if not problems:
            head = ledger.records.head()
            click.echo(f"{head.sequence} records, none changed; the head is {head.sequence}:{head.hash}")
            return
    for problem in problems:
        click.echo(f"record {problem.sequence}: {problem.kind}: {line(problem.message)}", err=True)
    click.echo(f"{len(problems)} problems: the ledger does not hold what was recorded", err=True)
    sys.exit(BROKEN)


@contextmanager
def existing_ledger() -> Iterator[Ledger]:
    """The ledger that is there; looking never creates one, nor changes the tables of one."""
    url = ledger_url()
    path = url.removeprefix(SQLITE).partition("?")[0]
    if url.startswith(SQLITE) and not Path(path).exists():
        raise BadInput(
            f"there is no ledger at {path}",
            field="MAESTRO_LEDGER_URL",
            fix="conduct a pull request first, or set MAESTRO_HOME or MAESTRO_LEDGER_URL to where it is",
        )
    with Ledger.open(url, migrate=False) as ledger:
        yield ledger


def _anchor(text: str) -> ChainHead:
    number, _, digest = text.partition(":")
    if not (number.isascii() and number.isdigit() and digest):
        raise BadInput(f"{text!r} is no head", field="--anchor", fix="give what an earlier verify printed: NUMBER:HASH")
    return ChainHead(sequence=int(number), hash=digest)


def _row(stored: StoredRecord) -> tuple[str, ...]:
    record = stored.record
    return (
        str(stored.sequence),
        f"{record.at:%Y-%m-%d %H:%M:%S}",
        record.kind.value,
        f"{record.repo}/{record.pr}",
        record.head_sha[:12],
        record.outcome,
        record.actor,
        record.reason,
    )
