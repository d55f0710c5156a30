"""SARIF 2.1.0 for code scanning: every failed control, and every one that was not evaluated as an *open* result.

Where a failure names files, each file is a result with its place in the repository. Elsewhere the place is the stored
artifact that shows it, in the bundle: no file of the repository is blamed for what it did not do.
"""

from typing import Any, Final
from urllib.parse import quote

from maestro.assurance.expression import facts_used
from maestro.assurance.facts import QueryKind
from maestro.canonical import digest
from maestro.evidence.contents import INDEX, Contents, Dossier, artifact_path
from maestro.evidence.exports.answers import Answer, answers, identity
from maestro.evidence.exports.texts import address, document, line, link_in, message, moment, paragraph
from maestro.model.evidence import FindingState

FILES_LIMIT: Final = 500
"""Results of one control; code scanning refuses more than 25,000 in all. The artifact has every name."""

Node = dict[str, Any]

_LEVELS: Final = {1: "error", 2: "warning", 3: "note"}
_REPOSITORY: Final = "REPOSITORY"
_BUNDLE: Final = "BUNDLE"
_OF_FILES: Final = frozenset(
    {"git.executables_added", "git.private_keys_added", "git.rule_files_changed", "sbom.unread_lock_files"}
)
"""The facts that are lists of files of the head."""


def sarif_log(dossier: Dossier) -> bytes:
    """The log, with one run. All controls are rules of it, so that a reader sees what was asked."""
    contents, found = dossier.contents, answers(dossier)
    results = [
        result
        for number, answer in enumerate(found)
        if answer.state in {FindingState.FAIL, FindingState.NOT_EVALUATED}
        for result in _results(answer, number, contents)
    ]
    return document(
        {
            "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
            "version": "2.1.0",
            "runs": [_run(contents, found, results)],
        }
    )


def _run(contents: Contents, found: tuple[Answer, ...], results: list[Node]) -> Node:
    pull_request = contents.card.pull_request
    repository = address(pull_request)
    driver: Node = {
        "name": "Maestro Conductor",
        "version": line(contents.maestro_version),
        "rules": [_rule(answer) for answer in found],
    }
    return {
        "tool": {"driver": driver},
        "automationDetails": {
            "id": f"maestro-evidence/{pull_request.head_sha}",
            "guid": identity("sarif", pull_request.workflow_id, moment(contents.sealed_at)),
        },
        "invocations": [{"executionSuccessful": True, "endTimeUtc": moment(contents.sealed_at)}],
        "versionControlProvenance": [
            {
                "repositoryUri": repository,
                "revisionId": pull_request.head_sha,
                "mappedTo": {"uriBaseId": _REPOSITORY},
            }
        ],
        "originalUriBaseIds": {
            _REPOSITORY: {"description": {"text": "The top of the repository at the head of the pull request."}},
            _BUNDLE: {"description": {"text": "The folder of the evidence bundle, which holds this file."}},
        },
        "results": results,
        "columnKind": "unicodeCodePoints",
        "properties": {
            "repo": pull_request.repo,
            "pullRequest": pull_request.pr,
            "decision": contents.card.decision.state.value,
            "testedTree": line(contents.tested_tree),
            "catalogueDigest": line(contents.catalogue_digest),
            "policyDigest": line(contents.policy_digest),
        },
    }


def _rule(answer: Answer) -> Node:
    title = message(answer.finding.title or answer.id)
    names = [f"{framework}:{id_}" for framework, identifiers in answer.mappings.items() for id_ in identifiers]
    rule: Node = {
        "id": answer.key,
        "shortDescription": {"text": title},
        "fullDescription": {"text": title},
        "defaultConfiguration": {"level": _level(answer)},
        "properties": {"tier": answer.finding.tier, "tags": [line(name) for name in dict.fromkeys(names)]},
    }
    if answer.fix:
        rule["help"] = {"text": "\n".join(message(part) for part in answer.fix.splitlines() if part.strip())}
        rule["help"]["markdown"] = paragraph(answer.fix).replace("{", "{{").replace("}", "}}")
    address_of_help = link_in(answer.fix)
    return rule | ({"helpUri": address_of_help} if address_of_help else {})


def _results(answer: Answer, number: int, contents: Contents) -> list[Node]:
    failed = answer.state is FindingState.FAIL
    files = _files(answer, contents) if failed else ()
    if not files:
        return [_result(answer, number, contents, file="")]
    return [_result(answer, number, contents, file=file) for file in files[:FILES_LIMIT]]


def _result(answer: Answer, number: int, contents: Contents, *, file: str) -> Node:
    failed = answer.state is FindingState.FAIL
    pull_request = contents.card.pull_request
    said = [f"{file}:"] if file else []
    said += [answer.finding.reason] if failed else ["Not evaluated.", answer.finding.reason]
    said += ["What to do:", answer.fix] if failed and answer.fix else []
    fingerprint = digest({"repo": pull_request.repo, "control": answer.id, "file": file})
    return {
        "ruleId": answer.key,
        "ruleIndex": number,
        "kind": "fail" if failed else "open",
        # SARIF 3.27.10: what is not a failure has no level. The rule keeps the level of its tier.
        "level": _level(answer) if failed else "none",
        "message": {"text": " ".join(message(part) for part in said)},
        "locations": [_location(answer, contents, file)],
        "partialFingerprints": {"maestroControl/v1": fingerprint.removeprefix("sha256:")},
        "properties": {
            "tier": answer.finding.tier,
            "state": answer.state.value,
            "evidence": [proof.ref.digest for proof in answer.proofs],
        },
    }


def _location(answer: Answer, contents: Contents, file: str) -> Node:
    pull_request = contents.card.pull_request
    if file and _stays_inside(file):
        place: Node = {"uri": quote(file.encode("utf-8", "backslashreplace"), safe="/"), "uriBaseId": _REPOSITORY}
    else:
        proven = artifact_path(answer.proofs[0].ref) if answer.proofs else INDEX
        place = {"uri": proven, "uriBaseId": _BUNDLE}
    logical: Node = {
        "name": answer.key,
        "fullyQualifiedName": line(f"{pull_request.repo}/{pull_request.pr}/{pull_request.head_sha}/{answer.key}"),
        "kind": "resource",
    }
    return {"physicalLocation": {"artifactLocation": place}, "logicalLocations": [logical]}


def _files(answer: Answer, contents: Contents) -> tuple[str, ...]:
    """The files that the facts of the control's queries name, sorted."""
    names: set[str] = set()
    for query in answer.queries:
        for fact in _OF_FILES.intersection(facts_used(query.kind, query.where)):
            value = contents.facts.known(QueryKind(fact.partition(".")[0])).get(fact, ())
            names |= set(value) if isinstance(value, tuple) else set()
    return tuple(sorted(names))


def _stays_inside(file: str) -> bool:
    return not {"", ".", ".."} & set(file.split("/"))


def _level(answer: Answer) -> str:
    return _LEVELS.get(answer.finding.tier, "note")
