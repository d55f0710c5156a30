"""``maestro evidence export``: a sealed bundle from the ledger and the artifact store, as a folder or an archive.

Needs neither Temporal nor a worker: what was sealed is on record.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from gateway.commands.ledger import existing_ledger
from maestro.artifacts import ArtifactStore
from maestro.errors import BadInput
from maestro.evidence.storing import bundle_of, read_bundle
from maestro.evidence.writing import ARCHIVE_SUFFIX, export_archive, export_folder
from maestro.home import artifacts_dir
from maestro.ledger import Ledger
from maestro.ledger.records import LIST_LIMIT
from maestro.model.record import RecordKind, StoredRecord
from maestro.render.untrusted import line

_HEAD = re.compile(r"^[0-9a-f]{4,64}$")
_SHOWN = 10


@click.command()
@click.argument("pull_request", metavar="PR")
@click.option("--head", help="Of this head, by at least 4 characters of its commit id. [default: the newest]")
@click.option("--out", type=click.Path(path_type=Path), help="Where to. [default: evidence-REPO-PR-HEAD here]")
@click.option("--archive", is_flag=True, help="One .tar.gz instead of a folder.")
def export(pull_request: str, head: str | None, out: Path | None, archive: bool) -> None:
    """Write the sealed evidence of a pull request.

    It is for whoever wants to check it, and neither Temporal nor a worker is needed. PR is a workflow
    id, at least 4 characters of its head, or repo/pr. The place is printed.
    """
    with existing_ledger() as ledger:
        record = sealed_record(ledger, pull_request, head=head)
    store = ArtifactStore(artifacts_dir())
    files = read_bundle(bundle_of(record, store), store)
    archive = archive or bool(out and out.name.endswith(ARCHIVE_SUFFIX))
    target = out or Path(_name(record) + (ARCHIVE_SUFFIX if archive else ""))
    (export_archive if archive else export_folder)(files, target=target)
    click.echo(f"sealed {record.record.at:%Y-%m-%d %H:%M} UTC: {line(record.record.reason)}", err=True)
    click.echo(f"check it with: maestro evidence verify {target} --commit {record.record.head_sha}", err=True)
    click.echo(str(target))


def sealed_record(ledger: Ledger, text: str, *, head: str | None) -> StoredRecord:
    """The newest record of a sealed bundle that ``text`` names. Says on standard error which other heads there are.

    Raises BadInput where there is none, or where a part of a head names several.
    """
    if head is not None and not _HEAD.match(head):
        raise BadInput(f"{head!r} is no part of a commit id", field="--head", fix="give 4 to 64 hexadecimal digits")
    named = [record for record in _named(ledger, text) if record.record.head_sha.startswith(head or "")]
    if not named:
        raise BadInput(
            f"no sealed evidence is on record for {text!r}" + (f" with the head {head}" if head else ""),
            field="PR",
            fix="see `maestro ledger show --kind evidence` for what is; evidence is sealed when a decision is final",
        )
    newest = named[-1].record
    others = {_workflow_id(each) for each in named} - {_workflow_id(named[-1])}
    if others and (head is not None or _HEAD.match(text)):
        listed = "\n".join(f"    {name}" for name in sorted(others | {_workflow_id(named[-1])})[:_SHOWN])
        raise BadInput(f"{head or text!r} names several heads:\n{listed}", field="PR", fix="give more of the commit id")
    if others:
        click.echo(
            f"the newest of {len(others) + 1} heads is taken, {newest.head_sha[:12]}; --head takes one of", err=True
        )
        for name in sorted(others)[:_SHOWN]:
            click.echo(f"    {line(name)}", err=True)
    return named[-1]


def _named(ledger: Ledger, text: str) -> Iterator[StoredRecord]:
    """All records of sealed bundles that the text names, oldest first."""
    repo, pr, head = None, None, ""
    if text.startswith("pr/") and text.count("/") >= 3:
        repo, pr, head = text.removeprefix("pr/").rsplit("/", 2)
    elif _HEAD.match(text):
        head = text
    else:
        repo, _, pr = text.rpartition("/")
        if not repo:
            return
    after = 0
    while batch := ledger.records.list(repo=repo, pr=pr, kind=RecordKind.EVIDENCE, after=after, limit=LIST_LIMIT):
        yield from (record for record in batch if record.record.head_sha.startswith(head))
        after = batch[-1].sequence


def _workflow_id(stored: StoredRecord) -> str:
    record = stored.record
    return f"pr/{record.repo}/{record.pr}/{record.head_sha}"


def _name(stored: StoredRecord) -> str:
    record = stored.record
    return f"evidence-{record.repo.replace('/', '-')}-{record.pr}-{record.head_sha[:12]}"
