"""``maestro ledger show`` and ``maestro ledger verify``: what was decided, and whether the chain of records holds."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path

import click

from gateway.tables import print_table
from maestro.artifacts import ArtifactStore
from maestro.attestations.actions import CheckedActions, check_actions
from maestro.clock import utc_now
from maestro.errors import BadInput
from maestro.home import artifacts_dir, keys_dir, ledger_url
from maestro.ledger import ChainHead, Ledger
from maestro.ledger.chain import Anchor
from maestro.ledger.checkpoints_check import Checked
from maestro.ledger.checkpoints_statement import LIMIT_BYTES
from maestro.ledger.checkpoints_trust import believing
from maestro.model.record import RecordKind, StoredRecord
from maestro.render.untrusted import line
from maestro.signing.keyfile import read_public
from maestro.signing.roots import TrustRoots

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
@click.option(
    "--checkpoint",
    "copies",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A checkpoint that was kept elsewhere; repeat for more.",
)
@click.option("--trust", type=click.Path(path_type=Path), help="Trust roots. [default: what this installation trusts]")
def verify(anchor: str | None, copies: tuple[Path, ...], trust: Path | None) -> None:
    """Check that no decision record was changed, dropped or inserted.

    None was reordered or renumbered either. Checkpoints are checked as well, and the records are held to those that are
    believed, which shows a chain that was rewritten as a whole. So are the signed statements of reviewers' actions.
    Exit code 1 where something does not hold.
    """
    noted = () if anchor is None else (Anchor(_anchor(anchor)),)
    roots = TrustRoots.of_folder(keys_dir()) if trust is None else TrustRoots.load(trust)
    read = believing(roots, now=utc_now())
    exported = [(str(path), read_public(path, limit_bytes=LIMIT_BYTES)) for path in copies]
    with existing_ledger() as ledger:
        checked = ledger.checkpoints.verify(read, exported=exported)
        problems = ledger.records.verify(anchors=(*checked.anchors, *noted))
        told = [f"{problem.name}: {problem.kind}: {problem.message}" for problem in checked.problems]
        told += [f"record {problem.sequence}: {problem.kind}: {problem.message}" for problem in problems]
        head = None if told else ledger.records.head()
        # A record that was changed cannot even be read, so they are asked only where the chain holds.
        actions = None if told else _checked_actions(ledger, roots)
    if actions is not None:
        told += [f"record {problem.sequence}: its statement: {problem.message}" for problem in actions.problems]
    if head is not None and actions is not None and not told:
        click.echo(f"{head.sequence} records, none changed; the head is {head.sequence}:{head.hash}")
        for sentence in (_checkpoints(checked), *_actions(actions)):
            click.echo(sentence)
        for sentence in _not_checked(checked, head, copied=bool(copies)):
            click.echo(sentence)
        return
    for sentence in told:
        click.echo(line(sentence), err=True)
    click.echo(f"{len(told)} problems: the ledger does not hold what was recorded", err=True)
    sys.exit(BROKEN)


def _checkpoints(checked: Checked) -> str:
    if checked.newest is None:
        return "no checkpoint has been made"
    newest = checked.newest
    return f"checkpoints that hold: {checked.count}; the newest is of {newest.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _checked_actions(ledger: Ledger, roots: TrustRoots) -> CheckedActions:
    folder = artifacts_dir()
    store = ArtifactStore(folder) if folder.is_dir() else None
    return check_actions(_all_actions(ledger), store=store, trust=roots, now=utc_now())


def _all_actions(ledger: Ledger) -> Iterator[StoredRecord]:
    after = 0
    while page := ledger.records.list(kind=RecordKind.ACTION, after=after):
        yield from page
        after = page[-1].sequence


def _actions(checked: CheckedActions) -> Iterator[str]:
    if checked.holding:
        yield f"signed actions of reviewers that hold: {checked.holding}"
    if checked.unsigned:
        yield f"not checked: {checked.unsigned} actions of a release that signed none"
    if checked.missing:
        first = f"record {checked.missing[0]}" if len(checked.missing) == 1 else f"records from {checked.missing[0]} on"
        yield f"not checked: {len(checked.missing)} signed actions whose statement is not stored here ({first})"


def _not_checked(checked: Checked, head: ChainHead, *, copied: bool) -> Iterator[str]:
    if head.sequence > checked.covered:
        yield (
            f"not checked: whether records {checked.covered + 1} to {head.sequence} were rewritten together with the"
            " head; no checkpoint covers them yet"
        )
    if not copied:
        yield (
            "not checked: whether the newest checkpoints were taken out together with the records that they cover;"
            " keep copies elsewhere (maestro ledger checkpoint --out) and give the last one by --checkpoint"
        )
    yield "not checked: whether the times of checkpoints are true, and whether a key was revoked after the trust roots"


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
