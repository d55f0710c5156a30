"""trace: what to run next to find out what a failure of the night is, and, once that is known, writing it down."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from temporalio import activity

from activities.flaky import Seen, note_flip
from activities.heartbeat import heartbeating
from activities.impact import NO_TESTS
from activities.services import Services
from maestro.canonical import canonical_json, digest
from maestro.execution.mirror import fetch
from maestro.impact.tracing.lineage import first_parents
from maestro.impact.tracing.owing import Debt, bearer_of, escape_of
from maestro.impact.tracing.search import findings_of, next_probe
from maestro.impact.tracing.sights import sights_of
from maestro.impact.tracing.subject import failed_tests, of_main, of_pull_request
from maestro.ledger.schema import test_digest
from maestro.model.artifact import ArtifactRef
from maestro.model.decision import DecisionState
from maestro.model.night import NightTask, Probed, TraceProbe, TraceRequest, TraceStep
from maestro.model.progress import Progress
from maestro.model.pull_request import PullRequest
from maestro.model.record import DecisionRecord, RecordKind
from maestro.model.tests import SAMPLE_LIMIT, PlanBody, TestOutcome
from maestro.model.tracing import Finding, FindingKind, Sight, Trace, TraceSubject


class TracingActivities:
    """Traces failures. What was seen stands in the ledger, so that a search goes on wherever it was interrupted."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def trace(self, request: TraceRequest) -> TraceStep:
        """The next probe; or the findings, with every escape and every flip recorded."""
        async with heartbeating(lambda: Progress(detail="tracing what failed")):
            return await asyncio.to_thread(self._trace, request, activity.info().scheduled_time)

    def _trace(self, request: TraceRequest, at: datetime) -> TraceStep:
        store = self._services.artifacts
        subject = store.read_model(request.subject, TraceSubject) if request.subject else self._subject(request)
        stored = request.subject or store.put_model(subject, name="trace.json")
        seen = self._seen(request)
        probe = next_probe(subject, seen, spent=len(request.probed))
        if probe is not None:
            tests = self._put(probe.tests, name="probe.json")
            return TraceStep(
                subject=stored, probe=TraceProbe(revision=probe.revision, attempt=probe.attempt, tests=tests)
            )
        findings = findings_of(subject, seen)
        self._record(request.task, findings, at)
        return TraceStep(subject=stored, trace=self._summary(findings, probes=len(request.probed)))

    def _subject(self, request: TraceRequest) -> TraceSubject:
        """Fixed once, before the first probe: what probes find must not move where the search begins."""
        services, task = self._services, request.task
        body = services.artifacts.read_model(request.body, PlanBody)
        failed = failed_tests(body, self._outcomes(request.results))
        if task.settles is not None:
            return of_pull_request(task.settles, failed)
        main = task.pull_request
        line = first_parents(self._mirror(main), main.head_sha)
        heads = services.ledger.night.heads(main.repo, tenant=main.tenant)
        passes = services.ledger.history.passes(main.repo, failed, revisions=line, tenant=main.tenant)
        return of_main(line, failed, passes=passes, begun=[head.merge_base_sha for head in heads])

    def _seen(self, request: TraceRequest) -> dict[tuple[str, int], dict[str, Sight]]:
        seen: dict[tuple[str, int], dict[str, Sight]] = {}
        for probed in request.probed:
            place = (probed.probe.revision, probed.probe.attempt)
            seen.setdefault(place, {}).update(self._sights(request.task, probed))
        return seen

    def _sights(self, task: NightTask, probed: Probed) -> dict[str, Sight]:
        services, probe, plan = self._services, probed.probe, probed.plan
        at = task.pull_request.model_copy(update={"head_sha": probe.revision})
        return sights_of(
            json.loads(services.artifacts.get(probe.tests)),
            body=services.artifacts.read_model(plan.body, PlanBody) if plan else None,
            outcomes=services.ledger.history.outcomes(at.key("run", probe.attempt)),
            troubled=probed.problem is not None and probed.problem.kind != NO_TESTS.kind,
        )

    def _record(self, task: NightTask, findings: Sequence[Finding], at: datetime) -> None:
        tested = task.pull_request
        for finding in findings:
            if finding.kind is FindingKind.ESCAPE:
                self._record_escape(task, finding, at)
            if finding.kind is FindingKind.FLAKY:
                evidence = "; ".join(finding.evidence)
                seen = Seen(
                    tested=tested,
                    test=finding.test,
                    key=tested.key("trace"),
                    evidence=evidence,
                    on_main=task.settles is None,
                )
                note_flip(self._services.ledger, self._mirror(tested), seen)

    def _record_escape(self, task: NightTask, finding: Finding, at: datetime) -> None:
        ledger, tested = self._services.ledger, task.pull_request
        mirror = self._mirror(tested)
        heads = ledger.night.heads(tested.repo, tenant=tested.tenant)
        bearer = bearer_of(mirror, finding.first_bad, settles=task.settles, heads=heads)
        escape = escape_of(finding, tested, bearer=bearer, debt=self._debt(bearer), mirror=mirror)
        record = DecisionRecord(
            key=f"escape/{escape.repo}/{escape.pr or 'commit'}/{escape.head_sha}/{test_digest(escape.test).hex()}",
            kind=RecordKind.ESCAPE,
            repo=escape.repo,
            pr=escape.pr or "commit",
            head_sha=escape.head_sha,
            actor="night",
            outcome=f"{escape.test} escaped at {escape.owner}",
            reason="; ".join(escape.evidence),
            inputs={"finding": digest(finding), "run": digest(task)},
            at=at,
        )
        ledger.escapes.add(escape, also=lambda connection: ledger.records.append(record, within=connection))

    def _debt(self, bearer: PullRequest | None) -> Debt:
        if bearer is None:
            return Debt(left_out=(), decided_green=False)
        ledger = self._services.ledger
        decisions = ledger.records.list(
            repo=bearer.repo, pr=bearer.pr, head_sha=bearer.head_sha, kind=RecordKind.DECISION
        )
        green = bool(decisions) and decisions[-1].record.outcome == DecisionState.GREEN.value
        return Debt(left_out=ledger.night.left_out(bearer), decided_green=green)

    def _summary(self, findings: Sequence[Finding], *, probes: int) -> Trace:
        counts = Counter(finding.kind for finding in findings)
        escaped = [finding.test for finding in findings if finding.kind is FindingKind.ESCAPE]
        return Trace(
            counts={kind: counts[kind] for kind in FindingKind if counts[kind]},
            escapes=tuple(escaped[:SAMPLE_LIMIT]),
            probes=probes,
            findings=self._put([finding.model_dump(mode="json") for finding in findings], name="findings.json"),
        )

    def _outcomes(self, results: Sequence[ArtifactRef]) -> tuple[TestOutcome, ...]:
        listings = (json.loads(self._services.artifacts.get(ref)) for ref in results)
        return tuple(TestOutcome.model_validate(outcome) for listing in listings for outcome in listing)

    def _mirror(self, pull_request: PullRequest) -> Path:
        shas = (pull_request.head_sha,)
        return fetch(pull_request.repository, pull_request.repo, shas, places=self._services.places)

    def _put(self, value: object, *, name: str) -> ArtifactRef:
        return self._services.artifacts.put(canonical_json(value).encode(), media_type="application/json", name=name)
