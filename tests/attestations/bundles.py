"""A signed bundle in a folder, as far as verifiers of statements look at one."""

from pathlib import Path

from maestro.attestations.outgoing import signed_statements
from maestro.attestations.resource import resource_uri
from maestro.attestations.summary import verification_summary
from maestro.evidence.contents import Dossier
from maestro.model.evidence import FindingState
from maestro.signing.keys import Keyring
from tests.attestations.statements import index_of
from tests.evidence.samples import store_at
from tests.outside.asking import Question


def bundle(made: Dossier, folder: Path, keys: Keyring) -> Question:
    """The signed files of a bundle in a folder, its index, and the right question about it."""
    out, card = folder / "bundle", made.contents.card
    members = signed_statements(made, store=store_at(folder), keys=keys)
    index = index_of(made.contents)
    summary = verification_summary(made, index=index, statements=members, keys=keys)
    for path, content in [("index.json", index), *((each.path, each.content) for each in (*members, summary))]:
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(content)
    (folder / "key.pem").write_bytes(keys.public_pem())
    passing = [finding.control for finding in card.findings if finding.state is FindingState.PASS]
    return Question(
        folder=out,
        key=folder / "key.pem",
        key_id=keys.key_id,
        head=card.pull_request.head_sha,
        resource=resource_uri(card.pull_request),
        level="IG-SC-5" if "IG-SC-5" in passing else passing[0],
    )
