"""What our statements say: the predicates of test result, decision and provenance, from what was decided."""

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote

from pydantic import JsonValue

from maestro.attestations.names import (
    BUILD_TYPE,
    BUILDER_ID,
    CATALOGUE_URI,
    COUNTS_FIELD,
    ENVIRONMENT_URI,
    NOT_NAMED_FIELD,
    POLICY_URI,
)
from maestro.attestations.resource import JsonObject, commit, instant, source_uri, stored, versioned
from maestro.evidence.contents import Contents
from maestro.execution.report import FAILED
from maestro.model.artifact import ArtifactRef
from maestro.model.decision import ActionKind
from maestro.model.evidence import ControlFinding
from maestro.model.record import RecordKind, StoredRecord
from maestro.model.tests import TestOutcome, TestReport, Verdict

NAMES_LIMIT = 2_000
"""Tests that a statement names of each kind; the stored results, named by digest, have all of them."""


def test_result(contents: Contents, report: TestReport, *, outcomes: Iterable[TestOutcome]) -> JsonObject:
    """in-toto's test result. What failed in quarantine or passed only when run again is a warning, never a pass.

    ``outcomes`` are the stored verdicts; figures come from the report, and what is not named is counted.
    """
    verdicts = {outcome.test: outcome.verdict for outcome in (*outcomes, *report.failed)}
    failing = {test for test, verdict in verdicts.items() if verdict in FAILED}
    # Where nothing failed beyond the quarantine, all that failed is in it; else only its sample says which.
    held = failing if not report.failed_count else {each.test for each in report.quarantined}
    warned = held | set(report.flaky)
    passed = {test for test, verdict in verdicts.items() if verdict is Verdict.PASS} - warned
    names = {"passedTests": passed, "warnedTests": warned, "failedTests": failing - warned}
    totals = {
        "passedTests": max(report.counts.get(Verdict.PASS, 0) - len(set(report.flaky)), len(passed)),
        "warnedTests": max(report.quarantined_count + len(set(report.flaky)), len(warned)),
        "failedTests": max(report.failed_count, len(failing - warned)),
    }
    named = {kind: sorted(tests)[:NAMES_LIMIT] for kind, tests in names.items()}
    return {
        "result": _result(report),
        "configuration": _configuration(contents),
        **{kind: list(tests) for kind, tests in named.items()},
        NOT_NAMED_FIELD: {kind: totals[kind] - len(tests) for kind, tests in named.items()},
        COUNTS_FIELD: {
            "passed": report.counts.get(Verdict.PASS, 0),
            "skipped": report.counts.get(Verdict.SKIP, 0),
            "failed": report.failed_count,
            "failedInQuarantine": report.quarantined_count,
            "withoutVerdict": report.missing_count,
            "runnerProblems": len(report.problems),
        },
    }


def _result(report: TestReport) -> str:
    if not report.green:
        return "FAILED"
    return "WARNED" if report.quarantined_count or report.flaky else "PASSED"


def _configuration(contents: Contents) -> list[JsonValue]:
    plan = contents.card.plan
    planned: list[JsonValue] = [stored(plan.body)] if plan else []
    return [*planned, *_rules(contents)]


def _rules(contents: Contents) -> list[JsonValue]:
    return [
        versioned(CATALOGUE_URI, contents.catalogue_digest, name="control catalogue"),
        versioned(POLICY_URI, contents.policy_digest, name="policies"),
    ]


def decision(contents: Contents) -> JsonObject:
    """What was decided, by whom and why, what people did, and every control's answer with the digests behind it."""
    card = contents.card
    landing = contents.landing
    found: JsonObject = {
        "state": card.decision.state.value,
        "actor": card.decision.actor,
        "reasons": list(card.decision.reasons),
        "risk": card.risk,
        "decidedAt": instant(_decided_at(contents)),
        "rules": _rules(contents),
        "pullRequest": _pull_request(contents),
        "findings": [_finding(finding) for finding in card.findings],
        "reviewerActions": [_action(each) for each in contents.records if each.record.kind is RecordKind.ACTION],
        "records": [_record(each) for each in contents.records],
    }
    if card.plan and card.plan.risk:
        risk = card.plan.risk
        # As text: a float has no form in which all languages write it.
        found["riskStatement"] = {
            "tau": str(risk.tau),
            "residualRisk": str(risk.residual_risk),
            "certified": risk.certified,
            "method": risk.method,
            "promise": risk.promise,
        }
    if landing:
        found["landing"] = {
            "baseRef": landing.base_ref,
            "asTested": landing.tree == contents.tested_tree,
            "commit": commit(card.pull_request, landing.commit, tree=landing.tree),
        }
    return found


def _decided_at(contents: Contents) -> datetime:
    """When the last decision was recorded; the card's own time where no record says."""
    recorded = [each.record.at for each in contents.records if each.record.kind is RecordKind.DECISION]
    return max(recorded, default=contents.card.generated_at)


def _pull_request(contents: Contents) -> JsonObject:
    pull_request = contents.card.pull_request
    return {
        "repository": source_uri(pull_request),
        "repo": pull_request.repo,
        "number": pull_request.pr,
        "base": pull_request.base_sha,
        "mergeBase": pull_request.merge_base_sha,
        "head": pull_request.head_sha,
        "author": pull_request.author,
        "authorKind": pull_request.author_kind.value,
        "tenant": pull_request.tenant,
        "labels": [*sorted(pull_request.labels)],
    }


def _finding(finding: ControlFinding) -> JsonObject:
    return {
        "control": finding.control,
        "title": finding.title,
        "tier": finding.tier,
        "state": finding.state.value,
        "reason": finding.reason,
        "evidence": [ref.digest for ref in finding.evidence],
    }


def _action(stored_record: StoredRecord) -> JsonObject:
    record = stored_record.record
    kind, _, changed = record.outcome.partition(": ")
    known = kind in set(ActionKind)
    return {
        "action": kind if known else record.outcome,
        "changed": changed if known else "",
        "actor": record.actor,
        "reason": record.reason,
        "at": instant(record.at),
        "record": stored_record.hash,
    }


def _record(stored_record: StoredRecord) -> JsonObject:
    return {
        "sequence": stored_record.sequence,
        "kind": stored_record.record.kind.value,
        "hash": stored_record.hash,
        "previousHash": stored_record.previous_hash,
    }


def provenance(contents: Contents) -> JsonObject:
    """SLSA provenance of the test run of this head: what was asked, on what it ran, and what came of it."""
    card = contents.card
    pull_request, plan, report = card.pull_request, card.plan, card.report
    internal: JsonObject = {"tenant": pull_request.tenant}
    if card.placement and card.placement.region:
        internal["region"] = card.placement.region
    if report:
        internal |= {"isolation": list(report.isolation), "ranIn": list(report.regions), "round": report.round}
    metadata: JsonObject = {"invocationId": pull_request.workflow_id, "finishedOn": instant(card.generated_at)}
    if card.timeline:
        metadata["startedOn"] = instant(min(entry.at for entry in card.timeline))
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "pullRequest": _pull_request(contents),
                "mode": plan.mode.value if plan else "",
                "publish": list(pull_request.publish),
            },
            "internalParameters": internal,
            "resolvedDependencies": _inputs(contents),
        },
        "runDetails": {
            "builder": {"id": BUILDER_ID, "version": {"maestro-conductor": contents.maestro_version}},
            "metadata": metadata,
            "byproducts": _byproducts(contents),
        },
    }


def _inputs(contents: Contents) -> list[JsonValue]:
    pull_request, plan = contents.card.pull_request, contents.card.plan
    found: list[JsonValue] = [
        commit(pull_request, pull_request.head_sha, tree=contents.tested_tree) | {"name": "head"},
        commit(pull_request, pull_request.base_sha) | {"name": "base"},
    ]
    if plan and plan.environment_key:
        uri = f"{ENVIRONMENT_URI}:{quote(plan.environment_key, safe='-._~')}"
        found.append({"name": "environment", "uri": uri})
    return found


def _byproducts(contents: Contents) -> list[JsonValue]:
    report = contents.card.report
    refs: list[ArtifactRef] = [each.ref for each in contents.evidence if each.kind == "tests"]
    refs += (*report.results, *report.logs) if report else ()
    by_digest: dict[str, JsonObject] = {}
    for ref in refs:
        by_digest.setdefault(ref.digest, stored(ref))
    return list(by_digest.values())
