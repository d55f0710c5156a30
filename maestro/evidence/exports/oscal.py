"""OSCAL 1.2.1 assessment results: what was asked of one head, what was found, by whom, on which stored artifacts.

The plan of the assessment is the control catalogue, which is asked as a whole; it lies beside this document.
"""

from datetime import datetime
from typing import Final

from maestro.canonical import digest_of_bytes
from maestro.evidence.contents import Contents, Dossier
from maestro.evidence.exports.answers import Answer, answers, counts, gathered_at, identity, proofs
from maestro.evidence.exports.oscal_answers import finding, observation, risk
from maestro.evidence.exports.oscal_catalog import CATALOG_FILE, oscal_catalog
from maestro.evidence.exports.oscal_people import decider, logged_by, parties, responsible, roles
from maestro.evidence.exports.oscal_words import (
    NS,
    OSCAL_VERSION,
    STATE_WORDS,
    Node,
    artifact_resource,
    objective_id,
    prop,
    sha256,
    subject_id,
    tool_id,
)
from maestro.evidence.exports.texts import address, document, line, markup, moment, utc
from maestro.model.evidence import FindingState
from maestro.model.record import StoredRecord

_SELECTIONS: Final = {
    FindingState.PASS: "Asked, and satisfied.",
    FindingState.FAIL: "Asked, and not satisfied.",
    FindingState.NOT_EVALUATED: "Asked, without an answer: neither satisfied nor not satisfied. The observation of "
    "each names the missing input.",
    FindingState.NOT_APPLICABLE: "Asked, and not applicable to this pull request. The observation of each has the "
    "reason.",
}


def assessment_results(dossier: Dossier) -> bytes:
    """The whole document."""
    contents, found = dossier.contents, answers(dossier)
    workflow_id, sealed = contents.card.pull_request.workflow_id, moment(contents.sealed_at)
    plan = identity("plan", workflow_id)
    return document(
        {
            "assessment-results": {
                "uuid": identity("assessment-results", workflow_id, sealed),
                "metadata": _metadata(contents),
                "import-ap": {
                    "href": f"#{plan}",
                    "remarks": "The plan is the control catalogue: all of it is asked of every pull request.",
                },
                "results": [_result(contents, found)],
                "back-matter": {
                    "resources": [_plan(dossier, plan), *(artifact_resource(proof) for proof in proofs(found))]
                },
            }
        }
    )


def _metadata(contents: Contents) -> Node:
    pull_request = contents.card.pull_request
    return {
        "title": line(f"Controls of {pull_request.repo}, pull request {pull_request.pr}, {pull_request.head_sha[:12]}"),
        "last-modified": moment(contents.sealed_at),
        "version": str(contents.card.version),
        "oscal-version": OSCAL_VERSION,
        "props": [
            prop("catalogue-digest", contents.catalogue_digest),
            prop("policy-digest", contents.policy_digest),
            prop("maestro-version", contents.maestro_version),
        ],
        "roles": roles(),
        "parties": parties(contents),
        "responsible-parties": responsible(contents),
    }


def _result(contents: Contents, found: tuple[Answer, ...]) -> Node:
    pull_request, decision = contents.card.pull_request, contents.card.decision
    number = {STATE_WORDS[state]: count for state, count in counts(found).items()}
    told = ", ".join(f"{count} {word.replace('-', ' ')}" for word, count in number.items())
    result: Node = {
        "uuid": identity("result", pull_request.workflow_id),
        "title": line(f"{pull_request.repo} {pull_request.pr}: {decision.state.value}"),
        "description": f"Controls: {told}.",
        "start": moment(_start(contents, found)),
        "end": moment(contents.sealed_at),
        "props": [
            prop("decision", decision.state.value),
            *(prop(f"count-{word}", str(count)) for word, count in number.items()),
        ],
        "local-definitions": _local_definitions(contents),
        "reviewed-controls": _reviewed(found),
        "attestations": [_decision(contents)],
    }
    if contents.records:
        result["assessment-log"] = {"entries": [_entry(stored, contents) for stored in contents.records]}
    lists = {"observations": observation, "risks": risk, "findings": finding}
    for name, write_one in lists.items():
        if nodes := [node for answer in found if (node := write_one(answer, contents)) is not None]:
            result[name] = nodes
    return result


def _start(contents: Contents, found: tuple[Answer, ...]) -> datetime:
    times = [proof.at for answer in found for proof in answer.proofs]
    times += [stored.record.at for stored in contents.records]
    return min([*times, gathered_at(contents)], key=utc)


def _local_definitions(contents: Contents) -> Node:
    pull_request, landing = contents.card.pull_request, contents.landing
    props = [
        prop("repository", address(pull_request)),
        prop("pull-request", pull_request.pr),
        prop("head-sha", pull_request.head_sha),
        prop("base-sha", pull_request.base_sha),
        prop("merge-base-sha", pull_request.merge_base_sha),
        prop("tested-tree", contents.tested_tree),
    ]
    if landing is not None:
        props += [prop("landed-commit", landing.commit), prop("landed-tree", landing.tree)]
        props += [prop("landed-on", landing.base_ref)]
    head: Node = {
        "uuid": subject_id(contents),
        "type": "software",
        "title": line(f"{pull_request.repo} at {pull_request.head_sha}"),
        "description": markup(pull_request.title or f"pull request {pull_request.pr}"),
        "props": props,
        "status": {"state": "other", "remarks": "Landed."} if landing else {"state": "under-development"},
    }
    return {"components": [head], "assessment-assets": _assets(contents)}


def _assets(contents: Contents) -> Node:
    tool: Node = {
        "uuid": tool_id(contents),
        "type": "software",
        "title": "Maestro Conductor",
        "description": "Conducts pull requests, asks the controls and records what was found.",
        "props": [prop("version", contents.maestro_version)],
        "status": {"state": "operational"},
    }
    platform: Node = {
        "uuid": identity("platform", contents.maestro_version),
        "title": "Maestro Conductor",
        "uses-components": [{"component-uuid": tool_id(contents)}],
    }
    return {"components": [tool], "assessment-platforms": [platform]}


def _reviewed(found: tuple[Answer, ...]) -> Node:
    selections: list[Node] = []
    for state, description in _SELECTIONS.items():
        chosen = [{"control-id": answer.key} for answer in found if answer.state is state]
        if chosen:
            props = [prop("state", STATE_WORDS[state])]
            selections.append({"description": description, "props": props, "include-controls": chosen})
    decided = [
        {"objective-id": objective_id(answer)}
        for answer in found
        if answer.state in {FindingState.PASS, FindingState.FAIL}
    ]
    # The schema asks for a selection: of a catalogue without controls, all are none.
    reviewed: Node = {"control-selections": selections or [{"include-all": {}}]}
    objectives = [{"include-objectives": decided}] if decided else []
    return reviewed | ({"control-objective-selections": objectives} if objectives else {})


def _decision(contents: Contents) -> Node:
    decision = contents.card.decision
    reasons = "\n".join(f"- {markup(reason)}" for reason in decision.reasons) or "No reason was recorded."
    part: Node = {
        "uuid": identity("decision", contents.card.pull_request.workflow_id),
        "name": "decision",
        "ns": NS,
        "title": line(f"Decision: {decision.state.value.replace('_', ' ')}"),
        "props": [prop("decision", decision.state.value), prop("decided-by", decision.actor)],
        "prose": reasons,
    }
    return {"responsible-parties": [decider(contents)], "parts": [part]}


def _entry(stored: StoredRecord, contents: Contents) -> Node:
    record = stored.record
    inputs = [prop(f"input-{name}", digest) for name, digest in sorted(record.inputs.items())]
    return {
        "uuid": identity("record", contents.card.pull_request.workflow_id, str(stored.sequence), stored.hash),
        "title": markup(f"{record.kind.value}: {record.outcome}"),
        "description": markup(record.reason),
        "start": moment(record.at),
        "props": [
            prop("record-key", record.key),
            prop("record-sequence", str(stored.sequence)),
            prop("record-hash", stored.hash),
            prop("actor", record.actor),
            *inputs,
        ],
        "logged-by": [logged_by(stored)],
    }


def _plan(dossier: Dossier, plan: str) -> Node:
    catalog = oscal_catalog(dossier)
    props = [prop("catalogue-digest", dossier.catalogue.digest)]
    resource: Node = {
        "uuid": plan,
        "title": "The control catalogue that was asked",
        "description": "Every control with its queries, as an OSCAL catalog.",
        "props": props,
        "rlinks": [
            {
                "href": CATALOG_FILE,
                "media-type": "application/oscal.catalog+json",
                "hashes": [sha256(digest_of_bytes(catalog))],
            }
        ],
    }
    if dossier.catalogue.digest != dossier.contents.catalogue_digest:
        resource["remarks"] = (
            "The catalogue has changed since the controls were asked: its digest is not that of the answers."
        )
    return resource
