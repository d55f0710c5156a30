"""select: open the head, list its tests, and divide them into those that run and those left to the night."""

import asyncio
import json
from collections.abc import Mapping, Sequence

from temporalio import activity

from activities.heartbeat import heartbeating
from activities.judging import Judged, Judging
from activities.services import Services
from activities.trees import opened
from maestro.canonical import canonical_json, digest
from maestro.execution.mirror import fetch
from maestro.execution.runners import Listing
from maestro.execution.tree import Tree
from maestro.impact.changes import Change, changed_files
from maestro.impact.escaped import why_again
from maestro.impact.graph.imports import ImportGraph
from maestro.impact.judgement import Judgement
from maestro.impact.risk.statement import in_words
from maestro.impact.selection import Known, Selection, select
from maestro.impact.shadow import in_shadow
from maestro.impact.shards import ShardLimits
from maestro.model.conduct import SelectRequest
from maestro.model.progress import Progress
from maestro.model.pull_request import PullRequest
from maestro.model.record import DecisionRecord, RecordKind
from maestro.model.tests import Problem, Replay, SelectionMode, SelectionRule, TestPlan

NO_TESTS = Problem(
    kind="no_tests",
    message="no test was found at this head, so nothing can be said about it",
    fix="add tests that pytest can find, or name list and run commands in maestro.yaml",
)


class ImpactActivities:
    """Makes the plan."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def select(self, request: SelectRequest) -> TestPlan:
        """The plan, stored whole; what is left out is owed to the night."""
        step = "fetching the head and preparing its environment"

        async with (
            heartbeating(lambda: Progress(detail=step)),
            opened(self._services, request.pull_request) as (
                tree,
                folder,
            ),
        ):
            step = "listing the tests"
            listing = await tree.list_tests(workdir=folder)
            step = "reading imports and selecting"
            return await asyncio.to_thread(self._plan, request, tree, listing)

    def _plan(self, request: SelectRequest, tree: Tree, listing: Listing) -> TestPlan:
        services, pull_request = self._services, request.pull_request
        shas = (pull_request.merge_base_sha, pull_request.head_sha)
        mirror = fetch(pull_request.repository, pull_request.repo, shas, places=services.places)
        changes = changed_files(mirror, pull_request.merge_base_sha, pull_request.head_sha)
        graph = ImportGraph.of(tree.source, gone=[change.gone for change in changes if change.gone])
        # The night runs what it was asked for and leaves nothing out that was not left out before.
        judged: Judged | None = None
        if request.only is None:
            judging = Judging(services, pull_request, mirror, changes, at=activity.info().scheduled_time)
            judged = judging.judged(listing.tests, graph, mode=request.mode)
        listing = self._wanted(request, listing)
        selection = select(
            listing.tests,
            changes,
            graph,
            mode=request.mode,
            known=self._known(pull_request, changes, judged.gathered.judgement if judged else Judgement()),
            collection_errors=listing.errors,
            limits=self._limits(),
        )
        if judged and judged.appetite.mode is SelectionRule.SHADOW and request.mode is SelectionMode.STANDARD:
            selection = in_shadow(selection, limits=self._limits())
        problem = listing.problem or (None if listing.tests or listing.errors else NO_TESTS)
        plan = selection.plan(
            services.artifacts.put_model(selection.body, name="plan.json"),
            round_number=request.round,
            environment_key=tree.environment.key if tree.environment else "",
            isolation=tree.isolation.value,
        ).model_copy(update={"problem": problem, "changed_file_count": len(changes)})
        if listing.problem and not plan.applicable:
            plan = plan.model_copy(update={"reason": "No test runs, because the tests could not be listed."})
        if judged and not problem:
            plan = plan.model_copy(update=self._promised(selection, judged))
            services.ledger.night.leave_out(pull_request, [test.id for test in selection.body.left_out])
        self._record(request, plan, judged.gathered.inputs if judged else {})
        return plan

    def _promised(self, selection: Selection, judged: Judged) -> dict[str, object]:
        """The plan's statement on its risk, and the order to run the rest after the decision where that is high."""
        left_out = [test.id for test in selection.body.left_out]
        promised: dict[str, object] = {
            "risk": judged.statement(left_out=len(left_out), mode=selection.mode),
            "report": judged.gathered.report,
        }
        if left_out and judged.appetite.replay:
            listing = canonical_json(left_out).encode()
            tests = self._services.artifacts.put(listing, media_type="application/json", name="left-out.json")
            promised["replay"] = Replay(reason=judged.appetite.replay, tests=tests)
        return promised

    def _wanted(self, request: SelectRequest, listing: Listing) -> Listing:
        """The listing, without the tests that nobody asked for."""
        if request.only is None:
            return listing
        only = frozenset(json.loads(self._services.artifacts.get(request.only)))
        return listing.model_copy(update={"tests": tuple(test for test in listing.tests if test in only)})

    def _known(self, pull_request: PullRequest, changes: Sequence[Change], judgement: Judgement) -> Known:
        ledger, repo, tenant = self._services.ledger, pull_request.repo, pull_request.tenant
        return Known(
            failed=ledger.history.recent_failures(repo, tenant=tenant),
            escaped=why_again(ledger.escapes.of(repo, tenant=tenant), changes),
            durations=ledger.history.durations(repo, tenant=tenant),
            judgement=judgement,
        )

    def _limits(self) -> ShardLimits:
        run = self._services.topology.run
        return ShardLimits(target_seconds=run.target_shard_seconds, max_shards=run.max_shards)

    def _record(self, request: SelectRequest, plan: TestPlan, known: Mapping[str, str]) -> None:
        pull_request = request.pull_request
        inputs = {"plan": plan.body.digest, "request": digest(request), **known}
        reason = plan.reason
        if plan.risk:
            inputs["risk"] = self._services.artifacts.put_model(plan.risk, name="risk.json").digest
            reason = f"{reason} {in_words(plan.risk)}"
        self._services.ledger.records.append(
            DecisionRecord(
                key=pull_request.key("selection", request.round),
                kind=RecordKind.SELECTION,
                repo=pull_request.repo,
                pr=pull_request.pr,
                head_sha=pull_request.head_sha,
                actor="selection",
                outcome=f"{plan.selected_count} selected, {plan.left_out_count} left out",
                reason=reason,
                inputs=inputs,
                version=self._services.policy.digest,
                at=activity.info().scheduled_time,
            )
        )
