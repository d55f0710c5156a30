"""gather: put the verdicts together, read what git and policy have to say, and ask every control."""

import asyncio

from temporalio import activity

from activities.flaky import Seen, note_flip
from activities.heartbeat import heartbeating
from activities.recording import keep_recording
from activities.services import Services
from maestro.assurance.establishing import Establisher, Round
from maestro.assurance.evaluation import evaluate
from maestro.assurance.hearing import hear
from maestro.canonical import digest
from maestro.execution.mirror import fetch
from maestro.execution.report import report_of
from maestro.execution.shard import verdicts_by_attempt
from maestro.home import advisories_dir, keys_dir
from maestro.model.conduct import Gathered, GatherRequest, ReassessRequest
from maestro.model.evidence import EvidenceSet, FindingState
from maestro.model.progress import Progress
from maestro.model.record import DecisionRecord, RecordKind
from maestro.model.tests import PlanBody, TestReport


class ReassessActivities:
    """Asks the controls again; a local activity of milliseconds, which needs no region."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    def reassess(self, request: ReassessRequest) -> EvidenceSet:
        """The evidence with the findings as they are now that people have spoken, or that it was merged."""
        return hear(
            request.evidence,
            pull_request=request.pull_request,
            reviews=request.reviews,
            merged=request.merged,
            catalogue=self._services.catalogue,
            store=self._services.artifacts,
            at=request.at,
        )


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
        keep_recording(services, mirror, request)
        # Of the task and not of the clock, so that a repetition gathers the same.
        at = activity.info().scheduled_time
        done = Round(pull_request, request.placement, request.plan, report)
        establisher = Establisher(services.artifacts, services.policy, keys_dir(), advisories_dir())
        found = establisher.establish(done, mirror=mirror, at=at)
        evidence = EvidenceSet(
            findings=evaluate(services.catalogue, found.facts, found.stored),
            evidence=tuple(found.evidence(at)),
            catalogue_digest=services.catalogue.digest,
            facts=services.artifacts.put_model(found.facts, name="facts.json"),
            gathered_at=at,
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
        facts = {"facts": evidence.facts.digest} if evidence.facts else {}
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
                inputs={"report": digest(report), "placement": digest(request.placement), **facts},
                version=evidence.catalogue_digest,
                at=activity.info().scheduled_time,
            )
        )
