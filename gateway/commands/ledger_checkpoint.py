"""``maestro ledger checkpoint``: sign the head of the chain of records now, and write a copy to keep elsewhere."""

from pathlib import Path

import click

from gateway.commands.ledger import existing_ledger
from gateway.files import write_whole
from maestro.artifacts import ArtifactStore
from maestro.errors import BadInput
from maestro.home import artifacts_dir, keys_dir
from maestro.signing.keys import open_evidence_keyring


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="Write the signed checkpoint to this file as well.")
def checkpoint(out: Path | None) -> None:
    """Sign the head of the chain of records now.

    A head that has its checkpoint gets no second one. Keep the file where who writes the ledger cannot reach it.
    """
    with existing_ledger() as ledger:
        store = ArtifactStore(artifacts_dir())
        made = ledger.checkpoints.make(keys=open_evidence_keyring(keys_dir()), at=ledger.now(), store=store)
    if made is None:
        raise BadInput(
            "the ledger has no record yet, so there is nothing to sign",
            field="MAESTRO_LEDGER_URL",
            fix="conduct a pull request first, or name the ledger that has records",
        )
    if out is not None:
        write_whole(out, made.envelope)
    click.echo(f"checkpoint {made.number} covers records 1 to {made.sequence}: {made.digest}")
