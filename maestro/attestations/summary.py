"""The verification summary (SLSA VSA): which controls held for a head, in a form that other people's tools can ask."""

from collections import Counter
from collections.abc import Sequence

from maestro.attestations.names import (
    CATALOGUE_URI,
    POLICY_URI,
    SUMMARY_TYPE,
    VERIFIER_ID,
)
from maestro.attestations.outgoing import head_subject, sealed
from maestro.attestations.resource import JsonObject, commit, instant, resource_uri, sha256, versioned
from maestro.attestations.statement import make_statement
from maestro.canonical import digest_of_bytes
from maestro.errors import BadInput
from maestro.evidence.contents import INDEX, SUMMARY, Contents, Dossier, Member
from maestro.model.decision import DecisionState
from maestro.model.evidence import FindingState
from maestro.signing.keys import Keyring

SLSA_VERSION = "1.1"
FAILED_LEVEL = "FAILED"
"""What stands in place of the levels where the verification failed."""

_RESERVED = "SLSA_"


def verification_summary(dossier: Dossier, *, index: bytes, statements: Sequence[Member], keys: Keyring) -> Member:
    """The signed summary of a bundle. Its subjects are the head, the index, and what landed, if that was tested.

    PASSED means that the decision is green; only then are the controls that pass named. Raises BadInput where a control
    was answered twice, because then nobody could say which answer holds.
    """
    contents = dossier.contents
    passed = contents.card.decision.state is DecisionState.GREEN
    predicate: JsonObject = {
        "verifier": {"id": VERIFIER_ID, "version": {"maestro-conductor": contents.maestro_version}},
        "timeVerified": instant(contents.sealed_at),
        "resourceUri": resource_uri(contents.card.pull_request),
        "policy": versioned(POLICY_URI, contents.policy_digest, name="policies")
        | {"annotations": {"controlCatalogue": versioned(CATALOGUE_URI, contents.catalogue_digest, name="controls")}},
        "inputAttestations": [
            {"uri": each.path, "digest": sha256(digest_of_bytes(each.content))} for each in statements
        ],
        "verificationResult": "PASSED" if passed else "FAILED",
        "verifiedLevels": [*_levels(contents)] if passed else [FAILED_LEVEL],
        "slsaVersion": SLSA_VERSION,
    }
    statement = make_statement(_subjects(contents, index), predicate_type=SUMMARY_TYPE, predicate=predicate)
    return sealed(statement, path=SUMMARY, shows="which controls held for the head, and this bundle's index", keys=keys)


def level_of(control: str) -> str:
    """The verified level that says that a control passed: its id as it is.

    Only what begins with ``SLSA_`` is SLSA's own and gets a prefix that no id of a control can have, so no two controls
    share a level.
    """
    return f"control:{control}" if control.startswith(_RESERVED) else control


def _levels(contents: Contents) -> list[str]:
    findings = contents.card.findings
    twice = sorted(control for control, times in Counter(each.control for each in findings).items() if times > 1)
    if twice:
        raise BadInput(
            f"the control {twice[0]} was answered more than once", field="findings", fix="gather the evidence again"
        )
    return sorted(level_of(each.control) for each in findings if each.state is FindingState.PASS)


def _subjects(contents: Contents, index: bytes) -> list[JsonObject]:
    pull_request, landing = contents.card.pull_request, contents.landing
    found: list[JsonObject] = [
        head_subject(contents),
        {"name": INDEX, "digest": sha256(digest_of_bytes(index))},
    ]
    # What landed with another tree was not verified, and a summary that named it would say so.
    if landing and landing.commit != pull_request.head_sha and landing.tree == contents.tested_tree:
        landed = commit(pull_request, landing.commit, tree=landing.tree)
        found.append({"name": f"{landing.base_ref} after the merge", **landed})
    return found
