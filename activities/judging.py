"""What a plan rests on beside its tree: the repository's past, the risk that may be taken, and the models."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from activities.services import Services
from maestro.impact.changes import Change
from maestro.impact.gathering import PAST_BUILDS, Asked, Gathered, gather
from maestro.impact.graph.imports import ImportGraph
from maestro.impact.history.builds import History
from maestro.impact.risk.appetite import RiskAppetite, appetite_for
from maestro.impact.risk.facts import red_builds_among
from maestro.impact.risk.tau import HISTORY_DAYS
from maestro.impact.texts import texts_of
from maestro.ledger.all_builds import history_of
from maestro.model.pull_request import PullRequest
from maestro.model.tests import RiskStatement, SelectionMode

CHURN_BUILDS = 200
"""Builds of the past whose failures speak about the files that they changed."""


@dataclass(frozen=True, eq=False)
class Judged:
    """What was gathered for one pull request and the risk that it may take; ``red_builds`` are known of its past."""

    appetite: RiskAppetite
    red_builds: int
    gathered: Gathered = field(default_factory=Gathered)

    def statement(self, *, left_out: int, mode: SelectionMode) -> RiskStatement:
        """The promise of a plan that leaves so many tests out."""
        return self.gathered.judgement.statement(
            self.appetite, left_out=left_out, narrowed=mode is SelectionMode.DIRECT, red_builds=self.red_builds
        )


@dataclass(frozen=True)
class Judging:
    """Judges one pull request at the time ``at``; ``mirror`` has its commits."""

    services: Services
    pull_request: PullRequest
    mirror: Path
    changes: tuple[Change, ...]
    at: datetime

    def judged(self, tests: Sequence[str], graph: ImportGraph, *, mode: SelectionMode) -> Judged:
        """The models are asked in the standard mode only: who narrows or widens a plan has decided in their place."""
        ledger, repo, tenant = self.services.ledger, self.pull_request.repo, self.pull_request.tenant
        history = history_of(ledger, repo, tenant=tenant, last=PAST_BUILDS)
        appetite = self._appetite(history)
        red_builds = sum(bool(build.failed.size) for build in history.builds)
        if mode is not SelectionMode.STANDARD:
            return Judged(appetite, red_builds)
        with texts_of(self.mirror, self.pull_request.head_sha) as new:
            asked = Asked(
                repo=repo,
                tenant=tenant,
                repository=self.mirror,
                base=self.pull_request.merge_base_sha,
                changes=self.changes,
                tests=tuple(dict.fromkeys(tests)),
                new=new,
                graph=graph,
                history=history,
                appetite=appetite,
                durations=ledger.history.durations(repo, tenant=tenant),
                at=self.at,
            )
            run = self.services.topology.run
            gathered = gather(
                asked,
                registry=self.services.registry(),
                library=self.services.library,
                recording_days=run.recording_limit_days,
            )
        return Judged(appetite, red_builds, gathered)

    def _appetite(self, history: History) -> RiskAppetite:
        since = (self.at - timedelta(days=HISTORY_DAYS)).timestamp()
        builds = (build for build in history.builds[-CHURN_BUILDS:] if build.time >= since)
        return appetite_for(
            self.pull_request,
            self.changes,
            mirror=self.mirror,
            policy=self.services.policy,
            red_builds=red_builds_among(builds, self.changes, head=self.pull_request.head_sha),
        )
