"""Each answer in OSCAL: an observation always, a finding for a yes or a no, a risk with its remediation for a no.

A control that was not evaluated, or that does not apply, has an observation with the reason and no finding: OSCAL's
finding knows only *satisfied* and *not-satisfied*, and either would be a false statement.
"""

from typing import Final

from maestro.assurance.facts import QueryKind
from maestro.evidence.contents import Contents
from maestro.evidence.exports.answers import Answer, Proof, artifact_href, gathered_at, identity
from maestro.evidence.exports.oscal_words import (
    STATE_WORDS,
    Node,
    artifact_resource_id,
    objective_id,
    prop,
    subject_id,
    tool_id,
)
from maestro.evidence.exports.texts import line, markup, moment, paragraph, utc
from maestro.model.evidence import FindingState

_DECIDED: Final = {FindingState.PASS: "pass", FindingState.FAIL: "fail"}
_PROBABLE_EFFECT: Final = {
    1: "A control of tier 1 stops the merge until it holds.",
    2: "A control of tier 2 asks for a person who takes responsibility.",
    3: "A control of tier 3 advises; it does not stop the merge.",
}


def observation(answer: Answer, contents: Contents) -> Node:
    """What was seen when the control was asked. ``expires`` is when the oldest evidence stops to count."""
    collected = min((proof.at for proof in answer.proofs), key=utc, default=gathered_at(contents))
    found: Node = {
        "uuid": _observation_id(answer, contents),
        "title": line(f"{answer.key}: {STATE_WORDS[answer.state]}"),
        "description": markup(answer.finding.reason),
        "props": _props(answer),
        "methods": _methods(answer),
        "types": ["control-objective"],
        "origins": [_by_maestro(contents)],
        "subjects": [{"subject-uuid": subject_id(contents), "type": "component"}],
    }
    if answer.proofs:
        found["relevant-evidence"] = [_evidence(proof) for proof in answer.proofs]
    found["collected"] = moment(collected)
    return found | ({"expires": moment(answer.expires)} if answer.expires else {})


def finding(answer: Answer, contents: Contents) -> Node | None:
    """The conclusion, where there is one; None where the control was not evaluated or does not apply."""
    reason = _DECIDED.get(answer.state)
    if reason is None:
        return None
    found: Node = {
        "uuid": identity("finding", contents.card.pull_request.workflow_id, answer.id),
        "title": markup(answer.finding.title or answer.id),
        "description": markup(answer.finding.reason),
        "props": _props(answer),
        "origins": [_by_maestro(contents)],
        "target": {
            "type": "objective-id",
            "target-id": objective_id(answer),
            "status": {"state": STATE_WORDS[answer.state], "reason": reason},
        },
        "related-observations": [{"observation-uuid": _observation_id(answer, contents)}],
    }
    if answer.state is FindingState.FAIL:
        found["related-risks"] = [{"risk-uuid": _risk_id(answer, contents)}]
    return found


def risk(answer: Answer, contents: Contents) -> Node | None:
    """What a failed control means, and what to do; None for every other state."""
    if answer.state is not FindingState.FAIL:
        return None
    tier = answer.finding.tier
    found: Node = {
        "uuid": _risk_id(answer, contents),
        "title": markup(f"Not so: {answer.finding.title or answer.id}"),
        "description": markup(answer.finding.reason),
        "statement": _PROBABLE_EFFECT.get(tier, f"This is a control of tier {tier}."),
        "props": _props(answer),
        "status": "open",
        "origins": [_by_maestro(contents)],
        "related-observations": [{"observation-uuid": _observation_id(answer, contents)}],
    }
    if answer.fix:
        found["remediations"] = [
            {
                "uuid": identity("remediation", contents.card.pull_request.workflow_id, answer.id),
                "lifecycle": "recommendation",
                "title": "What to do",
                "description": paragraph(answer.fix),
            }
        ]
    return found


def _props(answer: Answer) -> list[Node]:
    return [
        prop("control-id", answer.key),
        prop("state", STATE_WORDS[answer.state]),
        prop("tier", str(answer.finding.tier)),
    ]


def _methods(answer: Answer) -> list[str]:
    kinds = {query.kind for query in answer.queries}
    if not kinds:
        return ["UNKNOWN"]
    methods = ["EXAMINE"] if kinds - {QueryKind.TESTS} else []
    return [*methods, *(["TEST"] if QueryKind.TESTS in kinds else [])]


def _evidence(proof: Proof) -> Node:
    return {
        "href": artifact_href(proof.ref),
        "description": markup(proof.summary or proof.ref.name),
        "props": [prop("sha256", proof.ref.digest), prop("shown-at", moment(proof.at))],
        "links": [{"href": f"#{artifact_resource_id(proof.ref.digest)}", "rel": "reference"}],
    }


def _by_maestro(contents: Contents) -> Node:
    return {"actors": [{"type": "tool", "actor-uuid": tool_id(contents)}]}


def _observation_id(answer: Answer, contents: Contents) -> str:
    return identity("observation", contents.card.pull_request.workflow_id, answer.id)


def _risk_id(answer: Answer, contents: Contents) -> str:
    return identity("risk", contents.card.pull_request.workflow_id, answer.id)
