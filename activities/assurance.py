"""gather: put the verdicts together, read what git and policy have to say, and ask every control."""

import asyncio

from temporalio import activity

from activities.flaky import Seen, note_flip
from activities.heartbeat import heartbeating
from activities.recording import keep_recording
from activities.services import Services
from maestro.assurance.evaluation import evaluate
from maestro.assurance.facts import QueryKind
from maestro.assurance.gathering import facts_of
from maestro.assurance.gitfacts import git_facts
from maestro.canonical import digest
from maestro.execution.mirror import fetch
from maestro.execution.report import report_of
from maestro.execution.shard import verdicts_by_attempt
from maestro.model.conduct import Gathered, GatherRequest
from maestro.model.evidence import Evidence, EvidenceSet, FindingState
from maestro.model.progress import Progress
from maestro.model.record import DecisionRecord, RecordKind
from maestro.model.tests import PlanBody, TestReport


class AssuranceActivities:
    """Turns a round into evidence."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def gather(self, request: GatherRequest) -> Gathered:
        """The report and the findings, with every input stored."""
        async with heartbeating(lambda: Progress(detail="gathering evidence")):
            return await asyncio.to_thread(self._gather, request)

    def _gather(self, request: GatherRequest) -> Gathered:
        services, pull_request = self._services, request.pull_request
        body = services.artifacts.read_model(request.plan.body, PlanBody)
        attempts = verdicts_by_attempt(services.ledger, pull_request, first=request.first_attempt, last=request.attempt)
        report = report_of(
            body,
            request.shards,
            attempts,
            round_number=request.plan.round,
            quarantines=services.ledger.quarantines.standing(pull_request.repo, tenant=pull_request.tenant),
        )
        shas = (pull_request.base_sha, pull_request.merge_base_sha, pull_request.head_sha)
        mirror = fetch(pull_request.repository, pull_request.repo, shas, places=services.places)
        git = git_facts(mirror, pull_request)
        keep_recording(services, mirror, request)
        store = services.artifacts
        stored = {
            QueryKind.TESTS: (store.put_model(report, name="report.json"), request.plan.body, *report.results),
            QueryKind.POLICY: (store.put_model(request.placement, name="placement.json"),),
            QueryKind.GIT: (store.put_model(git, name="git.json"),),
        }
        facts = facts_of(plan=request.plan, report=report, placement=request.placement, git=git)
        findings = evaluate(services.catalogue, facts, stored)
        evidence = EvidenceSet(
            findings=findings,
            evidence=tuple(
                Evidence(ref=ref, summary=f"what was asked of {kind}") for kind in stored for ref in stored[kind]
            ),
            catalogue_digest=services.catalogue.digest,
        )
        if attempts[-1]:
            # After an escalation some of what was left out has run after all.
            run_key = pull_request.key("run", request.attempt)
            services.ledger.night.settle(run_key, pull_request=pull_request)
            services.ledger.own_builds.finish(run_key, files=body.changed_files)
        for test in report.flaky:
            seen = Seen(
                tested=pull_request,
                test=test,
                key=pull_request.key("retry", request.attempt),
                evidence=f"failed at {pull_request.head_sha[:12]} and passed when a reviewer had it run again",
                on_main=False,
            )
            note_flip(services.ledger, mirror, seen)
        self._record(request, report, evidence)
        return Gathered(report=report, evidence=evidence)

    def _record(self, request: GatherRequest, report: TestReport, evidence: EvidenceSet) -> None:
        pull_request = request.pull_request
        failed = [f.control for f in evidence.findings if f.state is FindingState.FAIL]
        unknown = [f.control for f in evidence.findings if f.state is FindingState.NOT_EVALUATED]
        self._services.ledger.records.append(
            DecisionRecord(
                key=pull_request.key("controls", f"{request.attempt}.{request.plan.round}"),
                kind=RecordKind.CONTROLS,
                repo=pull_request.repo,
                pr=pull_request.pr,
                head_sha=pull_request.head_sha,
                actor="catalogue",
                outcome=f"{len(failed)} of {len(evidence.findings)} controls failed",
                reason=f"failed: {', '.join(failed) or 'none'}; not evaluated: {', '.join(unknown) or 'none'}",
                inputs={"report": digest(report), "placement": digest(request.placement)},
                version=evidence.catalogue_digest,
                at=activity.info().scheduled_time,
            )
        )
