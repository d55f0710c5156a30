"""CycloneDX 1.6 declarations: which requirement is claimed to be met, or claimed not to be, on which evidence.

A failed control is a counter-claim; one that was not evaluated has no claim and no score, only a rationale. The
signature is the bundle's: its signed summary names the index, and the index this document.
"""

import uuid
from typing import Any, Final

from maestro.canonical import DIGEST_PREFIX
from maestro.evidence.contents import Contents, Dossier
from maestro.evidence.exports.answers import Answer, Proof, answers, artifact_href, identity, proofs
from maestro.evidence.exports.texts import address, document, line, moment, paragraph
from maestro.model.evidence import FindingState

Node = dict[str, Any]

_ASSESSOR: Final = "assessor:maestro"
_TARGET: Final = "target:head"
_SCORES: Final = {FindingState.PASS: 1, FindingState.FAIL: 0}
_WITHOUT_SCORE: Final = {
    FindingState.NOT_EVALUATED: "Not evaluated, neither met nor failed",
    FindingState.NOT_APPLICABLE: "Not applicable, neither met nor failed",
}


def declarations(dossier: Dossier) -> bytes:
    """The whole document."""
    contents, found = dossier.contents, answers(dossier)
    sealed = moment(contents.sealed_at)
    serial = identity("declarations", contents.card.pull_request.workflow_id, sealed)
    return document(
        {
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": uuid.UUID(serial).urn,
            "version": 1,
            "metadata": _metadata(contents, sealed),
            "declarations": _declarations(contents, found),
            "definitions": {"standards": [_standard(dossier, found)]},
        }
    )


def _metadata(contents: Contents, sealed: str) -> Node:
    pull_request, decision = contents.card.pull_request, contents.card.decision
    told = {
        "decision": decision.state.value,
        "decided-by": decision.actor,
        "pull-request": pull_request.pr,
        "base-sha": pull_request.base_sha,
        "tested-tree": contents.tested_tree,
        "catalogue-digest": contents.catalogue_digest,
        "policy-digest": contents.policy_digest,
    }
    tool: Node = {"type": "application", "name": "Maestro Conductor", "version": line(contents.maestro_version)}
    return {
        "timestamp": sealed,
        "tools": {"components": [tool]},
        "component": _head(contents, "subject:head"),
        "properties": [_property(name, value) for name, value in told.items()],
    }


def _head(contents: Contents, ref: str) -> Node:
    pull_request = contents.card.pull_request
    return {
        "type": "application",
        "bom-ref": ref,
        "name": pull_request.repo,
        "version": pull_request.head_sha,
        "description": line(pull_request.title, otherwise=f"pull request {pull_request.pr}"),
        "externalReferences": [{"type": "vcs", "url": address(pull_request)}],
    }


def _declarations(contents: Contents, found: tuple[Answer, ...]) -> Node:
    failed = [answer for answer in found if answer.state is FindingState.FAIL and answer.fix]
    return {
        "assessors": [{"bom-ref": _ASSESSOR, "thirdParty": False, "organization": {"name": "Maestro Conductor"}}],
        "attestations": [
            {
                "summary": line(f"Controls of {contents.card.pull_request.repo}, {contents.card.pull_request.pr}"),
                "assessor": _ASSESSOR,
                "map": [_mapping(answer) for answer in found],
            }
        ],
        "claims": [_claim(answer) for answer in found if answer.state in _SCORES],
        "evidence": [*(_artifact(proof) for proof in proofs(found)), *(_mitigation(answer) for answer in failed)],
        "targets": {"components": [_head(contents, _TARGET)]},
    }


def _mapping(answer: Answer) -> Node:
    mapped: Node = {"requirement": _requirement_ref(answer)}
    reason = line(answer.finding.reason)
    if answer.state not in _SCORES:
        return mapped | {"conformance": {"rationale": f"{_WITHOUT_SCORE[answer.state]}: {reason}"}}
    failed = answer.state is FindingState.FAIL
    conformance: Node = {"score": _SCORES[answer.state], "rationale": reason}
    if failed and answer.fix:
        conformance["mitigationStrategies"] = [_mitigation_ref(answer)]
    return mapped | {
        "counterClaims" if failed else "claims": [_claim_ref(answer)],
        "conformance": conformance,
        "confidence": {
            "rationale": "The answer follows from the facts by the control's queries. How sure the facts are is not "
            "reckoned, so no score is given."
        },
    }


def _claim(answer: Answer) -> Node:
    failed = answer.state is FindingState.FAIL
    title = line(answer.finding.title, otherwise=answer.id)
    claim: Node = {
        "bom-ref": _claim_ref(answer),
        "target": _TARGET,
        "predicate": f"Not so: {title}" if failed else title,
        "reasoning": line(answer.finding.reason),
    }
    if failed and answer.fix:
        claim["mitigationStrategies"] = [_mitigation_ref(answer)]
    if answer.proofs:
        claim["evidence"] = [_artifact_ref(proof) for proof in answer.proofs]
        claim["externalReferences"] = [_with_digest(proof) for proof in answer.proofs]
    return claim


def _with_digest(proof: Proof) -> Node:
    # CycloneDX's evidence has no place for a digest; an external reference has.
    hashes = [{"alg": "SHA-256", "content": proof.ref.digest.removeprefix(DIGEST_PREFIX)}]
    return {"type": "evidence", "url": artifact_href(proof.ref), "hashes": hashes}


def _artifact(proof: Proof) -> Node:
    return {
        "bom-ref": _artifact_ref(proof),
        "propertyName": "maestro:artifact",
        "description": line(proof.summary, otherwise=line(proof.ref.name)),
        "data": [{"name": line(proof.ref.name), "contents": {"url": artifact_href(proof.ref)}}],
        "created": moment(proof.at),
    }


def _mitigation(answer: Answer) -> Node:
    attachment = {"contentType": "text/plain", "content": paragraph(answer.fix)}
    return {
        "bom-ref": _mitigation_ref(answer),
        "propertyName": "maestro:mitigation",
        "description": line(f"What to do where {answer.id} fails"),
        "data": [{"name": "What to do", "contents": {"attachment": attachment}}],
    }


def _standard(dossier: Dossier, found: tuple[Answer, ...]) -> Node:
    tiers = sorted({answer.finding.tier for answer in found})
    return {
        "bom-ref": "standard:catalogue",
        "name": "Controls of Maestro Conductor",
        "version": line(dossier.catalogue.digest),
        "description": "The control catalogue of this installation. Titles are its own; public requirements are named "
        "by identifier.",
        "requirements": [_requirement(answer) for answer in found],
        "levels": [
            {
                "bom-ref": f"level:{tier}",
                "identifier": f"tier-{tier}",
                "requirements": [_requirement_ref(answer) for answer in found if answer.finding.tier == tier],
            }
            for tier in tiers
        ],
    }


def _requirement(answer: Answer) -> Node:
    return {
        "bom-ref": _requirement_ref(answer),
        "identifier": answer.key,
        "title": line(answer.finding.title, otherwise=answer.id),
        "text": line("; ".join(f"{query.kind.value}: {query.where}" for query in answer.queries)),
        "properties": [
            _property("tier", str(answer.finding.tier)),
            *(
                _property(f"mapped-to:{framework}", identifier)
                for framework, identifiers in answer.mappings.items()
                for identifier in identifiers
            ),
        ],
    }


def _property(name: str, value: str) -> Node:
    return {"name": line(f"maestro:{name}"), "value": line(value)}


def _requirement_ref(answer: Answer) -> str:
    return f"requirement:{answer.key}"


def _claim_ref(answer: Answer) -> str:
    return f"claim:{answer.key}"


def _mitigation_ref(answer: Answer) -> str:
    return f"mitigation:{answer.key}"


def _artifact_ref(proof: Proof) -> str:
    return f"artifact:{proof.ref.digest}"
