"""JUnit XML for continuous integration: a suite per tier, a test case per control.

A failed control is a failure, one that was not evaluated an error, one that does not apply is skipped; only a control
that holds is a passed case. A catalogue without controls is an error too.
"""

from typing import Final
from xml.etree import ElementTree as ET  # only written here, never read

from maestro.evidence.contents import Contents, Dossier
from maestro.evidence.exports.answers import Answer, answers
from maestro.evidence.exports.texts import address, line, paragraph, utc
from maestro.model.evidence import FindingState

_STOPS: Final = {1: "stops a merge", 2: "asks for a person", 3: "advises"}


def junit_report(dossier: Dossier) -> bytes:
    """The whole document, in UTF-8."""
    contents, found = dossier.contents, answers(dossier)
    root = ET.Element("testsuites", {"name": line(f"Controls of {_title(contents)}"), **_numbers(found), "time": "0"})
    for tier in sorted({answer.finding.tier for answer in found}):
        root.append(_suite(tier, tuple(answer for answer in found if answer.finding.tier == tier), contents))
    if not found:
        root.append(_nothing_asked(contents))
        root.attrib |= {"tests": "1", "errors": "1"}
    ET.indent(root, space=" ")
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _suite(tier: int, found: tuple[Answer, ...], contents: Contents) -> ET.Element:
    stops = f", which {_STOPS[tier]}" if tier in _STOPS else ""
    suite = _empty_suite(f"Tier {tier}{stops}", contents, _numbers(found))
    suite.extend(_case(answer) for answer in found)
    return suite


def _empty_suite(name: str, contents: Contents, numbers: dict[str, str]) -> ET.Element:
    # The schema of JUnit's XML has times without a zone; they are in UTC.
    timestamp = utc(contents.sealed_at).replace(tzinfo=None, microsecond=0).isoformat()
    suite = ET.Element("testsuite", {"name": name, **numbers, "time": "0", "timestamp": timestamp})
    properties = ET.SubElement(suite, "properties")
    for key, value in _told(contents).items():
        ET.SubElement(properties, "property", {"name": key, "value": line(value)})
    return suite


def _told(contents: Contents) -> dict[str, str]:
    pull_request, decision = contents.card.pull_request, contents.card.decision
    return {
        "repo": pull_request.repo,
        "repository": address(pull_request),
        "pr": pull_request.pr,
        "head": pull_request.head_sha,
        "tested-tree": contents.tested_tree,
        "decision": decision.state.value,
        "decided-by": decision.actor,
        "catalogue-digest": contents.catalogue_digest,
        "policy-digest": contents.policy_digest,
        "maestro-version": contents.maestro_version,
    }


def _case(answer: Answer) -> ET.Element:
    title = line(answer.finding.title, otherwise="")
    name = f"{answer.key} {title}".rstrip()
    case = ET.Element("testcase", {"classname": f"maestro.tier{answer.finding.tier}", "name": name, "time": "0"})
    reason = line(answer.finding.reason)
    match answer.state:
        case FindingState.FAIL:
            _verdict(case, "failure", message=reason, body=_failed(answer, reason), kind="control-failed")
        case FindingState.NOT_EVALUATED:
            _verdict(case, "error", message=f"Not evaluated: {reason}", body=reason, kind="not-evaluated")
        case FindingState.NOT_APPLICABLE:
            ET.SubElement(case, "skipped", {"message": f"Not applicable: {reason}"})
        case FindingState.PASS:
            pass
    if answer.proofs:
        shown = "\n".join(line(f"{proof.ref.digest} {proof.summary}") for proof in answer.proofs)
        ET.SubElement(case, "system-out").text = f"{reason}\nEvidence:\n{shown}"
    return case


def _failed(answer: Answer, reason: str) -> str:
    return f"{reason}\nWhat to do:\n{paragraph(answer.fix)}" if answer.fix else reason


def _verdict(case: ET.Element, tag: str, *, message: str, body: str, kind: str) -> None:
    ET.SubElement(case, tag, {"message": message, "type": kind}).text = body


def _nothing_asked(contents: Contents) -> ET.Element:
    numbers = {"tests": "1", "failures": "0", "errors": "1", "skipped": "0"}
    suite = _empty_suite("No control was asked", contents, numbers)
    case = ET.SubElement(suite, "testcase", {"classname": "maestro", "name": "Controls were asked", "time": "0"})
    _verdict(case, "error", message="No control was asked", body="The catalogue has none.", kind="not-evaluated")
    return suite


def _numbers(found: tuple[Answer, ...]) -> dict[str, str]:
    def number(state: FindingState) -> str:
        return str(sum(answer.state is state for answer in found))

    return {
        "tests": str(len(found)),
        "failures": number(FindingState.FAIL),
        "errors": number(FindingState.NOT_EVALUATED),
        "skipped": number(FindingState.NOT_APPLICABLE),
    }


def _title(contents: Contents) -> str:
    return f"{contents.card.pull_request.repo}, {contents.card.pull_request.pr}"
