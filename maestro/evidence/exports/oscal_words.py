"""The small parts of which OSCAL documents are made: properties, links, identifiers and resources."""

from typing import Any, Final

from maestro.canonical import DIGEST_PREFIX
from maestro.evidence.contents import Contents
from maestro.evidence.exports.answers import Answer, Proof, artifact_href, identity
from maestro.evidence.exports.texts import line, markup, token
from maestro.model.evidence import FindingState

OSCAL_VERSION: Final = "1.2.1"
NS: Final = "urn:maestro-conductor:oscal"
"""The namespace of our own properties; OSCAL's own names are used where it has a name for the thing."""

Node = dict[str, Any]

STATE_WORDS: Final = {
    FindingState.PASS: "satisfied",
    FindingState.FAIL: "not-satisfied",
    FindingState.NOT_EVALUATED: "not-evaluated",
    FindingState.NOT_APPLICABLE: "not-applicable",
}


def prop(name: str, value: str, *, remarks: str = "") -> Node:
    """A property in our namespace."""
    found: Node = {"name": token(name), "ns": NS, "value": line(value)}
    return found | ({"remarks": markup(remarks)} if remarks else {})


def objective_id(answer: Answer) -> str:
    """What a finding targets: the objective of the control in ``oscal-catalog.json``."""
    return f"{answer.key}_obj"


def artifact_resource_id(digest: str) -> str:
    return identity("artifact", digest)


def sha256(digest: str) -> Node:
    return {"algorithm": "SHA-256", "value": digest.removeprefix(DIGEST_PREFIX)}


def artifact_resource(proof: Proof) -> Node:
    """A stored artifact as a resource of the back matter, with its place in the bundle and its digest."""
    return {
        "uuid": artifact_resource_id(proof.ref.digest),
        "title": markup(proof.ref.name or proof.ref.digest),
        "description": markup(proof.summary),
        "rlinks": [
            {
                "href": artifact_href(proof.ref),
                "media-type": line(proof.ref.media_type),
                "hashes": [sha256(proof.ref.digest)],
            }
        ],
    }


def subject_id(contents: Contents) -> str:
    return identity("head", contents.card.pull_request.workflow_id)


def tool_id(contents: Contents) -> str:
    return identity("maestro", contents.maestro_version)
